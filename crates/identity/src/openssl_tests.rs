//! The proof that documents verify: the commands that AWS publishes, with the real `openssl`.
//!
//! Exit codes decide, never output: `openssl` prints a document before it finds it forged.

use std::fs;
use std::process::{Command, Output};

use imds_core::identity::{Proof, Signatures};
use imds_core::{Endpoint, Launch};
use tempfile::TempDir;

use super::Authority;

/// Armour goes around the value with an `echo` on each side; see the user guide on `pkcs7`.
const CONTAINER: &str = r#"
    { echo "-----BEGIN PKCS7-----" && cat served && echo "" && echo "-----END PKCS7-----"; } > pkcs7
    openssl smime -verify -in pkcs7 -inform PEM -certfile certificate -noverify > verified
"#;

const BARE: &str = "
    base64 -d served > signature &&
    openssl x509 -pubkey -noout -in certificate > key &&
    openssl dgst -sha256 -verify key -signature signature document
";

#[test]
fn containers_verify() {
    let Some(bench) = Bench::new() else { return };
    for proof in [Proof::Pkcs7, Proof::Rsa2048] {
        let output = bench.verify(proof, CONTAINER, |_| {});
        assert!(output.status.success(), "{proof}: {output:?}");
        assert_eq!(fs::read(bench.path("verified")).unwrap(), bench.document, "{proof}");
        // The form of older instructions, which names the document too.
        let content = CONTAINER.replace("-certfile", "-content document -certfile");
        let output = bench.verify(proof, &content, |_| {});
        assert!(output.status.success(), "{proof} with -content: {output:?}");
        // `openssl cms`, a parser of its own.
        let output = bench.verify(proof, &CONTAINER.replace("smime", "cms"), |_| {});
        assert!(output.status.success(), "{proof} with cms: {output:?}");
    }
}

#[test]
fn bare_signatures_verify() {
    let Some(bench) = Bench::new() else { return };
    let output = bench.verify(Proof::Signature, BARE, |_| {});
    assert!(output.status.success(), "{output:?}");
}

/// Every byte counts: those of the document, of the signed attributes, of the signature.
#[test]
fn one_flipped_byte_fails() {
    let Some(bench) = Bench::new() else { return };
    for proof in [Proof::Pkcs7, Proof::Rsa2048] {
        let raw = raw(bench.signatures.of(proof));
        let place = |needle: &[u8]| raw.windows(needle.len()).position(|part| part == needle);
        let account = place(br#""accountId" : "1"#).unwrap() + 15;
        let algorithm = match proof {
            Proof::Pkcs7 => place(&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3]),
            _ => place(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]),
        };
        let signing_time = place(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5]);
        let end = raw.len() - 6;
        for flipped in [account, signing_time.unwrap() + 14, algorithm.unwrap() + 24, end - 1] {
            let output = bench.verify(proof, CONTAINER, |raw| raw[flipped] ^= 1);
            assert!(!output.status.success(), "{proof} with byte {flipped} flipped: {output:?}");
        }
    }
    for flipped in [0, 64, 127] {
        let output = bench.verify(Proof::Signature, BARE, |raw| raw[flipped] ^= 1);
        assert!(!output.status.success(), "signature with byte {flipped} flipped: {output:?}");
    }
    let other_document = format!("printf x >> document && {BARE}");
    assert!(!bench.verify(Proof::Signature, &other_document, |_| {}).status.success());
}

#[test]
fn another_authority_fails() {
    let Some(mut bench) = Bench::new() else { return };
    bench.authority = Authority::make(&"us-east-1".parse().unwrap()).unwrap();
    for (proof, recipe) in
        [(Proof::Pkcs7, CONTAINER), (Proof::Rsa2048, CONTAINER), (Proof::Signature, BARE)]
    {
        let output = bench.verify(proof, recipe, |_| {});
        assert!(!output.status.success(), "{proof}: {output:?}");
    }
}

#[test]
fn certificates_are_self_signed_and_look_like_those_of_aws() {
    let Some(bench) = Bench::new() else { return };
    for (proof, algorithm, bits) in [
        (Proof::Pkcs7, "dsaWithSHA1", "(1024 bit)"),
        (Proof::Rsa2048, "sha256WithRSAEncryption", "(2048 bit)"),
        (Proof::Signature, "sha256WithRSAEncryption", "(1024 bit)"),
    ] {
        let verify = "openssl verify -auth_level 0 -check_ss_sig -CAfile certificate certificate";
        let output = bench.verify(proof, verify, |_| {});
        assert!(output.status.success(), "{proof}: {output:?}");
        let output = bench.verify(proof, "openssl x509 -noout -text -in certificate", |_| {});
        let text = String::from_utf8(output.stdout).unwrap();
        for expected in [
            algorithm,
            bits,
            "Version: 1 ",
            "C = US, ST = Washington State, L = Seattle, \
             O = imds (not Amazon Web Services), CN = us-east-1",
            "Not Before: Aug 25 00:00:00 2006 GMT",
            "Not After : Dec 31 23:59:59 2049 GMT",
        ] {
            // Later versions print names without the spaces.
            let shows = text.contains(expected) || text.contains(&expected.replace(" = ", "="));
            assert!(shows, "{expected:?} for {proof}: {text}");
        }
    }
}

/// A document, its signatures, and a directory to check them in.
struct Bench {
    authority: Authority,
    document: Vec<u8>,
    signatures: Signatures,
    directory: TempDir,
}

impl Bench {
    /// `None`, with a message, if `openssl` is not installed; a failure in CI.
    fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "CI needs openssl");
            eprintln!("SKIPPED: there is no openssl here to verify identity documents with");
            return None;
        }
        let endpoint = Endpoint::new(&Launch::default().resolve().expect("defaults do"));
        let region = "us-east-1".parse().expect("it is a Region");
        let authority = Authority::make(&region).expect("keys can be made");
        let document = endpoint.document().to_vec();
        let signatures = authority.sign(&document, endpoint.launched_at()).expect("they sign");
        let directory = TempDir::new().expect("there is a directory for temporary files");
        Some(Self { authority, document, signatures, directory })
    }

    /// Runs a recipe on what is served for `proof`, after `harm` has been done to it.
    fn verify(&self, proof: Proof, recipe: &str, harm: impl Fn(&mut [u8])) -> Output {
        let served = self.signatures.of(proof);
        let mut raw = raw(served);
        harm(&mut raw);
        let text = super::pem::lines(&raw, 76);
        let certificate = self.authority.certificate(proof).expect("keys sign");
        for (name, bytes) in [
            ("served", text.as_bytes()),
            ("document", &self.document),
            ("certificate", certificate.as_bytes()),
        ] {
            fs::write(self.path(name), bytes).expect("files can be written");
        }
        let mut shell = Command::new("sh");
        shell.args(["-c", recipe]).current_dir(self.directory.path());
        shell.output().expect("there is a shell")
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }
}

fn raw(served: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text: Vec<u8> = served.iter().copied().filter(|&byte| byte != b'\n').collect();
    base64::engine::general_purpose::STANDARD.decode(text).expect("it is base64")
}
