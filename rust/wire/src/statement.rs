//! What a sender's wallet signs, and how it is kept as evidence: deterministic MessagePack, hashed under a domain tag.

use sha2::{Digest, Sha256};

const FRAME_TAG: &str = "votive/frame/v1";
const EVIDENCE_TAG: &str = "votive/evidence/v1";

/// Where one message belongs.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// The session's id.
    pub session: &'a [u8],
    /// The kind's number on the wire.
    pub kind: u8,
    /// The attempt.
    pub attempt: u32,
    /// The sender's seat.
    pub sender: u8,
    /// The receiver's seat, or 0 for all.
    pub receiver: u8,
}

impl Statement<'_> {
    /// The hash that the sender's wallet signs: SHA-256 of the domain twice and the encoding, as in BIP-340.
    ///
    /// `network` and the session have fewer than 65,536 bytes.
    pub fn hash(&self, network: &[u8], payload: &[u8]) -> [u8; 32] {
        let domain = Sha256::digest(FRAME_TAG);
        let mut written = Vec::with_capacity(160);
        array(&mut written, 8);
        text(&mut written, FRAME_TAG);
        binary(&mut written, network);
        binary(&mut written, self.session);
        for number in [u32::from(self.kind), self.attempt, u32::from(self.sender), u32::from(self.receiver)] {
            unsigned(&mut written, number);
        }
        binary(&mut written, &Sha256::digest(payload));
        Sha256::new().chain_update(domain).chain_update(domain).chain_update(written).finalize().into()
    }

    /// The place and the signature, as an envelope keeps them.
    pub fn evidence(&self, signature: &[u8]) -> Vec<u8> {
        let mut written = Vec::with_capacity(160);
        array(&mut written, 3);
        text(&mut written, EVIDENCE_TAG);
        array(&mut written, 5);
        binary(&mut written, self.session);
        for number in [u32::from(self.kind), self.attempt, u32::from(self.sender), u32::from(self.receiver)] {
            unsigned(&mut written, number);
        }
        binary(&mut written, signature);
        written
    }
}

/// The header of an array of at most 15 items.
fn array(out: &mut Vec<u8>, items: u8) {
    out.push(0x90 | items);
}

/// A text of at most 31 bytes.
fn text(out: &mut Vec<u8>, text: &str) {
    out.push(0xa0 | text.len() as u8);
    out.extend_from_slice(text.as_bytes());
}

fn binary(out: &mut Vec<u8>, data: &[u8]) {
    match u8::try_from(data.len()) {
        Ok(length) => out.extend_from_slice(&[0xc4, length]),
        Err(_) => {
            out.push(0xc5);
            out.extend_from_slice(&(data.len() as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(data);
}

fn unsigned(out: &mut Vec<u8>, number: u32) {
    match number {
        0..=0x7f => out.push(number as u8),
        0x80..=0xff => out.extend_from_slice(&[0xcc, number as u8]),
        0x100..=0xffff => {
            out.push(0xcd);
            out.extend_from_slice(&(number as u16).to_be_bytes());
        }
        _ => {
            out.push(0xce);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of tests/net/test_evidence.py.
    #[test]
    fn statement_and_evidence_are_those_that_were_fixed() {
        let place = Statement { session: &[0x11; 32], kind: 52, attempt: 2, sender: 3, receiver: 37 };
        let hash: String = place.hash(&[0x22; 32], b"payload").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, "10e7a567b8ad635f58b2ba20a63a66f81a89660cfa7ef65e383cab7f82bada49");
        let evidence = place.evidence(&[0x33; 65]);
        assert_eq!(evidence.len(), 126);
        assert_eq!(evidence[..5], [0x93, 0xb2, 0x76, 0x6f, 0x74]);
        assert_eq!(evidence[evidence.len() - 67..][..3], [0xc4, 0x41, 0x33]);
    }
}
