//! Whether this machine is an EC2 instance, or somebody else answers its programs.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use imds_linux::socket;

use crate::outside::SERVICE_V4;

/// Long enough for a service on this machine or next to it.
const PATIENCE: Duration = Duration::from_millis(500);

/// No service for an instance is farther away: its hypervisor, or a router.
const MAX_HOPS: u8 = 2;

/// A file, and whether its text is that of an EC2 instance.
type Sign = (&'static str, fn(&str) -> bool);

/// What says that this is an EC2 instance, if anything does; `sys` is `/sys`.
///
/// The signs are those that [EC2's guide] gives.
///
/// [EC2's guide]: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html
pub(crate) fn ec2_evidence(sys: &Path) -> Option<String> {
    let signs: [Sign; 5] = [
        ("class/dmi/id/sys_vendor", |text| text == "Amazon EC2"),
        ("class/dmi/id/bios_vendor", |text| text == "Amazon EC2"),
        ("class/dmi/id/board_asset_tag", |text| text.starts_with("i-")),
        ("class/dmi/id/product_uuid", is_ec2_id),
        ("hypervisor/uuid", is_ec2_id),
    ];
    signs.into_iter().find_map(|(file, is_sign)| {
        let path = sys.join(file);
        let text = fs::read_to_string(&path).ok()?;
        is_sign(text.trim()).then(|| format!("{} says {:?}", path.display(), text.trim()))
    })
}

/// Xen instances have an id that starts with `ec2`; SMBIOS may have swapped the bytes of its first
/// part: `45e12aec`.
fn is_ec2_id(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.starts_with("ec2") || text.get(5..8) == Some("2ec")
}

/// Whether somebody answers at the metadata address, in the calling thread's namespace.
pub(crate) fn is_answered() -> bool {
    let address = SocketAddr::from((SERVICE_V4, 80));
    socket::is_answered(address, MAX_HOPS, PATIENCE).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_known_by_its_firmware() {
        for (file, text, is_ec2) in [
            ("class/dmi/id/sys_vendor", "Amazon EC2\n", true),
            ("class/dmi/id/sys_vendor", "QEMU\n", false),
            ("class/dmi/id/board_asset_tag", "i-0123456789abcdef0\n", true),
            ("class/dmi/id/product_uuid", "EC2E1916-9099-7CAF-FD21-012345ABCDEF\n", true),
            ("hypervisor/uuid", "ec2e1916-9099-7caf-fd21-012345abcdef\n", true),
            ("hypervisor/uuid", "12345678-9099-7caf-fd21-012345abcdef\n", false),
        ] {
            let sys = tempfile::tempdir().unwrap();
            let path = sys.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            assert_eq!(ec2_evidence(sys.path()).is_some(), is_ec2, "{file}: {text}");
        }
    }
}
