//! Vault, SealingKey, KeyShare, and what concerns the process.

use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use votive_core::process::{self, Birthplace};
use votive_core::purpose::Curve;
use votive_core::seal::Kind;
use votive_core::Error;
use votive_core::{bls::signature, curve, derive, hpke, keyfile, seal, share};

use crate::errors::{array, seats, IntoPython};

/// Holds the key-encryption key in Rust; seals values that are kept on disk.
#[pyclass(frozen, module = "votive.core")]
pub struct Vault {
    inner: seal::Vault,
    birthplace: Birthplace,
}

impl Vault {
    fn new(key: keyfile::Key) -> Self {
        Self { inner: seal::Vault::new(key), birthplace: Birthplace::here() }
    }

    fn here(&self, py: Python<'_>) -> PyResult<&seal::Vault> {
        self.birthplace.check().or_raise(py)?;
        Ok(&self.inner)
    }
}

#[pymethods]
impl Vault {
    #[staticmethod]
    fn create_key_file(py: Python<'_>, path: &str) -> PyResult<()> {
        py.detach(|| keyfile::create(Path::new(path))).or_raise(py)
    }

    #[staticmethod]
    fn from_key_file(py: Python<'_>, path: &str) -> PyResult<Self> {
        py.detach(|| keyfile::read(Path::new(path))).or_raise(py).map(Self::new)
    }

    #[staticmethod]
    fn from_passphrase_env(py: Python<'_>, variable: &str, salt: &[u8]) -> PyResult<Self> {
        py.detach(|| keyfile::from_env(variable, salt)).or_raise(py).map(Self::new)
    }

    #[staticmethod]
    fn from_passphrase_prompt(py: Python<'_>, prompt: &str, salt: &[u8]) -> PyResult<Self> {
        py.detach(|| keyfile::from_prompt(prompt, salt)).or_raise(py).map(Self::new)
    }

    fn seal<'py>(&self, py: Python<'py>, ad: &[u8], value: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let sealed = self.here(py)?.seal(Kind::Plain, ad, value).or_raise(py)?;
        Ok(PyBytes::new(py, &sealed))
    }

    fn open<'py>(&self, py: Python<'py>, ad: &[u8], sealed: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let value = self.here(py)?.open(Kind::Plain, ad, sealed).or_raise(py)?;
        Ok(PyBytes::new(py, &value))
    }

    fn __repr__(&self) -> &'static str {
        "<Vault: key-encryption key in Rust>"
    }
}

/// A node's X25519 private key.
#[pyclass(frozen, module = "votive.core")]
pub struct SealingKey {
    inner: hpke::SealingKey,
    birthplace: Birthplace,
}

impl SealingKey {
    fn new(inner: hpke::SealingKey) -> Self {
        Self { inner, birthplace: Birthplace::here() }
    }

    /// The key, in its own process only.
    pub fn here(&self, py: Python<'_>) -> PyResult<&hpke::SealingKey> {
        self.birthplace.check().or_raise(py)?;
        Ok(&self.inner)
    }
}

#[pymethods]
impl SealingKey {
    #[staticmethod]
    fn generate() -> Self {
        Self::new(hpke::SealingKey::generate())
    }

    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.public_key())
    }

    fn sealed<'py>(&self, py: Python<'py>, vault: &Vault, ad: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let sealed = self.here(py)?.sealed(vault.here(py)?, ad).or_raise(py)?;
        Ok(PyBytes::new(py, &sealed))
    }

    #[staticmethod]
    fn unsealed(py: Python<'_>, vault: &Vault, ad: &[u8], sealed: &[u8]) -> PyResult<Self> {
        hpke::SealingKey::unsealed(vault.here(py)?, ad, sealed).or_raise(py).map(Self::new)
    }

    fn __repr__(&self) -> String {
        format!("<SealingKey: public {}…>", hex(&self.inner.public_key()[..4]))
    }
}

/// A share of one key.
#[pyclass(frozen, module = "votive.core")]
pub struct KeyShare {
    inner: share::KeyShare,
    birthplace: Birthplace,
}

impl KeyShare {
    /// Wrap a share made in this process.
    pub fn new(inner: share::KeyShare) -> Self {
        Self { inner, birthplace: Birthplace::here() }
    }

