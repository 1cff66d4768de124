//! The core's errors: who is at fault decides the variant.

use crate::Seat;

/// What can go wrong. Messages hold public facts only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A peer broke the protocol; empty `culprits`: nobody can be named.
    #[error("{message}")]
    PeerFault {
        /// Seats for which there is evidence.
        culprits: Vec<Seat>,
        /// What is wrong.
        message: String,
    },
    /// A consistency check on a pair's correlation failed; that pair's set-up is already destroyed.
    #[error("{message}")]
    CheckFailed {
        /// Whose message failed the check.
        culprits: Vec<Seat>,
        /// Which check.
        message: String,
    },
    /// Shares of a BLS signature do not combine to one; `culprits` sent malformed ones, empty: nobody can be named yet.
    #[error("{message}")]
    Combination {
        /// Seats whose share is malformed.
        culprits: Vec<Seat>,
        /// What is wrong.
        message: String,
    },
    /// A ciphertext is not the one encoding of anything, or does not open under this signature: one error for all.
    #[error("the ciphertext is refused: it is damaged, not in canonical form, or not encrypted to this identity under this key")]
    Ciphertext,
    /// There is no live set-up with these seats.
    #[error("no live pair set-up with seats {seats:?}: a new set-up is needed before signing with them")]
    SetupGone {
        /// The peers concerned, ascending.
        seats: Vec<Seat>,
    },
    /// A sealed value does not open.
    #[error("{0}")]
    Seal(String),
    /// The key-encryption key is missing or unusable.
    #[error("{0}")]
    KeyFile(String),
    /// A one-time object was used twice or out of order.
    #[error("{0}")]
    Spent(String),
    /// Our own caller passed something that cannot be.
    #[error("{0}")]
    InvalidInput(String),
    /// The handle was made in another process.
    #[error("this object was made before a fork and works only in the process that made it: load the secrets again here")]
    Forked,
    /// A defect of ours, or the operating system refuses.
    #[error("{0}")]
    Own(String),
}

/// Result with the core's error.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A fault for which `seat` is to blame.
    pub fn fault_of(seat: Seat, message: impl Into<String>) -> Self {
        Self::PeerFault { culprits: vec![seat], message: message.into() }
    }

    /// A fault for which nobody can be named.
    pub fn nobody(message: impl Into<String>) -> Self {
        Self::PeerFault { culprits: Vec::new(), message: message.into() }
    }

    /// An error of our own caller.
    pub fn input(message: impl Into<String>) -> Self {
        Self::InvalidInput(message.into())
    }
}
