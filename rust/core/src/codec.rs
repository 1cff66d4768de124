//! Reading and writing fixed layouts. Every message has exactly one length for its session, checked before anything else.

use k256::{AffinePoint, Scalar};

use crate::curve;

/// A message that is not the canonical encoding of anything; says which field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// Takes fields off the front of a message.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Start reading a message that must be `length` bytes long.
    pub fn exact(message: &'a [u8], length: usize) -> Result<Self, Malformed> {
        if message.len() == length {
            Ok(Self(message))
        } else {
            Err(Malformed("the message has the wrong length"))
        }
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(Malformed("the message ends early"))?;
        self.0 = tail;
        Ok(head)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed("the message ends early"))
    }

    /// A canonical scalar below q, 32 bytes.
    pub fn scalar(&mut self) -> Result<Scalar, Malformed> {
        curve::scalar(&self.array()?)
    }

    /// `count` canonical scalars.
    pub fn scalars(&mut self, count: usize) -> Result<Vec<Scalar>, Malformed> {
        (0..count).map(|_| self.scalar()).collect()
    }

    /// A canonical compressed point that is not the identity, 33 bytes.
    pub fn point(&mut self) -> Result<AffinePoint, Malformed> {
        curve::point(&self.array()?)
    }

    /// Refuse anything that is left.
    pub fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Malformed("the message goes on after its last field"))
        }
    }
}

/// Appends fields to a message.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Start a message that will be `length` bytes long.
    pub fn with_capacity(length: usize) -> Self {
        Self(Vec::with_capacity(length))
    }

    /// Append bytes as they are.
    pub fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Append a scalar.
    pub fn scalar(&mut self, value: &Scalar) -> &mut Self {
        self.put(&curve::scalar_bytes(value))
    }

    /// Append a point, compressed.
    pub fn point(&mut self, value: &AffinePoint) -> &mut Self {
        self.put(&curve::point_bytes(value))
    }

    /// The message.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}
