//! One process, one life: handles do not survive a fork, and the process leaves no dump.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};

static FORKS: AtomicU64 = AtomicU64::new(0);

/// Note in a child that it is a fork. The process id alone would do until the system reuses one.
pub fn mark_fork() {
    FORKS.fetch_add(1, Ordering::SeqCst);
}

/// Remembers the process that made a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birthplace {
    process: u32,
    forks: u64,
}

impl Birthplace {
    /// This process, now.
    pub fn here() -> Self {
        Self { process: std::process::id(), forks: FORKS.load(Ordering::SeqCst) }
    }

    /// Refuse in any other process.
    pub fn check(self) -> Result<()> {
        if self == Self::here() {
            Ok(())
        } else {
            Err(Error::Forked)
        }
    }
}

/// Switch core dumps off and make the process not dumpable (which also hides /proc/self/mem from its own user).
pub fn harden() -> Result<()> {
    use rustix::process::{setrlimit, Resource, Rlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|error| Error::Own(format!("cannot switch core dumps off: {error}")))?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|error| Error::Own(format!("cannot make the process undumpable: {error}")))?;
    Ok(())
}

/// Run foreign code that may panic; a panic becomes `None`, its payload (which could quote data) is dropped.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    wiped(|| catch_unwind(AssertUnwindSafe(work)).ok())
}

/// Run code that handles secrets, then overwrite the stack that it used: scalars are copied from frame to frame, and
/// hashes and ciphers keep their keys in their state.
pub fn wiped<T>(work: impl FnOnce() -> T) -> T {
    let done = below(work);
    wipe_stack();
    done
}

/// Its frames lie below the caller's, where [`wipe_stack`] writes.
#[inline(never)]
fn below<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Bytes of stack that are overwritten: more than the engine's deepest call uses, and 3 µs to write.
const WIPED: usize = 96 * 1024;

#[inline(never)]
fn wipe_stack() {
    std::hint::black_box(&mut [0_u8; WIPED]);
}

/// Make panics print their place only: a payload could quote secret data.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, ToString::to_string);
        #[allow(clippy::print_stderr)] // the only voice a panic has; the place is public
        {
            eprintln!("votive core: internal panic at {place}, caught");
        }
    }));
}
