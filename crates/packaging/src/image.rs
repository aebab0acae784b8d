//! A container image in the OCI image layout, as one tar archive: what `podman load`, `skopeo copy` and
//! `docker load` (from version 25 on) read. One layer, no base image, nothing in it but the program and its documents.
//!
//! Format: <https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md>

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::checksum::sha256;
use crate::release::Release;
use crate::tree::{Tree, gzip};

/// The user that the program runs as: nobody's number on usual machines.
const USER: u64 = 65532;

/// Where the state is; `imds` finds it without a flag.
const STATE_HOME: &str = "/var/lib";

pub(crate) fn archive(release: &Release) -> Result<Vec<u8>> {
    let mut layout = Tree::default();
    let tar = layer(release)?.tar("", release.time)?;
    let diff_id = format!("sha256:{}", sha256(&tar));
    let layer = gzip(&tar, release.level)?;
    let layer = blob(&mut layout, "application/vnd.oci.image.layer.v1.tar+gzip", layer);
    let config = serde_json::to_vec(&config(release, &diff_id)?)?;
    let config = blob(&mut layout, "application/vnd.oci.image.config.v1+json", config);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [layer],
        "annotations": labels(release)?,
    });
    let manifest = serde_json::to_vec(&manifest)?;
    let mut manifest = blob(&mut layout, "application/vnd.oci.image.manifest.v1+json", manifest);
    manifest["platform"] = json!({ "architecture": release.architecture.debian(), "os": "linux" });
    // What it is called once it is loaded.
    let name = format!("localhost/{}:{}", release.name, release.version);
    manifest["annotations"] = json!({
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name,
    });
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    });
    layout.file("index.json", 0o644, serde_json::to_vec(&index)?);
    layout.file("oci-layout", 0o644, r#"{"imageLayoutVersion":"1.0.0"}"#);
    layout.tar("", release.time)
}

/// The files of a container.
fn layer(release: &Release) -> Result<Tree> {
    let mut tree = Tree::default();
    tree.file("usr/bin/imds", 0o755, release.program.clone());
    tree.link("usr/bin/ec2-imds", "imds");
    tree.file("usr/share/doc/imds/imds.cdx.json", 0o644, release.sbom.clone());
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        tree.file(&format!("usr/share/doc/imds/{licence}"), 0o644, release.source(licence)?);
    }
    // Programs look a user's name up.
    tree.file(
        "etc/passwd",
        0o644,
        format!("imds:x:{USER}:{USER}:imds:/var/lib/imds:/usr/bin/imds\n"),
    );
    tree.file("etc/group", 0o644, format!("imds:x:{USER}:\n"));
    tree.directory("var/lib/imds", 0o700, USER);
    tree.directory("tmp", 0o1777, 0);
    // `/var/run` leads to `/run`, where runtimes have the namespaces of pods.
    tree.directory("run", 0o755, 0);
    tree.link("var/run", "../run");
    Ok(tree)
}

fn config(release: &Release, diff_id: &str) -> Result<Value> {
    Ok(json!({
        "created": created(release)?,
        "architecture": release.architecture.debian(),
        "os": "linux",
        "config": {
            "User": format!("{USER}:{USER}"),
            "Env": ["PATH=/usr/bin", format!("XDG_STATE_HOME={STATE_HOME}")],
            "Entrypoint": ["/usr/bin/imds"],
            "Cmd": ["serve", "--listen", "0.0.0.0:1338", "--control", "0.0.0.0:1339"],
            "ExposedPorts": { "1338/tcp": {}, "1339/tcp": {} },
            "Volumes": { "/var/lib/imds": {} },
            "WorkingDir": "/var/lib/imds",
            "StopSignal": "SIGTERM",
            "Labels": labels(release)?,
        },
        "rootfs": { "type": "layers", "diff_ids": [diff_id] },
        "history": [{ "created": created(release)?, "created_by": "cargo xtask dist" }],
    }))
}

fn labels(release: &Release) -> Result<Value> {
    Ok(json!({
        "org.opencontainers.image.title": release.name,
        "org.opencontainers.image.description": "The EC2 Instance Metadata Service as software that you can run",
        "org.opencontainers.image.version": release.version,
        "org.opencontainers.image.revision": release.commit.clone().unwrap_or_default(),
        "org.opencontainers.image.created": created(release)?,
        "org.opencontainers.image.licenses": "Apache-2.0 OR MIT",
        "org.opencontainers.image.source": "https://github.com/imds-rs/imds",
    }))
}

fn created(release: &Release) -> Result<String> {
    Ok(Timestamp::from_second(release.time.try_into()?)?.to_string())
}

/// Adds a blob to the layout; returns its descriptor.
fn blob(layout: &mut Tree, media_type: &str, bytes: Vec<u8>) -> Value {
    let (digest, size) = (sha256(&bytes), bytes.len());
    layout.file(&format!("blobs/sha256/{digest}"), 0o644, bytes);
    json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": size })
}
