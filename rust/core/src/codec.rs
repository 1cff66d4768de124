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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point_of(bytes: &[u8]) -> Result<AffinePoint, Malformed> {
        Reader::exact(bytes, curve::POINT)?.point()
    }

    fn scalar_of(bytes: &[u8]) -> Result<Scalar, Malformed> {
        Reader::exact(bytes, curve::SCALAR)?.scalar()
    }

    /// q, big-endian (SEC 2, 2.4.1).
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
        0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ];

    #[test]
    fn a_scalar_is_below_the_order() {
        let mut above = ORDER;
        above[31] += 1;
        let mut below = ORDER;
        below[31] -= 1;
        assert!(scalar_of(&ORDER).is_err() && scalar_of(&above).is_err() && scalar_of(&[0xff; 32]).is_err());
        assert!(scalar_of(&below).is_ok() && scalar_of(&[0; 32]).is_ok());
    }

    #[test]
    fn a_point_has_one_encoding() {
        let good = curve::point_bytes(&AffinePoint::GENERATOR);
        let with = |at: usize, value: u8| {
            let mut bytes = good;
            bytes[at] = value;
            bytes
        };
        assert!(point_of(&good).is_ok());
        for tag in (0..=255).filter(|tag| !matches!(tag, 2 | 3)) {
            assert!(point_of(&with(0, tag)).is_err(), "tag {tag}");
        }
        assert!(point_of(&[0; 33]).is_err(), "the identity");
        // x = p, p + 1, 2^256 − 1: not reduced; x = 5 is not on the curve.
        let mut field = [0xff; 33];
        field[0] = 2;
        assert!(point_of(&field).is_err());
        field[28..].copy_from_slice(&[0xfe, 0xff, 0xff, 0xfc, 0x2f]);
        assert!(point_of(&field).is_err());
        let mut five = [0; 33];
        (five[0], five[32]) = (2, 5);
        assert!(point_of(&five).is_err());
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(mut bytes in proptest::collection::vec(any::<u8>(), 33)) {
            bytes[0] = 2 + (bytes[0] & 3);
            if let Ok(point) = point_of(&bytes) {
                prop_assert_eq!(&curve::point_bytes(&point)[..], &bytes[..]);
            }
            if let Ok(scalar) = scalar_of(&bytes[1..]) {
                prop_assert_eq!(&curve::scalar_bytes(&scalar)[..], &bytes[1..]);
            }
        }

        #[test]
        fn no_length_but_one_is_read(length in 0usize..200) {
            let message = vec![1; length];
            prop_assert_eq!(Reader::exact(&message, 100).is_ok(), length == 100);
        }
    }
}
