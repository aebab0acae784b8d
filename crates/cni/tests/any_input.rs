//! Whatever a runtime sends, there is a plan, or an error in JSON that says why: for all commands and
//! protocols. The fuzzer runs this too.

use imds_cni::cni::{Environment, Plan, plan};
use imds_cni::netavark;

const COMMANDS: [&str; 6] = ["ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION"];

/// Fails if an input leads to anything else.
pub(crate) fn check(input: &[u8]) {
    for command in COMMANDS {
        let environment = Environment::read(|name| {
            let value = match name {
                "CNI_COMMAND" => command,
                "CNI_CONTAINERID" => "c0ffee",
                "CNI_NETNS" => "/run/netns/web",
                "CNI_IFNAME" => "eth0",
                _ => return None,
            };
            Some(value.to_owned())
        });
        match plan(&environment, input) {
            Ok(Plan::Add { attach, previous }) => {
                assert!(attach.attachment.client_token(0).len() <= 64);
                let text = std::str::from_utf8(input).unwrap_or_default();
                assert!(text.contains(previous.get()), "{previous} is not of the input");
            }
            Ok(_) => {}
            Err(error) => {
                let text = error.json(None);
                let printed: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                assert!(printed["code"].is_u64() && !error.message.is_empty(), "{text}");
                assert!(!text.contains('\n'), "{text}");
            }
        }
    }
    if let Ok(created) = netavark::create(input) {
        assert!(serde_json::from_str::<serde_json::Value>(&created).is_ok(), "{created}");
    }
    if let Err(message) = netavark::attach("/run/netns/web", input) {
        assert!(netavark::error(&message).starts_with("{\"error\":"), "{message}");
    }
}
