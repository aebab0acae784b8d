//! etcd as operators run it: with certificates and passwords, full, and gone.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_kv::{Changes, Kv, KvError, Transaction, Watch};
use serde_json::json;
use tempfile::TempDir;
use testkit::{Context as _, Etcd, Need, Result, Trial, bail, ensure, tests};

use crate::conformance::SEAL_KEY;
use crate::fast_directory;

const PASSWORD: &str = "a password that is not shown";

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![&[Need::Etcd];
        a_user_logs_in_again_where_a_token_is_forgotten,
        a_full_database_loses_nothing_that_was_acknowledged,
        a_restored_backup_is_told,
        nobody_learns_values_from_the_database,
    ];
    trials.extend(tests![&[Need::Etcd, Need::Program("openssl")]; certificates_are_checked]);
    trials.extend(tests![&[]; nobody_answers]);
    trials
}

/// Files that a URL names.
struct Files(TempDir);

impl Files {
    fn new() -> Result<Self> {
        let files = Self(fast_directory());
        files.write("seal-key", SEAL_KEY)?;
        Ok(files)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        fs::write(self.path(name), text)?;
        Ok(fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600))?)
    }

    /// Opens a URL, with the parameters that name these files.
    fn open(&self, place: &str, parameters: &[&str]) -> Result<Arc<dyn Kv>> {
        let named = |name: &&str| match name.split_once('=') {
            Some(_) => (*name).to_owned(),
            None => format!("{name}={}", self.path(name).display()),
        };
        let parameters: Vec<_> = ["seal-key"].iter().chain(parameters).map(named).collect();
        Ok(imds_kv::open(format!("etcd://{place}?{}", parameters.join("&")))?)
    }
}

fn put(kv: &dyn Kv, key: &str) -> Result<(), KvError> {
    kv.commit(Transaction::new().put(key, "value")).map(drop)
}

