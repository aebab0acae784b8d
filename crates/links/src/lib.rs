//! Links: how the workloads of a machine reach the metadata service at its real addresses.
//!
//! A [`Plumber`] is a small helper process that holds the privileges: it makes devices, enters
//! namespaces, and passes listening sockets to the service, which needs none.

mod error;
mod place;
mod plumber;
mod privileges;

pub use error::LinkError;
pub use place::{InvalidPlace, Place};
pub use plumber::{Attached, LinkNumber, Plumber, PlumberSettings};
pub use privileges::{User, drop_privileges};
