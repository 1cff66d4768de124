//! Print vectors made by `blsful` alone, nothing of ours: a line each, fields in hexadecimal. See tests/vectors/bls/ORIGIN.md.
#![allow(clippy::print_stdout)] // that is its purpose

use blsful::inner_types::{G1Projective, Scalar};
use blsful::{Bls12381G2, Bls12381G2Impl, BlsSignaturePop, PublicKey, SignatureSchemes};

fn hex(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if text.is_empty() {
        "-".into()
    } else {
        text
    }
}

fn line(kind: &str, fields: &[&[u8]]) {
    let fields: Vec<String> = fields.iter().map(|field| hex(field)).collect();
    println!("{kind} {}", fields.join(" "));
}

fn sign(secret: &Scalar, message: &[u8]) -> [u8; 96] {
    <Bls12381G2Impl as BlsSignaturePop>::sign(secret, message).expect("a signature").to_compressed()
}

fn main() {
    let draw = || Bls12381G2::new_secret_key().0;
    let secret = draw();
    let point = G1Projective::GENERATOR * secret;
    let key = point.to_compressed();
    for (number, size) in [0_usize, 9, 31, 300].into_iter().enumerate() {
        let plaintext: Vec<u8> = (0..size).map(|at| (at * 7 + number) as u8).collect();
        // Any identity of the right form: the hash of the plaintext is not checked by the encryption.
        let identity = format!("lit-accesscontrolcondition://{number:064x}/{size:064x}");
        let public = PublicKey::<Bls12381G2Impl>(point);
        let made = public.encrypt_time_lock(SignatureSchemes::ProofOfPossession, &plaintext, &identity).expect("a ciphertext");
        let ciphertext = Vec::<u8>::try_from(&made).expect("writes");
        line("ciphertext", &[&key, identity.as_bytes(), &sign(&secret, identity.as_bytes()), &plaintext, &ciphertext]);
    }
    let (slope, curvature) = (draw(), draw());
    let share = |seat: u8| {
        let x = Scalar::from(u64::from(seat));
        [&[seat][..], &sign(&(secret + slope * x + curvature * x * x), b"shared")].concat()
    };
    let shares = [3, 37, 200, 255].map(share);
    line("shares", &[&key, b"shared", &sign(&secret, b"shared"), &shares[0], &shares[1], &shares[2], &shares[3]]);
}
