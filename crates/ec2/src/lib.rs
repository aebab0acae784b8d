//! The EC2 Query wire: parameters in, XML out, and requests signed with Signature Version 4.
//! This crate does not implement the operations.
//!
//! ```
//! use imds_ec2::{Params, Request, document};
//! use imds_ec2::types::{ModifyInstanceMetadataOptionsRequest, ModifyInstanceMetadataOptionsResult};
//!
//! let body = b"Action=ModifyInstanceMetadataOptions&Version=2016-11-15&InstanceId=i-1&HttpTokens=required";
//! let request = Request::read(Params::parse(b"", body)?)?;
//! let Request::ModifyInstanceMetadataOptions(request) = request else { unreachable!() };
//! assert_eq!(request.http_tokens.as_deref(), Some("required"));
//!
//! let answer = ModifyInstanceMetadataOptionsResult {
//!     instance_id: Some(request.instance_id),
//!     ..Default::default()
//! };
//! let xml = document::<ModifyInstanceMetadataOptionsRequest>(&answer, "59dbff89-35bd-4eac-99ed-be587EXAMPLE");
//! assert!(xml.contains("<instanceId>i-1</instanceId>"));
//! # Ok::<(), imds_ec2::Fault>(())
//! ```

pub mod cloudwatch;
mod fault;
mod form;
mod instance_types;
mod json_body;
mod member;
pub mod parameters;
mod params;
mod request;
pub mod sigv4;
pub mod ssm;
pub mod sts;
mod tables;
pub mod types;
mod value;
mod xml;

pub use fault::{Fault, bounded};
pub use instance_types::INSTANCE_TYPES;
pub use member::{Member, Members};
pub use params::{MAX_DEPTH, MAX_LENGTH, MAX_PARAMETERS, Params};
pub use tables::{Done, Operation, document};
pub use types::{Request, VERSION};
pub use value::{Blob, Sensitive, Timestamp};
pub use xml::{Response, Xml};
