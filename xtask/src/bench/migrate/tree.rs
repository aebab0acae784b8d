//! Trees like those that people have. The same on every machine.

mod clusters;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::text::{MENTION, Random, text};

/// What a tree is like, and its size in bytes.
#[derive(Clone, Copy)]
pub(super) enum Like {
    /// A company's repositories: source, documents, logs, binaries, and a few scripts that read instance
    /// metadata.
    Company,
    /// A repository about clusters: source, and for each cluster its Terraform and Kubernetes files.
    Clusters,
}

impl Like {
    fn size(self) -> usize {
        match self {
            Self::Company => 1 << 30,
            Self::Clusters => 128 << 20,
        }
    }
}

/// Out of a thousand files, how many are of a kind; the rest is source.
const SCRIPTS: u64 = 10;
const TEMPLATES: u64 = 5;
const DOCUMENTS: u64 = 60;
const LOGS: u64 = 8;
const BINARIES: u64 = 80;

/// Files in one folder.
const FOLDER: usize = 50;

const SOURCES: [&str; 8] = ["rs", "go", "py", "ts", "java", "c", "json", "yaml"];

/// Shapes of scripts with something to find.
const HITS: [&str; 5] = [
    "ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)\n",
    "AZ=$(wget -qO- http://169.254.169.254/latest/meta-data/placement/availability-zone)\n",
    "META=http://169.254.169.254/latest/meta-data\ncurl -sf \"$META/ami-id\"\n",
    "if curl -sf -m 1 http://169.254.169.254/ >/dev/null; then echo on EC2; fi\n",
    "TYPE=`curl -s http://169.254.169.254/latest/meta-data/instance-type`\n",
];

/// What was made.
#[derive(Default)]
pub(super) struct Made {
    pub(super) files: usize,
    pub(super) mib: usize,
}

/// Makes the tree, unless it is there.
pub(super) fn make(root: &Path, like: Like) -> Result<Made> {
    let stamp = root.with_extension("made");
    if let Ok(made) = fs::read_to_string(&stamp)
        && let Some((files, mib)) = made.split_once(' ')
    {
        return Ok(Made { files: files.parse()?, mib: mib.parse()? });
    }
    if root.exists() {
        fs::remove_dir_all(root)?;
    }
    let mut random = Random::new();
    let (mut bytes, mut files) = (0, 0);
    while bytes < like.size() {
        let (ending, content) = match like {
            Like::Company => file(&mut random),
            Like::Clusters => clusters::file(&mut random, files),
        };
        let folder = root.join(format!("d{:03}", files / FOLDER));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("f{files:06}.{ending}")), &content)?;
        bytes += content.len();
        files += 1;
    }
    let made = Made { files, mib: bytes >> 20 };
    fs::write(stamp, format!("{} {}", made.files, made.mib))?;
    Ok(made)
}

/// One file: its ending and its content.
fn file(random: &mut Random) -> (&'static str, Vec<u8>) {
    let mut kind = random.below(1000);
    let mut is = |share: u64| {
        let is = kind < share;
        kind = kind.wrapping_sub(share);
        is
    };
    if is(SCRIPTS) {
        ("sh", script(random).into())
    } else if is(TEMPLATES) {
        (
            "tf",
            format!(
                "resource \"aws_launch_template\" \"a\" {{\n  name = \"{}\"\n}}\n",
                random.below(99)
            )
            .into(),
        )
    } else if is(DOCUMENTS) {
        ("md", (text(random, 12 << 10) + MENTION).into())
    } else if is(LOGS) {
        ("log", text(random, 2 << 20).into())
    } else if is(BINARIES) {
        ("bin", (0..64 << 10).flat_map(|_| random.next().to_le_bytes()).step_by(8).collect())
    } else {
        let size = 1 << (11 + random.below(6));
        (random.choose(&SOURCES), text(random, size).into())
    }
}

fn script(random: &mut Random) -> String {
    let mut script = "#!/bin/bash\nset -e\n".to_owned();
    for line in 0..20 + random.below(60) {
        let _ = writeln!(script, "echo \"step {line}\" >> /var/log/setup.log");
        if random.below(20) == 0 {
            script.push_str(random.choose(&HITS));
        }
    }
    script.push_str(random.choose(&HITS));
    script
}
