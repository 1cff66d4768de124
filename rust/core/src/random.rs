//! Randomness comes from the operating system at each draw, so no state of ours can be copied by a fork or a clone.

use zeroize::Zeroizing;

/// The operating system's generator, for every version of `rand_core` that our libraries ask for.
///
/// Panics if the system gives no randomness: nothing sensible can go on without it, and the callers' guards turn
/// the panic into an error.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl System {
    fn fill(out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system gives no randomness");
    }
}

/// Draw `N` public random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    System::fill(&mut out);
    out
}

/// Draw `N` secret random bytes, wiped on drop; on the heap, so that a move leaves no copy.
pub fn secret<const N: usize>() -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![0; N]);
    System::fill(&mut out[..]);
    out
}

/// Reseed this thread's generator of `rand` from the operating system.
///
/// `dkls23-core` draws from `rand::rng()`, which is user-space state: a fork, or a clone of the machine that no fork
/// hook sees, would repeat nonces. So this runs before every engine phase and set-up step, on the same thread.
pub fn reseed_thread() {
    rand::rng().reseed().expect("the operating system gives no randomness");
}

impl rand_core_06::RngCore for System {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(bytes())
    }
    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(bytes())
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        Self::fill(dest);
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> std::result::Result<(), rand_core_06::Error> {
        Self::fill(dest);
        Ok(())
    }
}

impl rand_core_06::CryptoRng for System {}

impl rand_core_09::RngCore for System {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(bytes())
    }
    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(bytes())
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        Self::fill(dest);
    }
}

impl rand_core_09::CryptoRng for System {}
