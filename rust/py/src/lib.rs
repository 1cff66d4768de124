//! `votive.core._core`: thin, frozen handles over `votive-core` and one table of errors.
//!
//! Every step that computes releases the GIL. A handle's secret never crosses: only messages, public parts and ciphertext
//! do. None of the classes can be pickled or copied; their repr shows public parts.
#![forbid(unsafe_code)]

mod bls;
mod dkg;
mod envelope;
mod errors;
mod keys;
mod pairs;
mod signing;
mod wire;

use pyo3::prelude::*;

/// The extension module.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    votive_core::process::quiet_panics();
    module.add_class::<keys::Vault>()?;
    module.add_class::<keys::SealingKey>()?;
    module.add_class::<keys::KeyShare>()?;
    module.add_class::<envelope::ContentKey>()?;
    module.add_class::<envelope::StreamSealer>()?;
    module.add_class::<envelope::StreamOpener>()?;
    module.add_class::<dkg::DkgParty>()?;
    module.add_class::<pairs::PairTable>()?;
    module.add_class::<pairs::PairSetup>()?;
    module.add_class::<signing::SigningParty>()?;
    module.add("STREAM_CHUNK", votive_core::envelope::CHUNK)?;
    module.add("STREAM_SALT", votive_core::envelope::SALT)?;
    module.add("STREAM_TAG", votive_core::envelope::TAG)?;
    module.add_function(wrap_pyfunction!(bls::bls_combine, module)?)?;
    module.add_function(wrap_pyfunction!(bls::bls_verify, module)?)?;
    module.add_function(wrap_pyfunction!(bls::bls_verify_share, module)?)?;
    module.add_function(wrap_pyfunction!(bls::ibe_check, module)?)?;
    module.add_function(wrap_pyfunction!(bls::ibe_decrypt, module)?)?;
    module.add_function(wrap_pyfunction!(bls::ibe_encrypt, module)?)?;
    module.add_function(wrap_pyfunction!(keys::derive_public_key, module)?)?;
    module.add_function(wrap_pyfunction!(keys::harden_process, module)?)?;
    module.add_function(wrap_pyfunction!(keys::mark_fork, module)?)?;
    module.add_class::<wire::FrameReader>()?;
    module.add_class::<wire::WalletKey>()?;
    module.add_function(wrap_pyfunction!(wire::statement_hash, module)?)?;
    module.add_function(wrap_pyfunction!(wire::recover_wallet, module)?)?;
    module.add_function(wrap_pyfunction!(wire::verify, module)?)?;
    Ok(())
}
