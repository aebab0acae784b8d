//! Where the artifacts go: a cluster, Compose, other people's CI, a development container. Files are validated by
//! the schemas of those who read them; what can be run here is run.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{Context as _, Finished, Need, Result, Trial, ensure};

use crate::artifacts::{artifact, source};
use crate::deb::in_a_root_with;
use crate::image::in_podman;

pub(crate) fn tests() -> Vec<Trial> {
    const PODMAN: &[Need] = &[
        Need::Root,
        Need::Python,
        Need::Program("podman"),
        Need::Program("runc"),
        Need::Program("busybox"),
    ];
    let mut tests = testkit::tests![&[Need::Program("go"), Need::Python];
        manifests_are_what_the_chart_renders,
    ];
    tests.extend(testkit::tests![&[Need::Python];
        manifests_are_valid,
        files_for_other_services_are_valid,
        the_python_fixtures_work,
    ]);
    tests.extend(testkit::tests![&[];
        all_files_have_the_same_version,
        the_step_starts_a_service,
    ]);
    tests.extend(testkit::tests![PODMAN;
        containers_of_the_compose_files_find_metadata,
        the_python_container_works,
    ]);
    tests.extend(testkit::tests![&[Need::Root];
        the_feature_installs_the_program,
    ]);
    tests
}

/// Modes of the chart, which are names of files in `packaging/kubernetes`.
const MODES: [&str; 2] = ["namespace", "node"];

fn packaging(path: &str) -> PathBuf {
    source().join("packaging").join(path)
}

/// A program of the Python environment.
fn python(name: &str) -> Result<Command> {
    let home = std::env::var_os("IMDS_TEST_PYTHON").context("no Python")?;
    Ok(Command::new(Path::new(&home).join(name)))
}

/// With `IMDS_BLESS=1` they are written.
fn manifests_are_what_the_chart_renders() -> Result<()> {
    let home = tempfile::tempdir()?;
    let render = home.path().join("render");
    let mut go = testkit::program("go");
    go.args(["build", "-o"]).arg(&render).arg(packaging("chart/render.go"));
    // What Debian has of Go's libraries: nothing is fetched.
    go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOFLAGS", "");
    go.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"));
    Finished::success(&mut go)?;
    for mode in MODES {
        let mut render = Command::new(&render);
        render.arg(packaging("chart/imds")).args(["imds", "imds", &format!("mode={mode}")]);
        let rendered = Finished::success(&mut render)?.stdout;
        let file = packaging(&format!("kubernetes/{mode}.yaml"));
        if std::env::var_os("IMDS_BLESS").is_some() {
            let head = "# `helm template imds packaging/chart/imds --namespace imds --set mode=";
            std::fs::write(&file, format!("{head}{mode}`\n{rendered}"))?;
        }
        let kept = std::fs::read_to_string(&file)?;
        ensure!(kept.ends_with(&rendered), "{} is not what the chart renders", file.display());
    }
    Ok(())
}

/// By the schemas of Kubernetes' API, the oldest release that the chart allows and a newer one.
fn manifests_are_valid() -> Result<()> {
    const VALIDATE: &str = "
import sys, yaml, kubernetes_validate
for file in sys.argv[1:]:
    for resource in filter(None, yaml.safe_load_all(open(file))):
        for version in ('1.25', '1.33'):
            kubernetes_validate.validate(resource, version, strict=True)
        print(resource['kind'])
resource['spec'] = {}
try:
    kubernetes_validate.validate(resource, '1.33', strict=True)
except kubernetes_validate.ValidationError as error:
    print(error.message)";
    let mut validate = python("python3")?;
    validate
        .args(["-c", VALIDATE])
        .args(MODES.map(|mode| packaging(&format!("kubernetes/{mode}.yaml"))));
    let validated = Finished::success(&mut validate)?.stdout;
    let kinds = "Deployment\nService\nNetworkPolicy\nConfigMap\nDaemonSet\nConfigMap\n";
    // The last line is about a key that a ConfigMap does not have, which the validator refuses.
    let refused = validated.strip_prefix(kinds).context("other kinds")?;
    ensure!(refused.contains("'spec' was unexpected"), "{validated}");
    Ok(())
}

fn files_for_other_services_are_valid() -> Result<()> {
    for (schema, file) in [
        ("vendor.compose-spec", "packaging/compose/compose.yaml"),
        ("vendor.compose-spec", "packaging/compose/router.yaml"),
        ("vendor.github-actions", "packaging/github/action.yml"),
        ("vendor.gitlab-ci", "packaging/gitlab/imds.yml"),
        ("vendor.github-workflows", ".github/workflows/release.yml"),
    ] {
        let mut check = python("check-jsonschema")?;
        check.args(["--builtin-schema", schema]);
        Finished::success(check.arg(source().join(file)))?;
    }
    Ok(())
}

