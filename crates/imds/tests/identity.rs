//! Signed identity documents, by a verifier that is not OpenSSL: Go's, with the PKCS#7 library that
//! others verify EC2's documents with. `src/identity/openssl_tests.rs` has AWS's own recipes.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use testkit::{
    Finished, Need, Result, Server, Trial, ensure, exec, imds, path_with_imds, program, test,
};

use crate::tools::{imds_beside, output};

pub(crate) const PKCS7_LIBRARY: &str =
    "/usr/share/gocode/src/github.com/fullsailor/pkcs7/verify.go";

pub(crate) fn tests() -> Vec<Trial> {
    let needs = &[Need::Program("go"), Need::Program(PKCS7_LIBRARY)];
    let openssl = &[Need::Program("curl"), Need::Program("openssl")];
    vec![
        test("identity::documents_verify", needs, documents_verify),
        test("identity::certificates_are_those_of_the_state", &[], certificates),
        test("identity::documents_verify_in_the_sandbox", openssl, in_the_sandbox),
    ]
}

/// What is served, and the certificates to verify it with, as files.
struct Bench {
    server: Server,
    directory: tempfile::TempDir,
    verifier: PathBuf,
}

fn documents_verify() -> Result<()> {
    let server = Server::start(&["--ami", "al2", "--region", "eu-west-1"])?;
    let directory = tempfile::tempdir()?;
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/identity/verify.go");
    let verifier = crate::go::built(Path::new(source))?;
    let bench = Bench { server, directory, verifier };
    let document = bench.serve("document")?;
    for proof in ["pkcs7", "rsa2048", "signature"] {
        let (signed, certificate) = (bench.serve(proof)?, bench.certificate(proof, "eu-west-1")?);
        let finished = bench.verify(proof, &certificate, &document, &signed)?;
        ensure!(finished.status.success(), "{proof}: {finished:#?}");

        let elsewhere = bench.certificate(proof, "us-east-1")?;
        let finished = bench.verify(proof, &elsewhere, &document, &signed)?;
        ensure!(!finished.status.success(), "{proof}, by the key of another Region");

        let other = document.replacen("\"accountId\" : \"1", "\"accountId\" : \"2", 1);
        let finished = bench.verify(proof, &certificate, &other, &signed)?;
        ensure!(!finished.status.success(), "{proof} is of any document");
        let raw = STANDARD.decode(signed.replace('\n', ""))?;
        for at in what_is_signed(&raw, &document).step_by(29) {
            let mut flipped = raw.clone();
            flipped[at] ^= 1;
            let flipped = STANDARD.encode(flipped);
            let finished = bench.verify(proof, &certificate, &document, &flipped)?;
            ensure!(!finished.status.success(), "{proof} with byte {at} flipped");
        }
    }
    Ok(())
}

/// The bytes of a bare signature; of a container those of the document, of the values of the signed
/// attributes, and of the signature.
fn what_is_signed(raw: &[u8], document: &str) -> impl Iterator<Item = usize> {
    let find = |part: &[u8]| raw.windows(part.len()).position(|window| window == part);
    let Some(content) = find(document.as_bytes()) else {
        return (0..raw.len()).chain(0..0).chain(0..0);
    };
    // The object identifier of `signingTime`, before the attribute's 13 letters.
    let time = find(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5]).map_or(0, |at| at + 13);
    // The ends of what is of indefinite length.
    let end = raw.len() - 6;
    (content..content + document.len()).chain(time..time + 13).chain(end - 20..end)
}

impl Bench {
    fn serve(&self, name: &str) -> Result<String> {
        let path = format!("/latest/dynamic/instance-identity/{name}");
        let answer = self.server.request("GET", &path, &[])?;
        ensure!(answer.status() == 200, "{path}: {}", answer.status());
        answer.text()
    }

    fn certificate(&self, proof: &str, region: &str) -> Result<String> {
        output(&self.server, &["identity", "certificate", "--for", proof, "--region", region])
    }

    fn verify(
        &self,
        proof: &str,
        certificate: &str,
        document: &str,
        signed: &str,
    ) -> Result<Finished> {
        let file = |name: &str, text: &str| {
            let path = self.directory.path().join(name);
            fs::write(&path, text).map(|()| path)
        };
        let files = [
            file("certificate", certificate)?,
            file("document", document)?,
            file("signed", signed)?,
        ];
        Finished::of(program(&self.verifier).arg(proof).args(files))
    }
}

/// Where the certificate was asked for before, by whatever program.
fn in_the_sandbox() -> Result<()> {
    let home = tempfile::tempdir()?;
    let script = r"
        imds identity certificate --for rsa2048 > certificate
        { echo '-----BEGIN PKCS7-----'
          curl -sf http://169.254.169.254/latest/dynamic/instance-identity/rsa2048; echo
          echo '-----END PKCS7-----'; } > signed
        openssl smime -verify -inform PEM -in signed -certfile certificate -noverify
    ";
    for _ in ["made inside", "made before"] {
        let mut command = exec(&["--ami", "al2"], &["sh", "-ec", script]);
        command.env("PATH", path_with_imds()).env("HOME", home.path()).current_dir(home.path());
        let finished = Finished::success(&mut command)?;
        ensure!(finished.stdout.contains("i-1234567890abcdef0"), "{finished:#?}");
    }
    Ok(())
}

/// Beside the usual state, and beside the file that `serve` was told.
fn certificates() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let state = directory.path().join("state.db");
    let state = state.to_string_lossy();
    let certificate = |arguments: &[&str]| {
        let mut command = imds();
        command.args(["identity", "certificate", "--for", "rsa2048"]).args(arguments);
        Finished::of(command.env("XDG_STATE_HOME", Path::new("/nonexistent")))
    };
    let server = Server::start(&["--state", &state, "--ami", "al2"])?;
    server.request("GET", "/latest/dynamic/instance-identity/rsa2048", &[])?;
    let beside = certificate(&["--state", &state])?.expect_code(0)?;
    ensure!(directory.path().join("identity-us-east-1.pem").exists());
    ensure!(certificate(&["--state", &state])?.stdout == beside.stdout);
    let usual = Finished::success(&mut imds_beside(
        &server,
        &["identity", "certificate", "--for", "rsa2048"],
    ))?;
    ensure!(usual.stdout != beside.stdout, "other state, other keys");
    let finished = certificate(&["--state", "memory"])?.expect_code(2)?;
    ensure!(finished.stderr.contains("keeps no keys"), "{finished:#?}");
    Ok(())
}
