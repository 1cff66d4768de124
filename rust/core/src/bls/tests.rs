//! Laws of BLS signatures and of encryption.
