//! What a container runtime asks of a network plugin, and what is to be done: a pod or container gets its
//! EC2 instance metadata from its network.
//!
//! [`cni`] reads what runtimes of the Container Network Interface ask (environment and configuration),
//! [`netavark`] what Podman's Netavark asks. Both give a plan or their protocol's error. Nothing here
//! acts: whoever carries a plan out calls the EC2 API of the running service, with the parameters of
//! [`Launch`] and the names of [`Attachment`].

mod attachment;
pub mod cni;
mod launch;
pub mod netavark;
mod settings;

pub use attachment::{Attachment, network_pattern};
pub use launch::{Image, Launch, Pod};
pub use settings::{InvalidSetting, ServiceLocation, Settings, Subject};