/// What an error says, with its sources.
fn text(error: &KvError) -> String {
    let error: &dyn std::error::Error = error;
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn a_user_logs_in_again_where_a_token_is_forgotten() -> Result<()> {
    let mut etcd = Etcd::start()?;
    etcd.call("/v3/auth/user/add", &json!({ "name": "root", "password": PASSWORD }))?;
    etcd.call("/v3/auth/role/add", &json!({ "name": "root" }))?;
    etcd.call("/v3/auth/user/grant", &json!({ "user": "root", "role": "root" }))?;
    // A user who may see nothing but our keys.
    let [start, end] = ["imds/", "imds0"].map(|key| STANDARD.encode(key));
    let permission = json!({ "permType": "READWRITE", "key": start, "range_end": end });
    etcd.call("/v3/auth/user/add", &json!({ "name": "imds", "password": PASSWORD }))?;
    etcd.call("/v3/auth/role/add", &json!({ "name": "imds" }))?;
    etcd.call("/v3/auth/role/grant", &json!({ "name": "imds", "perm": permission }))?;
    etcd.call("/v3/auth/user/grant", &json!({ "user": "imds", "role": "imds" }))?;
    etcd.call("/v3/auth/enable", &json!({}))?;
    let files = Files::new()?;
    files.write("password-file", &format!("{PASSWORD}\n"))?;
    let address = etcd.address();
    let kv = files.open(&format!("imds@{address}"), &["password-file"])?;
    put(&*kv, "a")?;
    ensure!(kv.get_many(&[])?.revision == kv.page("", None, 0)?.revision);
    let lease = kv.grant(Duration::from_secs(60))?;
    kv.commit(Transaction::new().put_for(lease, "leased", ""))?;
    kv.keep_alive(lease)?;
    kv.revoke(lease)?;
    ensure!(kv.list("")?.entries.len() == 1);
    let mut watch = kv.watch(&["b"], kv.list("")?.revision)?;
    put(&*kv, "b")?;
    ensure!(next_told(&mut watch)?.is_ok(), "it is followed");

    // Nobody comes in without the password, and nobody sees it.
    let elsewhere = files.open(&format!("imds@{address}/elsewhere"), &["password-file"])?;
    files.write("password-file", "another one")?;
    let wrong = files.open(&format!("imds@{address}"), &["password-file"])?;
    let nobody = files.open(&address.to_string(), &[])?;
    for kv in [elsewhere, wrong, nobody] {
        let error = put(&*kv, "a").expect_err("it is not asked who asks");
        let KvError::Unavailable { retry: false, source, .. } = &error else { bail!("{error:?}") };
        let denied = source.downcast_ref().map(std::io::Error::kind);
        ensure!(denied == Some(ErrorKind::PermissionDenied), "{error:?}");
        let all = format!("{} {error:?}", text(&error));
        ensure!(!all.contains(PASSWORD) && !all.contains("another one"), "{all}");
    }

    // A member forgets its tokens when it ends.
    etcd.restart()?;
    put(&*kv, "b")?;
    says_that_it_goes_on(&mut watch)
}

/// A watch that was lost says that it is followed again, and then the change that came.
fn says_that_it_goes_on(watch: &mut Watch) -> Result<()> {
    let (mut is_lost, mut changed) = (false, Vec::new());
    while changed.is_empty() {
        match watch.next().context("the watch has ended")? {
            // Nobody answered, or nobody knew the token.
            Err(KvError::Unavailable { retry: true, .. }) => is_lost = true,
            changes => {
                changed = changes?.changed;
                // First it says that it follows again.
                ensure!(changed.is_empty() == is_lost, "{is_lost}: {changed:?}");
                is_lost = false;
            }
        }
    }
    ensure!(changed.len() == 1, "{changed:?}");
    Ok(())
}

/// Though it has come to the same revision by other writes, of the key that is watched or of others.
fn a_restored_backup_is_told() -> Result<()> {
    let mut etcd = Etcd::start()?;
    let files = Files::new()?;
    let kv = files.open(&etcd.address().to_string(), &[])?;
    for other in ["watched", "other"] {
        put(&*kv, "kept")?;
        let follow = |key: &str| -> Result<Watch> {
            let mut watch = kv.watch(&[key], kv.list("")?.revision)?;
            put(&*kv, key)?;
            ensure!(next_told(&mut watch)?.is_ok(), "it is followed");
            Ok(watch)
        };
        let (mut loses, mut keeps) = (follow("watched")?, follow("kept")?);
        let backup = etcd.back_up()?;
        // This is lost.
        put(&*kv, "watched")?;
        ensure!(next_told(&mut loses)?.is_ok(), "it is followed again");
        let lost = kv.list("")?.revision;
        etcd.restore(&backup, |etcd| {
            let kv = files.open(&etcd.address().to_string(), &[])?;
            while kv.list("")?.revision <= lost {
                put(&*kv, other)?;
            }
            Ok(put(&*kv, "kept")?)
        })?;
        let told = next_told(&mut loses)?;
        ensure!(matches!(told, Err(KvError::Compacted { .. })), "{other}: {told:?}");
        ensure!(next_told(&mut keeps)?.is_ok(), "nothing of it was lost");
    }
    Ok(())
}

/// What a watch says beside that the cluster is gone, or there again.
fn next_told(watch: &mut Watch) -> Result<Result<Changes, KvError>> {
    loop {
        match watch.next().context("the watch has ended")? {
            Err(KvError::Unavailable { .. }) => {}
            Ok(changes) if changes.changed.is_empty() => {}
            told => return Ok(told),
        }
    }
}

fn a_full_database_loses_nothing_that_was_acknowledged() -> Result<()> {
    let etcd = Etcd::start_with(&["--quota-backend-bytes=400000"])?;
    let kv = Files::new().and_then(|files| files.open(&etcd.address().to_string(), &[]))?;
    let mut acknowledged = Vec::new();
    let error = loop {
        let key = format!("{:04}", acknowledged.len());
        match kv.commit(Transaction::new().put(&key, vec![7; 20_000])) {
            Ok(_) => acknowledged.push(key),
            Err(error) => break error,
        }
        ensure!(acknowledged.len() < 100, "it is never full");
    };
    // A member says that it is full also after the write that makes it so.
    ensure!(matches!(error, KvError::OutcomeUnknown { .. }), "{error:?}");
    ensure!(text(&error).contains("database space exceeded"), "{}", text(&error));
    let entries = kv.list("")?.entries;
    let listed: Vec<_> = entries.iter().map(|entry| entry.key.clone()).collect();
    ensure!(listed.starts_with(&acknowledged), "{listed:?} lacks some of {acknowledged:?}");
    // Leases need room as well; what can be repeated is no riddle.
    let refused = kv.grant(Duration::from_secs(60)).map(drop);
    ensure!(
        matches!(refused, Ok(()) | Err(KvError::Unavailable { retry: true, .. })),
        "{refused:?}"
    );
    Ok(())
}

fn nobody_learns_values_from_the_database() -> Result<()> {
    let etcd = Etcd::start()?;
    let kv = Files::new().and_then(|files| files.open(&etcd.address().to_string(), &[]))?;
    kv.commit(Transaction::new().put("key-of-it", "a value that is secret"))?;
    ensure!(kv.get("key-of-it")?.context("gone")?.value == b"a value that is secret");
    ensure!(etcd.has_on_disk("key-of-it")?, "this looks at the wrong files");
    ensure!(!etcd.has_on_disk("that is secret")?, "the database has the value");
    // Others see the key under its prefix.
    let range = etcd.call("/v3/kv/range", &json!({ "key": STANDARD.encode("imds/key-of-it") }))?;
    ensure!(range["count"] == "1", "{range}");
    Ok(())
}

/// Makes a certificate authority, and certificates of it for a server and a client.
fn make_certificates(directory: &Path) -> Result<()> {
    let script = r#"
        set -e
        authority() {
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                -subj "/CN=$1" -keyout "$1.key" -out "$1.pem"
        }
        certificate() {
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
                -keyout "$1.key" -out "$1.csr"
            printf 'subjectAltName=%s\n' "$2" >extensions
            openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                -extfile extensions -out "$1.pem"
        }
        authority ca
        authority other
        certificate server IP:127.0.0.1
        certificate client DNS:client
        chmod 600 *.key
    "#;
    let mut sh = Command::new("sh");
    let sh = sh.args(["-c", script]).current_dir(directory).stdin(Stdio::null());
    let output = sh.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn certificates_are_checked() -> Result<()> {
    let files = Files::new()?;
    make_certificates(files.0.path())?;
    let file = |name: &str| files.path(name).display().to_string();
    let etcd = Etcd::start_with(&[
        &format!("--cert-file={}", file("server.pem")),
        &format!("--key-file={}", file("server.key")),
        &format!("--trusted-ca-file={}", file("ca.pem")),
        "--client-cert-auth",
    ])?;
    let (address, localhost) = (etcd.address(), format!("localhost:{}", etcd.address().port()));
    let [ca, other] = ["ca.pem", "other.pem"].map(|name| format!("ca={}", file(name)));
    let cert = format!("cert={}", file("client.pem"));
    let key = format!("key={}", file("client.key"));
    let right = files.open(&address.to_string(), &[&ca, &cert, &key])?;
    put(&*right, "a")?;
    ensure!(right.list("")?.entries.len() == 1);
    for (why, place, parameters) in [
        ("another authority", address.to_string(), vec![&*other, &cert, &key]),
        ("no certificate of ours", address.to_string(), vec![&*ca]),
        ("another name", localhost, vec![&*ca, &cert, &key]),
        ("no TLS", address.to_string(), vec![]),
    ] {
        let error = files.open(&place, &parameters)?.list("").expect_err(why);
        ensure!(matches!(error, KvError::Unavailable { retry: true, .. }), "{why}: {error:?}");
    }
    ensure!(right.list("")?.entries.len() == 1);
    Ok(())
}

/// Nothing was done where nobody could be asked.
fn nobody_answers() -> Result<()> {
    let kv = Files::new().and_then(|files| files.open("127.0.0.1:1,127.0.0.1:2/", &[]))?;
    let error = put(&*kv, "a").expect_err("nobody is there");
    ensure!(matches!(error, KvError::Unavailable { retry: true, .. }), "{error:?}");
    let expected = "cannot commit to etcd://127.0.0.1:1,127.0.0.1:2/imds: ";
    ensure!(text(&error).starts_with(expected), "{}", text(&error));
    ensure!(text(&error).contains("refused"), "{}", text(&error));
    let mut watch = kv.watch(&["a"], imds_kv::Revision::ZERO)?;
    let told = watch.next().context("the watch has ended")?;
    ensure!(matches!(told, Err(KvError::Unavailable { retry: true, .. })), "{told:?}");
    Ok(())
}
