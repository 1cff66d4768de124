//! BLS signatures, and encryption to identities.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMapping};
use votive_core::bls::identity::Identity;
use votive_core::bls::{ibe, signature};
use votive_core::{Error, Result};

use crate::errors::{messages, IntoPython, Messages};

/// Shares given by Python: by seat, or each under the seat that it names.
fn shares(py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<Messages> {
    if given.cast::<PyMapping>().is_ok() {
        return messages(py, given);
    }
    let mut out = Messages::new();
    for share in given.try_iter()? {
        let share: Vec<u8> = share?.cast::<PyBytes>()?.as_bytes().to_vec();
        insert(&mut out, share).or_raise(py)?;
    }
    Ok(out)
}

fn insert(shares: &mut Messages, share: Vec<u8>) -> Result<()> {
    let seat = *share.first().ok_or_else(|| Error::input("a signature share is empty"))?;
    match shares.insert(seat, share.clone()) {
        Some(other) if other != share => Err(Error::input(format!("there are two different shares of seat {seat}: give them by sender"))),
        _ => Ok(()),
    }
}

/// Combine shares and verify the result.
#[pyfunction]
pub fn bls_combine<'py>(
    py: Python<'py>,
    public_key: &[u8],
    threshold: i64,
    shares: &Bound<'py, PyAny>,
    message: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let shares = self::shares(py, shares)?;
    let threshold = u8::try_from(threshold).map_err(|_| Error::input("a threshold is within 1…255")).or_raise(py)?;
    let combined = py.detach(|| signature::combine(public_key, threshold, &shares, message)).or_raise(py)?;
    Ok(PyBytes::new(py, &combined))
}

/// Verify a signature.
#[pyfunction]
pub fn bls_verify(py: Python<'_>, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    py.detach(|| signature::verify(public_key, message, signature))
}

/// Verify a signature share.
#[pyfunction]
pub fn bls_verify_share(py: Python<'_>, verification_share: &[u8], message: &[u8], share: &[u8]) -> bool {
    py.detach(|| signature::verify_share(verification_share, message, share))
}

/// Encrypt to an identity.
#[pyfunction]
pub fn ibe_encrypt<'py>(py: Python<'py>, public_key: &[u8], identity: &[u8], plaintext: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let encrypt = || ibe::encrypt(public_key, Identity::parse(identity)?.bytes(), plaintext);
    Ok(PyBytes::new(py, &py.detach(encrypt).or_raise(py)?))
}

/// Decrypt with the signature over the identity.
#[pyfunction]
pub fn ibe_decrypt<'py>(py: Python<'py>, ciphertext: &[u8], signature: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let plaintext = py.detach(|| ibe::decrypt(ciphertext, signature)).or_raise(py)?;
    Ok(PyBytes::new(py, &plaintext))
}

/// Check that a ciphertext is canonical.
#[pyfunction]
pub fn ibe_check(py: Python<'_>, ciphertext: &[u8]) -> PyResult<()> {
    py.detach(|| ibe::check(ciphertext)).or_raise(py)
}
