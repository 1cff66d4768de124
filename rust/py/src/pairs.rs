//! PairTable and PairSetup.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use votive_core::ecdsa::dkls::Dkls23;
use votive_core::ecdsa::setup::{self, Peer};
use votive_core::ecdsa::table::Table;
use votive_core::hpke::PeerKey;
use votive_core::process::Birthplace;
use votive_core::Result;

use crate::errors::{array, seat, seats, IntoPython};
use crate::keys::SealingKey;

/// All live pair set-ups of this process.
#[pyclass(frozen, module = "votive.core")]
pub struct PairTable {
    inner: Arc<Table<Dkls23>>,
}

impl PairTable {
    /// The table, in its own process only. Checked before any lock: a fork may have copied one that is held.
    pub fn here(&self, py: Python<'_>) -> PyResult<&Arc<Table<Dkls23>>> {
        self.inner.check_process().or_raise(py)?;
        Ok(&self.inner)
    }
}

#[pymethods]
impl PairTable {
    #[new]
    #[pyo3(signature = (*, network, epoch, seat, sealing))]
    fn new(py: Python<'_>, network: &[u8], epoch: u64, seat: i64, sealing: &SealingKey) -> PyResult<Self> {
        let (network, seat) = (array(py, "network", network)?, crate::errors::seat(py, seat)?);
        let table = Table::new(network, epoch, seat, sealing.here(py)?.clone()).or_raise(py)?;
        Ok(Self { inner: Arc::new(table) })
    }

    #[getter]
    fn boot_nonce<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.boot_nonce())
    }

    #[pyo3(signature = (*, peer, peer_boot_nonce, peer_key, counter))]
    fn begin(&self, py: Python<'_>, peer: i64, peer_boot_nonce: &[u8], peer_key: &[u8], counter: u64) -> PyResult<PairSetup> {
        let peer = Peer {
            seat: seat(py, peer)?,
            boot_nonce: array(py, "a boot nonce", peer_boot_nonce)?,
            key: PeerKey::decode(peer_key).or_raise(py)?,
        };
        let setup = setup::PairSetup::new(Arc::clone(self.here(py)?), peer, counter).or_raise(py)?;
        Ok(PairSetup {
            session: *setup.session(),
            peer: setup.peer(),
            me: self.inner.seat(),
            birthplace: Birthplace::here(),
            inner: Mutex::new(setup),
        })
    }

    fn live(&self, py: Python<'_>) -> PyResult<Vec<u32>> {
        Ok(seats(&self.here(py)?.live()))
    }

    fn generation(&self, py: Python<'_>, peer: i64) -> PyResult<Option<u64>> {
        Ok(self.here(py)?.generation(seat(py, peer)?))
    }

    fn forget(&self, py: Python<'_>, peer: i64) -> PyResult<()> {
        let (peer, table) = (seat(py, peer)?, self.here(py)?);
        py.detach(|| table.forget(peer));
        Ok(())
    }

    fn __repr__(&self) -> String {
        format!("<PairTable: seat {}, epoch {}>", self.inner.seat(), self.inner.epoch())
    }
}

/// One side of a pair set-up.
#[pyclass(frozen, module = "votive.core")]
pub struct PairSetup {
    session: [u8; 32],
    peer: u8,
    me: u8,
    birthplace: Birthplace,
    inner: Mutex<setup::PairSetup<Dkls23>>,
}

impl PairSetup {
    /// Run one step without the GIL.
    fn step<T: Send>(&self, py: Python<'_>, step: impl FnOnce(&mut setup::PairSetup<Dkls23>) -> Result<T> + Send) -> PyResult<T> {
        py.detach(|| {
            self.birthplace.check()?;
            step(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .or_raise(py)
    }
}

#[pymethods]
impl PairSetup {
    #[getter]
    fn session<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.session)
    }

    #[getter]
    fn peer(&self) -> u8 {
        self.peer
    }

    fn commit<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.step(py, |setup| setup.commit())?))
    }

    fn transfer<'py>(&self, py: Python<'py>, commit: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.step(py, |setup| setup.transfer(commit))?))
    }

    fn confirm<'py>(&self, py: Python<'py>, transfer: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.step(py, |setup| setup.confirm(transfer))?))
    }

    fn finish(&self, py: Python<'_>, confirm: &[u8]) -> PyResult<()> {
        self.step(py, |setup| setup.finish(confirm)).map(|_generation| ())
    }

    fn __repr__(&self) -> String {
        format!("<PairSetup: seats {} and {}>", self.me, self.peer)
    }
}
