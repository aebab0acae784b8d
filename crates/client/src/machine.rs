//! What this machine's firmware says about it, without a request to the service.

use std::fs;
use std::path::Path;

/// Where Linux shows the firmware's DMI table; some containers have only one of the two.
const DMI: [&str; 2] = ["sys/devices/virtual/dmi/id", "sys/class/dmi/id"];

/// Whether the firmware says that this is an EC2 instance. The file system begins at `root`.
pub(crate) fn is_ec2(root: &Path) -> bool {
    let contains = |name: &str, word: &str| {
        dmi(root, name).is_some_and(|text| text.to_ascii_lowercase().contains(word))
    };
    // Nitro types have the first, Xen types the second or the third.
    contains("sys_vendor", "amazon ec2")
        || contains("bios_version", "amazon")
        || fs::read_to_string(root.join("sys/hypervisor/uuid"))
            .is_ok_and(|uuid| uuid.starts_with("ec2"))
}

/// The instance's id as the firmware tells it. Nitro types have it, Xen types do not.
pub(crate) fn instance_id(root: &Path) -> Option<String> {
    parse_instance_id(&dmi(root, "board_asset_tag")?)
}

fn dmi(root: &Path, name: &str) -> Option<String> {
    DMI.iter().find_map(|directory| fs::read_to_string(root.join(directory).join(name)).ok())
}

fn parse_instance_id(text: &str) -> Option<String> {
    let id = text.trim();
    let digits = id.strip_prefix("i-")?;
    let is_id =
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_id_is_distinguished_from_other_asset_tags() {
        assert_eq!(
            parse_instance_id("i-1234567890abcdef0\n").as_deref(),
            Some("i-1234567890abcdef0")
        );
        for tag in ["", "None", "i-", "i-xyz", "i-1234; rm -rf /"] {
            assert_eq!(parse_instance_id(tag), None);
        }
    }

    #[test]
    fn ec2_is_recognised_on_nitro_and_on_xen() {
        let cases = [
            ("sys/class/dmi/id/sys_vendor", "Amazon EC2\n", true),
            ("sys/devices/virtual/dmi/id/bios_version", "4.11.amazon\n", true),
            ("sys/hypervisor/uuid", "ec2c7a1e-0000-0000-0000-000000000000\n", true),
            ("sys/class/dmi/id/sys_vendor", "QEMU\n", false),
            ("sys/hypervisor/uuid", "5ec2c7a1-0000-0000-0000-000000000000\n", false),
        ];
        for (file, content, expected) in cases {
            let root = tempfile::tempdir().unwrap();
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, content).unwrap();
            assert_eq!(is_ec2(root.path()), expected, "{content}");
        }
        assert!(!is_ec2(Path::new("/nonexistent")));
    }
}
