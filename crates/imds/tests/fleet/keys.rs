//! A host that seals with another key than the others.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testkit::{Context as _, Finished, Need, Result, Trial, ensure, imds, tests};

use super::Fleet;

pub(super) fn tests() -> Vec<Trial> {
    tests![&[Need::Etcd]; a_host_with_another_seal_key_writes_nothing]
}

const OTHER_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

/// All keys of the fleet, with values and revisions, as etcd has them.
fn all(fleet: &Fleet) -> Result<Vec<Value>> {
    let [key, range_end] = ["fleet/", "fleet0"].map(|key| STANDARD.encode(key));
    let all = fleet.etcd.call("/v3/kv/range", &json!({ "key": key, "range_end": range_end }))?;
    Ok(all["kvs"].as_array().context("no keys")?.clone())
}

fn a_host_with_another_seal_key_writes_nothing() -> Result<()> {
    let fleet = Fleet::start()?;
    let mut one = fleet.host("one")?;
    one.process().signal("TERM")?;
    one.process().ended()?;
    let before = all(&fleet)?;
    // Of hosts that begin at the same time, the first record decides whose key it is: all read that one.
    let created = |it: &Value| it["create_revision"].as_str().and_then(|it| it.parse::<u64>().ok());
    let first = before.iter().min_by_key(|it| created(it)).context("no keys")?;
    ensure!(first["key"] == STANDARD.encode("fleet/credential-key"), "{first}");

    let file = |name: &str, text: &str| -> Result<String> {
        let path = fleet.files.path().join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(path.display().to_string())
    };
    let key = file("other-key", OTHER_KEY)?;
    let secret = file("secret.txt", "a-secret-of-our-own")?;
    let settings =
        format!("[[access-key]]\nid = \"AKIAIOSFODNN7EXAMPLE\"\nsecret-file = \"{secret}\"\n");
    let settings = file("imds.toml", &settings)?;
    let refused = |url: &str, words: &[&str]| -> Result<()> {
        let mut serve = imds();
        serve.args(["serve", "--listen=127.0.0.1:0", "--control=127.0.0.1:0", "--state", url]);
        serve.args(["--config", &settings]);
        let finished = Finished::of(&mut serve)?.expect_code(2)?;
        for word in words {
            ensure!(finished.stderr.contains(word), "no {word:?} in {finished:#?}");
        }
        ensure!(all(&fleet)? == before, "something was written");
        Ok(())
    };
    let url = fleet.url("other");
    let ours = fleet.files.path().join("seal-key").display().to_string();
    refused(
        &url.replace(&ours, &key),
        &["another key", "nothing was written", "copy of the seal"],
    )?;
    refused(&format!("{url}&seal-key={key}"), &["seal-key= is there twice"])?;
    // With ours it is a host as every other.
    fleet.host("other").map(drop)
}
