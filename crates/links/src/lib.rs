//! Links: how the workloads of a machine reach the metadata service at its real addresses.
//!
//! A [`Plumber`] is a small helper process that holds the privileges: it makes devices, enters
//! namespaces, and passes listening sockets to the service, which needs none.
//!
//! ```text
//! workload's namespace            the helper's namespace, "outside"
//!   imds0  <------- veth ------->   link64   <- a listener bound to link64
//!   route to 169.254.169.254        lo: 169.254.169.254, fd00:ec2::254
//! ```
//! So the service is one IP hop outside of the workload, as on EC2: the workload itself receives a packet
//! with TTL 1, a container behind it does not. Of a [`Place::Device`] the other side is the workload,
//! and the addresses are on the device.

mod container;
mod device;
mod error;
mod helper;
mod lock;
mod lost;
mod machine;
mod outside;
mod place;
mod plumber;
mod privileges;
mod request;
mod target;
mod workload;

pub use error::LinkError;
pub use place::{InvalidPlace, Place};
pub use plumber::{Attached, Plumber, PlumberSettings};
pub use privileges::{Kept, User, can_link, drop_privileges};
pub use request::LinkNumber;
