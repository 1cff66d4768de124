//! The bytes of frames: prefix, route, payload. Every integer is big-endian.

use std::ops::Range;

/// Version of the layout.
pub const VERSION: u8 = 1;
/// Length of the rest (4), version (1), kind (1).
pub const PREFIX: usize = 6;
/// Session (32), attempt (4), receiver (1), wallet signature (65).
pub const ROUTE: usize = 102;

/// What lengths a kind of frame may have after its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// At least so many bytes: a route, or none for what two ends of a link say to each other.
    pub least: u32,
    /// At most so many.
    pub greatest: u32,
}

/// Limits by kind; none where there is no such kind.
pub type Table = [Option<Limits>; 256];

/// Where a whole frame lies within a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Its kind, one of the table's.
    pub kind: u8,
    /// What follows its prefix; the length is within the kind's limits.
    pub body: Range<usize>,
}

/// Find the frame that begins at `at`; none where `byte` ends before it is whole, or where its prefix is not one that may come.
///
/// `byte` gives the window's bytes, `filled` how many there are.
pub fn cut(byte: impl Fn(usize) -> u8, filled: usize, at: usize, table: &Table) -> Option<Cut> {
    let start = at.checked_add(PREFIX).filter(|start| *start <= filled)?;
    let length = u32::from_be_bytes([byte(at), byte(at + 1), byte(at + 2), byte(at + 3)]);
    let kind = byte(at + 5);
    let limits = table[usize::from(kind)].filter(|_| byte(at + 4) == VERSION)?;
    if !(limits.least..=limits.greatest).contains(&length) {
        return None;
    }
    let end = start.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= filled)?;
    Some(Cut { kind, body: start..end })
}

/// Where the parts of a protocol frame lie within its body.
pub mod route {
    use std::ops::Range;

    /// The session's id.
    pub const SESSION: Range<usize> = 0..32;
    /// The attempt.
    pub const ATTEMPT: Range<usize> = 32..36;
    /// The receiver's seat, or 0 for all.
    pub const RECEIVER: usize = 36;
    /// r ‖ s ‖ v.
    pub const SIGNATURE: Range<usize> = 37..super::ROUTE;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table() -> Table {
        let mut table = [None; 256];
        table[3] = Some(Limits { least: 0, greatest: 64 });
        table[48] = Some(Limits { least: 102, greatest: 1126 });
        table
    }

    fn found(window: &[u8], at: usize) -> Option<Cut> {
        cut(|index| window[index], window.len(), at, &table())
    }

    #[test]
    fn a_whole_frame_is_found_and_one_byte_less_is_waited_for() {
        let mut window = vec![0, 0, 0, 102, VERSION, 48];
        window.extend([7; 102]);
        assert_eq!(found(&window, 0), Some(Cut { kind: 48, body: 6..108 }));
        window.pop();
        assert_eq!(found(&window, 0), None);
    }

    #[test]
    fn what_may_not_come_is_not_cut() {
        assert_eq!(found(&[0, 0, 0, 0, VERSION, 3], 0), Some(Cut { kind: 3, body: 6..6 }));
        assert_eq!(found(&[0, 0, 0, 0, VERSION + 1, 3], 0), None);
        assert_eq!(found(&[0, 0, 0, 0, VERSION, 4], 0), None);
        assert_eq!(found(&[[0, 0, 0, 65, VERSION, 3].as_slice(), &[0; 65]].concat(), 0), None);
        assert_eq!(found(&[[0, 0, 0, 101, VERSION, 48].as_slice(), &[0; 101]].concat(), 0), None);
        assert_eq!(found(&[255; 64], 0), None);
    }

    proptest! {
        #[test]
        fn no_window_breaks_the_reader(window in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..300) {
            if let Some(cut) = found(&window, at) {
                prop_assert!(cut.body.end <= window.len());
            }
        }
    }
}
