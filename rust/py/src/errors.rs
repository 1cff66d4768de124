//! The one table from the core's errors to Python's, and the conversions that arguments share.

use std::collections::BTreeMap;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use votive_core::{Error, Seat};

/// Messages by seat.
pub type Messages = BTreeMap<Seat, Vec<u8>>;

/// A core's result in Python.
pub trait IntoPython<T> {
    /// Map the error by the table.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> IntoPython<T> for Result<T, Error> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| raise(py, &error).unwrap_or_else(|failure| failure))
    }
}

/// The table: class, and its keyword argument.
fn raise(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let fields = PyDict::new(py);
    let (module, class) = match error {
        Error::PeerFault { culprits, .. } => {
            fields.set_item("culprits", seats(culprits))?;
            ("votive.core.errors", "PeerFault")
        }
        Error::CheckFailed { culprits, .. } => {
            fields.set_item("culprits", seats(culprits))?;
            ("votive.core.errors", "CheckFailed")
        }
        Error::Combination { culprits, .. } => {
            fields.set_item("culprits", seats(culprits))?;
            ("votive.core.errors", "CombinationFailed")
        }
        Error::Ciphertext => ("votive.core.errors", "InvalidCiphertext"),
        Error::SetupGone { seats: gone } => {
            fields.set_item("details", seats(gone))?;
            ("votive.core.errors", "SetupGone")
        }
        Error::Seal(_) => ("votive.core.errors", "SealError"),
        Error::KeyFile(_) => ("votive.core.errors", "KeyFileError"),
        Error::Spent(_) => ("votive.core.errors", "Spent"),
        Error::InvalidInput(_) => ("votive.core.errors", "InvalidInput"),
        Error::Forked => ("votive.core.errors", "Forked"),
        Error::Own(_) => ("votive.terms.errors", "OurError"),
    };
    let value = py.import(module)?.getattr(class)?.call((error.to_string(),), Some(&fields))?;
    Ok(PyErr::from_value(value))
}

/// Seats as Python ints (a `Vec<u8>` would become bytes).
pub fn seats(seats: &[Seat]) -> Vec<u32> {
    seats.iter().map(|seat| u32::from(*seat)).collect()
}

/// A seat given by Python.
pub fn seat(py: Python<'_>, value: i64) -> PyResult<Seat> {
    match u8::try_from(value) {
        Ok(seat) if seat > 0 => Ok(seat),
        _ => Err(Error::input(format!("a seat is within 1…255, not {value}"))).or_raise(py),
    }
}

/// Seats given by Python.
pub fn seat_list(py: Python<'_>, values: &[i64]) -> PyResult<Vec<Seat>> {
    values.iter().map(|value| seat(py, *value)).collect()
}

/// Bytes of a fixed length given by Python.
pub fn array<const N: usize>(py: Python<'_>, name: &str, value: &[u8]) -> PyResult<[u8; N]> {
    value.try_into().map_err(|_| Error::input(format!("{name} has {N} bytes, not {}", value.len()))).or_raise(py)
}

/// A mapping of messages by seat given by Python.
pub fn messages(py: Python<'_>, mapping: &Bound<'_, PyAny>) -> PyResult<Messages> {
    let mut out = Messages::new();
    for item in mapping.call_method0("items")?.try_iter()? {
        let (key, value): (i64, Bound<'_, PyAny>) = item?.extract()?;
        let value = value.cast::<PyBytes>().map_err(|_| PyTypeError::new_err("messages are bytes"))?;
        out.insert(seat(py, key)?, value.as_bytes().to_vec());
    }
    Ok(out)
}

/// Messages by seat as a Python dict of bytes.
pub fn to_dict<'py>(py: Python<'py>, messages: &Messages) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    for (seat, message) in messages {
        out.set_item(seat, PyBytes::new(py, message))?;
    }
    Ok(out)
}
