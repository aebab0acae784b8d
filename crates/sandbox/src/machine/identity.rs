//! The identity of an EC2 instance in `/sys`, as its firmware and hypervisor set it.

use std::path::Path;

use imds_linux::{Error, mount};

use crate::request::InstanceFacts;

/// A directory below `/sys` and the files in it.
struct Directory {
    path: &'static str,
    files: Vec<(&'static str, String)>,
}

/// Puts the identity into `shown`, a tree that equals `kernel` before.
pub(super) fn place(instance: &InstanceFacts, kernel: &Path, shown: &Path) -> Result<(), Error> {
    // The real firmware tables would contradict the identity.
    let tables = shown.join("firmware/dmi");
    if tables.exists() {
        mount::tmpfs(&tables)?;
    }
    for Directory { path, files } in directories(instance) {
        let directory = shown.join(path);
        if directory.exists() {
            mount::tmpfs(&directory)?;
        } else if !files.is_empty() {
            make_room(Path::new(path), kernel, shown)?;
            mount::directory(&directory)?;
        }
        for (name, value) in files {
            mount::file(&directory.join(name), value + "\n", 0o444)?;
        }
    }
    Ok(())
}

/// Makes the deepest existing directory above `path` writable.
fn make_room(path: &Path, kernel: &Path, shown: &Path) -> Result<(), Error> {
    let existing = path.ancestors().skip(1).find(|above| kernel.join(above).exists());
    let above = existing.unwrap_or(Path::new(""));
    mount::widen(&kernel.join(above), &shown.join(above))
}

fn directories(instance: &InstanceFacts) -> [Directory; 3] {
    let uuid = uuid(&instance.id);
    let hypervisor = Directory {
        path: "hypervisor",
        files: if instance.is_xen { xen_hypervisor(&uuid) } else { Vec::new() },
    };
    // The class is a link to the device, where the real machine has them.
    let [device, class] = ["devices/virtual/dmi/id", "class/dmi/id"].map(|path| Directory {
        path,
        files: if instance.is_xen { xen_dmi(&uuid) } else { nitro_dmi(instance, &uuid) },
    });
    [hypervisor, device, class]
}

fn nitro_dmi(instance: &InstanceFacts, uuid: &str) -> Vec<(&'static str, String)> {
    let kind = &instance.instance_type;
    let modalias = format!(
        "dmi:bvnAmazonEC2:bvr1.0:bd10/16/2017:br1.0:svnAmazonEC2:pn{kind}:pvr:\
         rvnAmazonEC2:rn:rvr:cvnAmazonEC2:ct1:cvr:sku:"
    );
    let files = [
        ("bios_date", "10/16/2017"),
        ("bios_release", "1.0"),
        ("bios_vendor", "Amazon EC2"),
        ("bios_version", "1.0"),
        ("board_asset_tag", &instance.id),
        ("board_vendor", "Amazon EC2"),
        ("chassis_asset_tag", "Amazon EC2"),
        ("chassis_serial", ""),
        ("chassis_type", "1"),
        ("chassis_vendor", "Amazon EC2"),
        ("chassis_version", ""),
        ("modalias", &modalias),
        ("product_name", kind),
        ("product_serial", uuid),
        ("product_uuid", uuid),
        ("product_version", ""),
        ("sys_vendor", "Amazon EC2"),
    ];
    owned(files)
}

fn xen_dmi(uuid: &str) -> Vec<(&'static str, String)> {
    let files = [
        ("bios_date", "08/24/2006"),
        ("bios_vendor", "Xen"),
        ("bios_version", "4.11.amazon"),
        ("chassis_serial", uuid),
        ("chassis_type", "1"),
        ("chassis_vendor", "Xen"),
        (
            "modalias",
            "dmi:bvnXen:bvr4.11.amazon:bd08/24/2006:svnXen:pnHVMdomU:pvr4.11.amazon:cvnXen:ct1:cvr:",
        ),
        ("product_name", "HVM domU"),
        ("product_serial", uuid),
        ("product_uuid", uuid),
        ("product_version", "4.11.amazon"),
        ("sys_vendor", "Xen"),
    ];
    owned(files)
}

fn xen_hypervisor(uuid: &str) -> Vec<(&'static str, String)> {
    owned([("type", "xen"), ("uuid", uuid)])
}

fn owned<const N: usize>(files: [(&'static str, &str); N]) -> Vec<(&'static str, String)> {
    files.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

/// The machine's UUID: `ec2` and 29 more digits, as on EC2, derived from the digits of the instance id.
fn uuid(instance_id: &str) -> String {
    let id_digits = instance_id.chars().skip_while(|&sign| sign != '-').skip(1);
    let mut digits: Vec<char> = id_digits.filter(char::is_ascii_hexdigit).collect();
    digits.push('0');
    let text: String = "ec2".chars().chain(digits.into_iter().cycle()).take(32).collect();
    let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
    parts.join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_id_follows_from_the_instance_id() {
        assert_eq!(uuid("i-0123456789abcdef0"), "ec201234-5678-9abc-def0-00123456789a");
        assert_eq!(uuid("i-1a2b3c4d"), "ec21a2b3-c4d0-1a2b-3c4d-01a2b3c4d01a");
        assert_eq!(uuid("nonsense"), "ec200000-0000-0000-0000-000000000000");
    }
}
