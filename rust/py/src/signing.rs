//! SigningParty.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use votive_core::ecdsa::dkls::Dkls23;
use votive_core::ecdsa::sign::{AttemptId, SigningParty as Party};
use votive_core::process::Birthplace;
use votive_core::Result;

use crate::errors::{array, messages, seat_list, to_dict, IntoPython};
use crate::keys::KeyShare;
use crate::pairs::PairTable;

/// One node's part in one attempt at one signature.
#[pyclass(frozen, module = "votive.core")]
pub struct SigningParty {
    inner: Mutex<Party<Dkls23>>,
    birthplace: Birthplace,
    repr: String,
}

impl SigningParty {
    /// Run one step without the GIL.
    fn step<T: Send>(&self, py: Python<'_>, step: impl FnOnce(&mut Party<Dkls23>) -> Result<T> + Send) -> PyResult<T> {
        py.detach(|| {
            self.birthplace.check()?;
            step(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .or_raise(py)
    }
}

#[pymethods]
impl SigningParty {
    #[new]
    #[pyo3(signature = (*, table, share, signers, session, sign_id, digest))]
    #[allow(clippy::too_many_arguments)] // keyword-only in Python
    fn new(
        py: Python<'_>,
        table: &PairTable,
        share: &KeyShare,
        signers: Vec<i64>,
        session: &[u8],
        sign_id: &[u8],
        digest: &[u8],
    ) -> PyResult<Self> {
        let id = AttemptId {
            session: array(py, "session", session)?,
            sign_id: array(py, "sign_id", sign_id)?,
            digest: array(py, "digest", digest)?,
        };
        let signers = seat_list(py, &signers)?;
        let table = table.here(py)?;
        let repr = format!("<SigningParty: seat {} of {signers:?}>", table.seat());
        let party = Party::new(Arc::clone(table), share.here(py)?.clone(), &signers, id).or_raise(py)?;
        Ok(Self { inner: Mutex::new(party), birthplace: Birthplace::here(), repr })
    }

    fn round1<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        to_dict(py, &self.step(py, Party::round1)?)
    }

    fn round2<'py>(&self, py: Python<'py>, received: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let received = messages(py, received)?;
        to_dict(py, &self.step(py, |party| party.round2(&received))?)
    }

    fn round3<'py>(&self, py: Python<'py>, received: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let received = messages(py, received)?;
        Ok(PyBytes::new(py, &self.step(py, |party| party.round3(&received))?))
    }

    fn finish<'py>(&self, py: Python<'py>, received: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, u8)> {
        let received = messages(py, received)?;
        let (r, s, recovery_id) = self.step(py, |party| party.finish(&received))?;
        Ok((PyBytes::new(py, &r), PyBytes::new(py, &s), recovery_id))
    }

    fn __repr__(&self) -> &str {
        &self.repr
    }
}
