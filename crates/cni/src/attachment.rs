//! Which attachment an instance was launched for: its client token says so, which nothing changes later.
//!
//! ```text
//! cni-0123456789abcdef-0123456789abcdef0123456789abcdef-89abcdef
//!     network          container and interface          launch
//! ```
//! `DescribeInstances` finds it by the filter `client-token`. EC2 allows 64 characters.

use sha2::{Digest as _, Sha256};

/// A container's interface to a network. A runtime attaches it once at a time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attachment {
    /// The network's name.
    pub network: String,
    /// The container's id; of a pod, that of its sandbox.
    pub container: String,
    /// The interface in the container, such as `eth0`.
    pub interface: String,
}

impl Attachment {
    /// The client token of one launch; `nonce` differs each time, because a container that was stopped may
    /// be attached again, and a token is used once.
    pub fn client_token(&self, nonce: u32) -> String {
        format!("{}{nonce:08x}", self.stem())
    }

    /// The pattern of all launches for this attachment.
    pub fn pattern(&self) -> String {
        self.stem() + "*"
    }

    /// Whether a client token is of a launch for this attachment.
    pub fn launched(&self, client_token: &str) -> bool {
        client_token.starts_with(&self.stem())
    }

    fn stem(&self) -> String {
        let attached = digest(&[&self.container, &self.interface], 16);
        format!("{}{attached}-", network_stem(&self.network))
    }
}

/// The pattern of all launches for a network's attachments.
pub fn network_pattern(network: &str) -> String {
    network_stem(network) + "*"
}

fn network_stem(network: &str) -> String {
    format!("cni-{}-", digest(&[network], 8))
}

/// The first bytes of a digest of texts that have no NUL, in hexadecimal.
fn digest(texts: &[&str], length: usize) -> String {
    let mut digits = base16ct::lower::encode_string(&Sha256::digest(texts.join("\0")));
    digits.truncate(2 * length);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(network: &str, container: &str, interface: &str) -> Attachment {
        Attachment {
            network: network.into(),
            container: container.into(),
            interface: interface.into(),
        }
    }

    #[test]
    fn a_token_names_its_attachment_and_no_other() {
        let own = attachment("net", "a1", "eth0");
        let token = own.client_token(7);
        assert!(token.len() <= 64 && own.launched(&token), "{token}");
        assert_ne!(token, own.client_token(8));
        assert!(token.starts_with(own.pattern().trim_end_matches('*')));
        assert!(token.starts_with(network_pattern("net").trim_end_matches('*')));
        for other in [
            attachment("other", "a1", "eth0"),
            attachment("net", "a2", "eth0"),
            attachment("net", "a1", "eth1"),
            attachment("net", "a1e", "th0"),
        ] {
            assert!(!other.launched(&token), "{other:?}");
        }
        assert!(!own.launched("a token of somebody else"));
    }
}
