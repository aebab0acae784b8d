//! The form of a record: JSON with the version of its form.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Something that is kept under a [`Key`](crate::keys::Key).
pub trait Record: Serialize + DeserializeOwned {
    /// The version of the form that is written. Counts from 1.
    const VERSION: u32 = 1;

    /// Brings the form of an earlier version to the next one.
    fn upgrade(_from: u32, form: Value) -> Value {
        form
    }
}

/// Bytes that are no such record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// They are not JSON of this form.
    #[error("is not in the form of version {version}")]
    Form {
        /// The version that they claim.
        version: u32,
        /// What is wrong with them. Names no value: some are secret.
        #[source]
        source: FormError,
    },
    /// They are a key of another length.
    #[error("is a key that does not have {expected} bytes")]
    Length {
        /// The length of such a key, in bytes.
        expected: usize,
    },
    /// They are of another place than their key says.
    #[error("belongs to {belongs}")]
    Place {
        /// The Region and the id.
        belongs: String,
    },
    /// A later release wrote them.
    #[error("has version {found}, and this release reads versions up to {newest}")]
    Newer {
        /// Their version.
        found: u32,
        /// The newest version that is known here.
        newest: u32,
    },
}

/// Where JSON is not as expected: serde's own words would show the value.
#[derive(Debug, thiserror::Error)]
#[error("{category:?} error in line {line}, column {column}")]
pub struct FormError {
    category: serde_json::error::Category,
    line: usize,
    column: usize,
}

#[derive(Deserialize, Serialize)]
struct Versioned<R> {
    version: u32,
    record: R,
}

/// The bytes of a record.
pub fn encode<R: Record>(record: &R) -> Vec<u8> {
    let versioned = Versioned { version: R::VERSION, record };
    serde_json::to_vec(&versioned).unwrap_or_else(|_| unreachable!("records have text keys only"))
}

/// The record that `bytes` are, brought to the newest version.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, RecordError> {
    let found: Versioned<&RawValue> =
        serde_json::from_slice(bytes).map_err(|error| form(0, &error))?;
    if found.version > R::VERSION {
        return Err(RecordError::Newer { found: found.version, newest: R::VERSION });
    }
    let text = found.record.get();
    // Most records are of the newest version: those are read without a tree of their values in between.
    let record = if found.version == R::VERSION {
        serde_json::from_str(text)
    } else {
        serde_json::from_str(text).and_then(|form| {
            serde_json::from_value(
                (found.version..R::VERSION).fold(form, |form, from| R::upgrade(from, form)),
            )
        })
    };
    record.map_err(|error| form(found.version, &error))
}

fn form(version: u32, error: &serde_json::Error) -> RecordError {
    let source =
        FormError { category: error.classify(), line: error.line(), column: error.column() };
    RecordError::Form { version, source }
}