    /// The share, in its own process only.
    pub fn here(&self, py: Python<'_>) -> PyResult<&share::KeyShare> {
        self.birthplace.check().or_raise(py)?;
        Ok(&self.inner)
    }
}

#[pymethods]
impl KeyShare {
    #[getter]
    fn seat(&self) -> u8 {
        self.inner.seat()
    }

    #[getter]
    fn purpose(&self) -> &'static str {
        self.inner.purpose().name()
    }

    #[getter]
    fn threshold(&self) -> u8 {
        self.inner.threshold()
    }

    #[getter]
    fn seats(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let all: Vec<u8> = self.inner.verification_shares().keys().copied().collect();
        Ok(pyo3::types::PyTuple::new(py, seats(&all))?.into_any().unbind())
    }

    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.public_key())
    }

    #[getter]
    fn public_key_uncompressed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        if self.inner.purpose().curve() == Curve::Bls12381G1 {
            return Ok(self.public_key(py));
        }
        let point = self.inner.public_point().or_raise(py)?;
        Ok(PyBytes::new(py, &curve::point_bytes_uncompressed(&point)))
    }

    #[getter]
    fn verification_shares<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        for (seat, point) in self.inner.verification_shares() {
            out.set_item(seat, PyBytes::new(py, point))?;
        }
        Ok(out)
    }

    #[staticmethod]
    fn derived(py: Python<'_>, roots: Vec<Bound<'_, Self>>, derived_key_id: &[u8], public_key: &[u8]) -> PyResult<Self> {
        let roots = roots.iter().map(|root| root.get().here(py)).collect::<PyResult<Vec<_>>>()?;
        let id = array(py, "derived_key_id", derived_key_id)?;
        py.detach(|| share::KeyShare::derived(&roots, &id, public_key)).or_raise(py).map(Self::new)
    }

    fn matches(&self, py: Python<'_>) -> PyResult<bool> {
        let share = self.here(py)?;
        Ok(py.detach(|| share.matches()))
    }

    fn decryption_share<'py>(&self, py: Python<'py>, identity: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let share = self.here(py)?;
        Ok(PyBytes::new(py, &py.detach(|| signature::decryption_share(share, identity)).or_raise(py)?))
    }

    fn session_share<'py>(&self, py: Python<'py>, digest: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let share = self.here(py)?;
        Ok(PyBytes::new(py, &py.detach(|| signature::session_share(share, digest)).or_raise(py)?))
    }

    fn sealed<'py>(&self, py: Python<'py>, vault: &Vault, ad: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let sealed = self.here(py)?.sealed(vault.here(py)?, ad).or_raise(py)?;
        Ok(PyBytes::new(py, &sealed))
    }

    #[staticmethod]
    fn unsealed(py: Python<'_>, vault: &Vault, ad: &[u8], sealed: &[u8]) -> PyResult<Self> {
        let vault = vault.here(py)?;
        py.detach(|| share::KeyShare::unsealed(vault, ad, sealed)).or_raise(py).map(Self::new)
    }

    fn __repr__(&self) -> String {
        let (share, n) = (&self.inner, self.inner.verification_shares().len());
        let purpose = share.purpose().name();
        format!("<KeyShare: {purpose}, seat {}, {} of {n}, key {}…>", share.seat(), share.threshold(), hex(&share.public_key()[..5]))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The public key, uncompressed, that the roots' public keys give for an id.
#[pyfunction]
pub fn derive_public_key<'py>(py: Python<'py>, roots: Vec<Vec<u8>>, derived_key_id: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let id = array(py, "derived_key_id", derived_key_id)?;
    let key = py.detach(|| curve::point(&derive::public_key(&roots, &id)?).map_err(|error| Error::Own(error.to_string()))).or_raise(py)?;
    Ok(PyBytes::new(py, &curve::point_bytes_uncompressed(&key)))
}

/// Switch core dumps off and make the process not dumpable.
#[pyfunction]
pub fn harden_process(py: Python<'_>) -> PyResult<()> {
    process::harden().or_raise(py)
}

/// Note that this process is a fork.
#[pyfunction]
pub fn mark_fork() {
    process::mark_fork();
}
