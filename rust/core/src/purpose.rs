//! One key, one purpose: fixed at birth, inside every share, asked for before every use.

use crate::error::{Error, Result};

/// The group that a key's public points belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256k1; points are SEC1 compressed.
    Secp256k1,
    /// BLS12-381's G1; points are compressed as in Zcash's protocol specification, 5.4.9.2.
    Bls12381G1,
}

impl Curve {
    /// Length of a compressed point.
    pub fn point_length(self) -> usize {
        match self {
            Self::Secp256k1 => crate::curve::POINT,
            Self::Bls12381G1 => crate::bls::curve::G1,
        }
    }
}

/// What a key is for. The numbers stand in stored shares: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Purpose {
    /// Threshold ECDSA for whoever the token's permissions allow.
    PkpEcdsa = 1,
    /// Its signature over an identity is that identity's decryption key.
    EncryptionBls = 2,
    /// Signs delegations to session keys.
    SessionBls = 3,
    /// One of the ordered keys of which users' and actions' keys are derived ([`crate::derive`]); it never signs.
    RootEcdsa = 4,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::PkpEcdsa, Self::EncryptionBls, Self::SessionBls, Self::RootEcdsa];

    /// Its name, as on chain.
    pub fn name(self) -> &'static str {
        match self {
            Self::PkpEcdsa => "pkp-ecdsa",
            Self::EncryptionBls => "encryption-bls",
            Self::SessionBls => "session-bls",
            Self::RootEcdsa => "root-ecdsa",
        }
    }

    /// The purpose of this name.
    pub fn named(name: &str) -> Result<Self> {
        let unknown = || Error::input(format!("there is no key purpose {name:?}; there are {}", Self::ALL.map(Self::name).join(", ")));
        Self::ALL.into_iter().find(|purpose| purpose.name() == name).ok_or_else(unknown)
    }

    /// The purpose of this number.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| *purpose as u8 == number)
    }

    /// The curve of its keys.
    pub fn curve(self) -> Curve {
        match self {
            Self::PkpEcdsa | Self::RootEcdsa => Curve::Secp256k1,
            Self::EncryptionBls | Self::SessionBls => Curve::Bls12381G1,
        }
    }

    /// Refuse a key that is for something else.
    pub fn require(self, needed: Self) -> Result<()> {
        if self == needed {
            Ok(())
        } else {
            Err(Error::input(format!("a key of purpose {} is never used as {}", self.name(), needed.name())))
        }
    }
}