fn containers_of_the_compose_files_find_metadata() -> Result<()> {
    let finished = in_podman("compose.sh", &[&packaging("compose")])?;
    // The status of IMDSv1, and the length of the token. Amazon Linux 2023 requires one, Amazon Linux 2 does not.
    let expected = "compose.yaml: 401 56\nrouter.yaml: 200 0\nrouter.yaml: 200 56\n";
    ensure!(finished.stdout == expected, "{finished:#?}");
    Ok(())
}

fn all_files_have_the_same_version() -> Result<()> {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    for (file, line) in [
        ("chart/imds/Chart.yaml", format!("version: {VERSION}")),
        ("chart/imds/Chart.yaml", format!("appVersion: \"{VERSION}\"")),
        ("python/pyproject.toml", format!("version = \"{VERSION}\"")),
        ("python/src/pytest_imds/container.py", format!("IMAGE = \"localhost/imds:{VERSION}\"")),
        ("github/action.yml", format!("    default: \"{VERSION}\"")),
        ("gitlab/imds.yml", format!("    - name: $CI_REGISTRY_IMAGE/imds:{VERSION}")),
        ("compose/compose.yaml", format!("    image: localhost/imds:{VERSION}")),
        ("compose/router.yaml", format!("    image: localhost/imds:{VERSION}")),
        ("devcontainer/imds/devcontainer-feature.json", format!("  \"version\": \"{VERSION}\",")),
        (
            "devcontainer/imds/devcontainer-feature.json",
            format!("      \"default\": \"{VERSION}\","),
        ),
    ] {
        let text = std::fs::read_to_string(packaging(file))?;
        ensure!(text.lines().any(|it| it == line), "packaging/{file} has no line {line:?}");
    }
    Ok(())
}

/// Its own tests, with the program that was built.
fn the_python_fixtures_work() -> Result<()> {
    let package = packaging("python");
    let mut pytest = python("python3")?;
    pytest.args([
        "-m",
        "pytest",
        "--quiet",
        "-p",
        "pytest_imds.plugin",
        "-p",
        "no:cacheprovider",
        "tests",
    ]);
    pytest.current_dir(&package).env("PYTHONPATH", package.join("src"));
    pytest.env("PYTHONDONTWRITEBYTECODE", "1").env("IMDS_PROGRAM", testkit::binary());
    let tested = Finished::success(&mut pytest)?;
    ensure!(tested.stdout.contains("8 passed"), "{}", tested.stdout);
    let mut mypy = python("python3")?;
    mypy.args(["-m", "mypy", "--strict", "--cache-dir=/dev/null", "src"]).current_dir(&package);
    Finished::success(&mut mypy)?;
    Ok(())
}

/// What starts the image by Docker's API: Podman has it too.
fn the_python_container_works() -> Result<()> {
    let tested = in_podman("container.sh", &[&packaging("python")])?;
    ensure!(tested.stdout.contains("3 passed"), "{}", tested.stdout);
    Ok(())
}

fn the_step_starts_a_service() -> Result<()> {
    let home = tempfile::tempdir()?;
    let (environment, output) = (home.path().join("env"), home.path().join("output"));
    let mut step = testkit::program("bash");
    step.arg(packaging("github/start.sh")).env("PROGRAM", testkit::binary());
    step.envs([
        ("AMI", "al2"),
        ("ROLE", "my-role"),
        ("TOKENS", "required"),
        ("OPTIONS", "--tag Name=ci"),
    ]);
    step.env("RUNNER_TEMP", home.path())
        .env("GITHUB_ENV", &environment)
        .env("GITHUB_OUTPUT", output);
    Finished::success(&mut step)?;
    let environment = std::fs::read_to_string(environment)?;
    let (name, endpoint) = environment.trim().split_once('=').context("no variable")?;
    let mut get = testkit::imds();
    get.args(["get", "iam/security-credentials/"]).env(name, endpoint);
    let role = Finished::of(&mut get)?;
    // A step ends with its job; here nobody else does.
    let find = |entry: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(entry.ok()?.path().join("ready.json")).ok()
    };
    let ready = std::fs::read_dir(home.path())?.find_map(find).context("no ready.json")?;
    let ready: serde_json::Value = serde_json::from_str(&ready)?;
    let pid = ready["pid"].as_u64().context("no pid")?.to_string();
    Finished::success(Command::new("kill").arg(pid))?;
    ensure!(role.stdout.trim() == "my-role", "{role:#?}");
    Ok(())
}

fn the_feature_installs_the_program() -> Result<()> {
    let script = format!(
        "cp {} /mnt/debian/tmp/install.sh\ncp {} /mnt/debian/tmp/imds.tar.gz\n\
         inside env VERSION=0.1.0 ARCHIVE=/tmp/imds.tar.gz sh /tmp/install.sh\nchanges | grep -v /share/",
        packaging("devcontainer/imds/install.sh").display(),
        artifact(".tar.gz")?.display(),
    );
    let finished = in_a_root_with(&script)?;
    let expected = "./usr/local/bin/ec2-imds\n./usr/local/bin/imds\n";
    ensure!(
        finished.stdout.starts_with("imds ") && finished.stdout.ends_with(expected),
        "{finished:#?}"
    );
    Ok(())
}
