//! ContentKey, and the streams that it seals and opens.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use votive_core::envelope;
use votive_core::process::Birthplace;
use votive_core::{Error, Result};

use crate::errors::IntoPython;

/// The key of one file, encrypted to an identity.
#[pyclass(frozen, module = "votive.core")]
pub struct ContentKey {
    inner: envelope::ContentKey,
    birthplace: Birthplace,
}

impl ContentKey {
    fn new(inner: envelope::ContentKey) -> Self {
        Self { inner, birthplace: Birthplace::here() }
    }

    fn here(&self, py: Python<'_>) -> PyResult<&envelope::ContentKey> {
        self.birthplace.check().or_raise(py)?;
        Ok(&self.inner)
    }
}

#[pymethods]
impl ContentKey {
    #[staticmethod]
    fn generate() -> Self {
        Self::new(envelope::ContentKey::generate())
    }

    #[staticmethod]
    fn unwrap(py: Python<'_>, ciphertext: &[u8], signature: &[u8]) -> PyResult<Self> {
        py.detach(|| envelope::ContentKey::unwrap(ciphertext, signature)).or_raise(py).map(Self::new)
    }

    #[getter]
    fn data_hash<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.here(py)?.data_hash()))
    }

    fn wrap<'py>(&self, py: Python<'py>, public_key: &[u8], identity: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let key = self.here(py)?;
        Ok(PyBytes::new(py, &py.detach(|| key.wrap(public_key, identity)).or_raise(py)?))
    }

    fn sealer(&self, py: Python<'_>, header: &[u8]) -> PyResult<StreamSealer> {
        Ok(StreamSealer(Step::new(self.here(py)?.sealer(header).or_raise(py)?)))
    }

    fn opener(&self, py: Python<'_>, header: &[u8]) -> PyResult<StreamOpener> {
        Ok(StreamOpener(Step::new(self.here(py)?.opener(header))))
    }

    fn __repr__(&self) -> &'static str {
        "<ContentKey: key in Rust>"
    }
}

/// A stream between two chunks; taken out while it computes, gone after its last chunk or a failure.
struct Step<T> {
    state: Mutex<Option<T>>,
    birthplace: Birthplace,
}

impl<T: Send> Step<T> {
    fn new(state: T) -> Self {
        Self { state: Mutex::new(Some(state)), birthplace: Birthplace::here() }
    }

    /// Run one step without the GIL.
    fn run<O: AsRef<[u8]> + Send>(&self, py: Python<'_>, step: impl FnOnce(T) -> Result<(O, Option<T>)> + Send) -> PyResult<Py<PyBytes>> {
        let out = py.detach(|| {
            self.birthplace.check()?;
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let before = state.take().ok_or_else(|| Error::Spent("this stream is over: it has seen its last chunk, or failed".into()))?;
            let (out, after) = step(before)?;
            *state = after;
            Ok(out)
        });
        Ok(PyBytes::new(py, out.or_raise(py)?.as_ref()).unbind())
    }
}

/// Seals a stream, chunk by chunk.
#[pyclass(frozen, module = "votive.core")]
pub struct StreamSealer(Step<envelope::Sealer>);

#[pymethods]
impl StreamSealer {
    fn update(&self, py: Python<'_>, chunk: &[u8], last: bool) -> PyResult<Py<PyBytes>> {
        self.0.run(py, |sealer| sealer.update(chunk, last))
    }

    fn __repr__(&self) -> &'static str {
        "<StreamSealer: key in Rust>"
    }
}

/// Opens a stream, chunk by chunk.
#[pyclass(frozen, module = "votive.core")]
pub struct StreamOpener(Step<envelope::Opener>);

#[pymethods]
impl StreamOpener {
    fn update(&self, py: Python<'_>, chunk: &[u8], last: bool) -> PyResult<Py<PyBytes>> {
        self.0.run(py, |opener| opener.update(chunk, last))
    }

    fn __repr__(&self) -> &'static str {
        "<StreamOpener: key in Rust>"
    }
}
