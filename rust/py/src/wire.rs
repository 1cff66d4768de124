//! Frames, statements, wallets and signatures of `votive-wire`: nothing here touches a handle of the core.

use pyo3::buffer::{PyBuffer, ReadOnlyCell};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple, PyType};
use votive_wire::ecdsa;
use votive_wire::frame::{cut, route, Cut, Limits, Table, ROUTE};
use votive_wire::statement::Statement;
use votive_wire::wallet;

/// Payloads above this are hashed without the GIL.
const INLINE: usize = 64 * 1024;

/// Reads the frames of one sender.
#[pyclass(frozen, module = "votive.core")]
pub struct FrameReader {
    table: Table,
    kinds: Vec<Option<Py<PyAny>>>,
    sender: u8,
    seat: Py<PyAny>,
    envelope: Py<PyType>,
}

#[pymethods]
impl FrameReader {
    #[new]
    #[pyo3(signature = (*, kinds, sender, envelope))]
    fn new(kinds: Vec<(Py<PyAny>, u8, u32, u32)>, sender: Bound<'_, PyAny>, envelope: Py<PyType>) -> PyResult<Self> {
        let mut table: Table = [None; 256];
        let mut known: Vec<Option<Py<PyAny>>> = std::iter::repeat_with(|| None).take(table.len()).collect();
        for (kind, number, least, greatest) in kinds {
            if least != 0 && (least as usize) < ROUTE {
                return Err(PyValueError::new_err("a frame has a whole route or none"));
            }
            table[usize::from(number)] = Some(Limits { least, greatest });
            known[usize::from(number)] = Some(kind);
        }
        Ok(Self { table, kinds: known, sender: sender.extract()?, seat: sender.unbind(), envelope })
    }

    /// Cut what is whole in the first `filled` bytes of `window`.
    fn cut<'py>(&self, py: Python<'py>, window: &Bound<'py, PyAny>, filled: usize) -> PyResult<(Bound<'py, PyList>, usize)> {
        let buffer = PyBuffer::<u8>::get(window)?;
        let bytes = buffer.as_slice(py).ok_or_else(|| PyValueError::new_err("the window is not one piece"))?;
        let filled = filled.min(bytes.len());
        let frames = PyList::empty(py);
        let mut at = 0;
        while let Some(Cut { kind, body }) = cut(|index| bytes[index].get(), filled, at, &self.table) {
            at = body.end;
            frames.append(self.frame(py, kind, &bytes[body])?)?;
        }
        Ok((frames, at))
    }

    /// Read the body of one frame; its length is within its kind's limits.
    fn read<'py>(&self, py: Python<'py>, kind: u8, body: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
        let buffer = PyBuffer::<u8>::get(body)?;
        let bytes = buffer.as_slice(py).ok_or_else(|| PyValueError::new_err("the body is not one piece"))?;
        let limits = self.table[usize::from(kind)].ok_or_else(|| PyValueError::new_err("there is no such kind"))?;
        if bytes.len() < limits.least as usize {
            return Err(PyValueError::new_err("the body is shorter than its route"));
        }
        self.frame(py, kind, bytes)
    }
}

impl FrameReader {
    /// (kind, session, receiver, signature, envelope), or (kind, b"", 0, b"", body) for what belongs to no session.
    fn frame<'py>(&self, py: Python<'py>, number: u8, body: &[ReadOnlyCell<u8>]) -> PyResult<Bound<'py, PyTuple>> {
        let kind = self.kinds[usize::from(number)].as_ref().ok_or_else(|| PyValueError::new_err("there is no such kind"))?.bind(py);
        if self.table[usize::from(number)].is_some_and(|limits| limits.least == 0) {
            let nothing = PyBytes::new(py, b"");
            return (kind, &nothing, 0, &nothing, copied(py, body)?).into_pyobject(py);
        }
        let (session, signature) = (taken::<32>(&body[route::SESSION]), taken::<65>(&body[route::SIGNATURE]));
        let attempt = u32::from_be_bytes(taken(&body[route::ATTEMPT]));
        let place = Statement { session: &session, kind: number, attempt, sender: self.sender, receiver: body[route::RECEIVER].get() };
        let fields = PyDict::new(py);
        fields.set_item(intern!(py, "sender"), &self.seat)?;
        fields.set_item(intern!(py, "kind"), kind)?;
        fields.set_item(intern!(py, "attempt"), attempt)?;
        fields.set_item(intern!(py, "payload"), copied(py, &body[ROUTE..])?)?;
        fields.set_item(intern!(py, "evidence"), PyBytes::new(py, &place.evidence(&signature)))?;
        let envelope = self.envelope.bind(py).call((), Some(&fields))?;
        (kind, PyBytes::new(py, &session), place.receiver, PyBytes::new(py, &signature), envelope).into_pyobject(py)
    }
}

fn taken<const N: usize>(cells: &[ReadOnlyCell<u8>]) -> [u8; N] {
    std::array::from_fn(|index| cells[index].get())
}

fn copied<'py>(py: Python<'py>, cells: &[ReadOnlyCell<u8>]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, cells.len(), |out| {
        out.iter_mut().zip(cells).for_each(|(byte, cell)| *byte = cell.get());
        Ok(())
    })
}

/// The hash that a sender's wallet signs.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // the fields of a statement
pub fn statement_hash<'py>(
    py: Python<'py>,
    network: &[u8],
    session: &[u8],
    kind: u8,
    attempt: u32,
    sender: u8,
    receiver: u8,
    payload: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    if network.len().max(session.len()) > usize::from(u16::MAX) {
        return Err(PyValueError::new_err("the names of networks and sessions are short"));
    }
    let place = Statement { session, kind, attempt, sender, receiver };
    let hash = if payload.len() > INLINE { py.detach(|| place.hash(network, payload)) } else { place.hash(network, payload) };
    Ok(PyBytes::new(py, &hash))
}

/// A chain account's key: call it with a hash.
#[pyclass(frozen, module = "votive.core")]
pub struct WalletKey(wallet::Wallet);

#[pymethods]
impl WalletKey {
    #[new]
    fn new(private_key: [u8; 32]) -> PyResult<Self> {
        let key = wallet::Wallet::new(private_key).ok_or_else(|| PyValueError::new_err("this is no private key"))?;
        Ok(Self(key))
    }

    fn __call__<'py>(&self, py: Python<'py>, hash: [u8; 32]) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.sign(hash))
    }

    fn __repr__(&self) -> &'static str {
        "<WalletKey>"
    }
}

/// The public key that signed a hash, uncompressed; None unless the signature is its one canonical form.
#[pyfunction]
pub fn recover_wallet<'py>(py: Python<'py>, hash: [u8; 32], signature: &[u8]) -> Option<Bound<'py, PyBytes>> {
    wallet::recover(hash, signature).map(|key| PyBytes::new(py, &key))
}

/// Whether r and s are a low-s signature of a digest under a key, and their point has the parity `recovery_id`.
#[pyfunction]
pub fn verify(public_key: &[u8], digest: &[u8], r: &[u8], s: &[u8], recovery_id: i64) -> bool {
    let (Ok(parity), Ok(digest)) = (u8::try_from(recovery_id), digest.try_into()) else { return false };
    <&[u8; ecdsa::SCALARS]>::try_from(&*[r, s].concat())
        .is_ok_and(|scalars| r.len() == s.len() && ecdsa::verify(public_key, digest, scalars, parity))
}
