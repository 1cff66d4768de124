//! DkgParty.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use votive_core::dkg::{Batch, Party};
use votive_core::hpke::PeerKey;
use votive_core::process::Birthplace;
use votive_core::purpose::Purpose;
use votive_core::{Error, Result};

use crate::errors::{array, messages, seat_list, to_dict, IntoPython};
use crate::keys::{KeyShare, SealingKey};

/// One node's part in one batch of key generation.
#[pyclass(frozen, module = "votive.core")]
pub struct DkgParty {
    party: Mutex<Party>,
    birthplace: Birthplace,
    repr: String,
}

impl DkgParty {
    /// Run one step without the GIL.
    fn step<T: Send>(&self, py: Python<'_>, step: impl FnOnce(&mut Party) -> Result<T> + Send) -> PyResult<T> {
        py.detach(|| {
            self.birthplace.check()?;
            step(&mut self.party.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .or_raise(py)
    }
}

#[pymethods]
impl DkgParty {
    #[new]
    #[pyo3(signature = (*, context, seat, seats, threshold, count, sealing, peer_keys, purpose = "pkp-ecdsa"))]
    #[allow(clippy::too_many_arguments)] // the batch's named facts, keyword-only in Python
    fn new(
        py: Python<'_>,
        context: &[u8],
        seat: i64,
        seats: Vec<i64>,
        threshold: i64,
        count: i64,
        sealing: &SealingKey,
        peer_keys: &Bound<'_, PyAny>,
        purpose: &str,
    ) -> PyResult<Self> {
        let peers = messages(py, peer_keys)?;
        let batch = Batch {
            context: array(py, "context", context)?,
            purpose: Purpose::named(purpose).or_raise(py)?,
            seat: crate::errors::seat(py, seat)?,
            seats: seat_list(py, &seats)?,
            threshold: u8::try_from(threshold).map_err(|_| Error::input("a threshold is at most 255")).or_raise(py)?,
            count: usize::try_from(count).map_err(|_| Error::input("a batch has at least one key")).or_raise(py)?,
            sealing: sealing.here(py)?.clone(),
            peers: peers.iter().map(|(peer, key)| Ok((*peer, PeerKey::decode(key)?))).collect::<Result<_>>().or_raise(py)?,
        };
        let party = Party::new(batch).or_raise(py)?;
        let batch = party.batch();
        let (purpose, n) = (batch.purpose.name(), batch.seats.len());
        let repr = format!("<DkgParty: {purpose}, seat {}, {} of {n}, {} keys>", batch.seat, batch.threshold, batch.count);
        Ok(Self { party: Mutex::new(party), birthplace: Birthplace::here(), repr })
    }

    fn commit<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.step(py, Party::commit)?))
    }

    fn reveal<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.step(py, Party::reveal)?))
    }

    fn deal<'py>(&self, py: Python<'py>, commitments: &Bound<'py, PyAny>, reveals: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let (commitments, reveals) = (messages(py, commitments)?, messages(py, reveals)?);
        to_dict(py, &self.step(py, |party| party.deal(&commitments, &reveals))?)
    }

    fn finish(&self, py: Python<'_>, deals: &Bound<'_, PyAny>) -> PyResult<Vec<KeyShare>> {
        let deals = messages(py, deals)?;
        Ok(self.step(py, |party| party.finish(&deals))?.into_iter().map(KeyShare::new).collect())
    }

    fn __repr__(&self) -> &str {
        &self.repr
    }
}
