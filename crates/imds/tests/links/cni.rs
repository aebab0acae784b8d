//! Pods by CNI: `imds-cni` behind the reference plugins of Debian, run as a runtime runs them.

mod faults;
mod netavark;
mod runtime;

use imds_linux::Namespace;
use serde_json::{Value, json};
use testkit::workloads::{connect, namespace, run, snapshot};
use testkit::{Finished, Need, Result, Trial, bail, ensure, program, test, tests};

use super::{DEFAULT_INSTANCE, Machine, Mount, get_token, instance_of, lose_token};
use runtime::{Runtime, running};

/// The reference plugins are no programs on the path.
const PLUGINS: &str = "/usr/lib/cni/ptp";

const NEEDS: &[Need] = &[Need::Program("ip"), Need::Program(PLUGINS)];

pub(super) fn tests() -> Vec<Trial> {
    const CLIENTS: &[Need] = &[Need::Program("ip"), Need::Program(PLUGINS), Need::Python];
    const PODMAN: &[Need] = &[
        Need::Root,
        Need::Program("podman"),
        Need::Program("runc"),
        Need::Program("iptables"),
        Need::Program("busybox"),
        Need::Program(PLUGINS),
    ];
    const ROOTLESS: &[Need] = &[
        Need::Root,
        Need::Tap,
        Need::Program("podman"),
        Need::Program("runc"),
        Need::Program("iptables"),
        Need::Program("slirp4netns"),
        Need::Program("busybox"),
        Need::Program(PLUGINS),
    ];
    const CONTAINERD: &[Need] = &[
        Need::Root,
        Need::Containerd,
        Need::Program("runc"),
        Need::Program("busybox"),
        Need::Program(PLUGINS),
    ];
    let own = tests![NEEDS;
        each_pod_is_an_instance_with_what_the_configuration_says,
        the_address_of_a_pod_is_the_instances,
        the_hop_limit_of_a_pod_holds,
        a_pod_is_the_instance_that_is_named,
        a_pod_is_a_container_of_the_linked_machine,
        many_pods_at_a_time,
    ];
    let clients = test("links::cni::aws_clients_in_a_pod", CLIENTS, aws_clients_in_a_pod);
    let podman = test("links::cni::a_container_of_podman", PODMAN, a_container_of_podman);
    let rootless = test(
        "links::cni::a_container_of_podman_without_root",
        ROOTLESS,
        a_container_of_podman_without_root,
    );
    let containerd =
        test("links::cni::a_container_of_containerd", CONTAINERD, a_container_of_containerd);
    own.into_iter()
        .chain([clients, podman, rootless, containerd])
        .chain(faults::tests())
        .chain(netavark::tests())
        .collect()
}

/// A launch that IMDSv1 can ask, too.
fn launch() -> Value {
    json!({"image": "al2", "httpTokens": "optional"})
}

/// What a client in `namespace` gets without a token.
fn get(namespace: &Namespace, path: &str) -> Result<String> {
    let request = format!("GET /latest/{path} HTTP/1.0\r\n\r\n");
    let answer = namespace
        .run(|| testkit::http::exchange(testkit::Family::Ipv4.service(), request.as_bytes()))??;
    testkit::http::Response::parse(&answer)?.text()
}

fn each_pod_is_an_instance_with_what_the_configuration_says() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    let settings = json!({"launch": {
        "image": "al2", "instanceType": "m5.large", "httpTokens": "optional", "role": "my-role",
        "instanceMetadataTags": "enabled", "userData": "#!/bin/sh\necho hello\n",
        "tags": {"team": "a"},
    }});
    let mut runtime = Runtime::new(&machine, settings)?;
    let (first, second) = (namespace()?, namespace()?);
    let (first_path, second_path) = (Mount::new(&first)?, Mount::new(&second)?);
    let result = runtime.add("pod1", &first_path.path())?;
    ensure!(result == runtime.interface_result("pod1")?, "the result is changed: {result}");
    runtime.add("pod2", &second_path.path())?;
    let (one, other) = (instance_of(&first)?, instance_of(&second)?);
    ensure!(one != other && one != DEFAULT_INSTANCE, "{one} {other}");
    get_token(&first)?;
    for (path, expected) in [
        ("meta-data/instance-type", "m5.large"),
        ("user-data", "#!/bin/sh\necho hello\n"),
        ("meta-data/iam/security-credentials/", "my-role"),
        ("meta-data/tags/instance/Name", "web-pod1"),
        ("meta-data/tags/instance/k8s:namespace", "shop"),
        ("meta-data/tags/instance/team", "a"),
        ("meta-data/tags/instance/app.kubernetes.io:name", "web"),
    ] {
        let value = get(&first, path)?;
        ensure!(value == expected, "{path}: {value:?}");
    }
    runtime.check("pod1", &first_path.path())?;
    runtime.delete("pod1", Some(&first_path.path()))?;
    let left = snapshot(&first)?;
    ensure!(!left.contains("imds0") && !left.contains("169.254.169"), "{left}");
    ensure!(running(&machine)? == [other]);
    // Again, and without a namespace.
    runtime.delete("pod1", Some(&first_path.path()))?;
    runtime.delete("pod2", None)?;
    ensure!(running(&machine)?.is_empty() && machine.list()?.is_empty());
    // A container that is started again has the same id. Its annotations win, where they are asked for.
    runtime.annotate("role", "own-role");
    runtime.add("pod1", &first_path.path())?;
    let again = instance_of(&first)?;
    ensure!(again != one, "{again}");
    ensure!(get(&first, "meta-data/iam/security-credentials/")? == "own-role");
    runtime.delete("pod1", Some(&first_path.path()))
}

fn the_address_of_a_pod_is_the_instances() -> Result<()> {
    const SUBNET: &str = "[[subnet]]
id = \"subnet-0123456789abcdef0\"
availability-zone = \"us-east-1a\"
ipv4 = \"172.31.128.0/24\"
";
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("imds.toml");
    std::fs::write(&file, SUBNET)?;
    let host = namespace()?;
    let machine = Machine::start(&host, &["--config", &file.display().to_string()])?;
    let mut launch = launch();
    launch["subnet"] = json!("subnet-0123456789abcdef0");
    let mut runtime = Runtime::new(&machine, json!({"launch": launch}))?;
    let pod = namespace()?;
    let path = Mount::new(&pod)?;
    // 10.1.0.2 is in no subnet of EC2's.
    let refused = runtime.try_add("pod", &path.path())?.error(7)?;
    ensure!(refused.contains("10.1.0.2"), "{refused}");
    runtime.delete("pod", Some(&path.path()))?;
    runtime.give_address("172.31.128.0/24", "172.31.128.10");
    // The next pod may have it again.
    for id in ["pod1", "pod2"] {
        runtime.add(id, &path.path())?;
        ensure!(get(&pod, "meta-data/local-ipv4")? == "172.31.128.10");
        runtime.delete(id, Some(&path.path()))?;
    }
    Ok(())
}

fn the_hop_limit_of_a_pod_holds() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    for limit in [1, 2] {
        let mut launch = launch();
        launch["httpPutResponseHopLimit"] = json!(limit);
        let runtime = Runtime::new(&machine, json!({"launch": launch}))?;
        let (pod, inner) = (namespace()?, namespace()?);
        let path = Mount::new(&pod)?;
        runtime.add("pod", &path.path())?;
        // A container in the pod, as of Docker in Docker.
        run(&pod, &["sysctl", "-qw", "net.ipv4.ip_forward=1"])?;
        connect((&pod, "docker0", 90), (&inner, "eth0", 91), [172, 17, 0])?;
        get_token(&pod)?;
        ensure!(instance_of(&inner)? == instance_of(&pod)?, "IMDSv1 behind a router");
        if limit == 1 {
            lose_token(&machine, &inner)?;
        } else {
            get_token(&inner)?;
        }
        runtime.delete("pod", Some(&path.path()))?;
    }
    Ok(())
}

fn a_pod_is_the_instance_that_is_named() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &["--ami", "al2"])?;
    let id = machine.launch()?;
    let runtime = Runtime::new(&machine, json!({"instance": id}))?;
    let pod = namespace()?;
    let path = Mount::new(&pod)?;
    runtime.add("pod", &path.path())?;
    ensure!(instance_of(&pod)? == id);
    runtime.check("pod", &path.path())?;
    let again = runtime.call("ADD", "pod", Some(&path.path()), json!({}))?.error(100)?;
    ensure!(again.contains("already"), "{again}");
    runtime.delete("pod", Some(&path.path()))?;
    ensure!(machine.list()?.is_empty());
    // Nothing that the plugin did not launch is terminated.
    let described = machine.call("DescribeInstances", &format!("InstanceId.1={id}"))?;
    ensure!(described.contains("<name>running"), "{described}");
    Ok(())
}

fn a_pod_is_a_container_of_the_linked_machine() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &["--ami", "al2"])?;
    let runtime = Runtime::new(&machine, json!({"instance": "host"}))?;
    let pod = namespace()?;
    let path = Mount::new(&pod)?;
    // Not linked: the pod would be sandboxed without metadata.
    let refused = runtime.try_add("pod", &path.path())?.error(101)?;
    ensure!(refused.contains("imds serve --link host"), "{refused}");
    runtime.delete("pod", Some(&path.path()))?;
    machine.add("host")?;
    runtime.add("pod", &path.path())?;
    runtime.check("pod", &path.path())?;
    // One router away, as on EC2.
    ensure!(instance_of(&pod)? == DEFAULT_INSTANCE);
    lose_token(&machine, &pod)?;
    machine.set_hop_limit(2)?;
    get_token(&pod)?;
    runtime.delete("pod", Some(&path.path()))
}

fn many_pods_at_a_time() -> Result<()> {
    const PODS: usize = 8;
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    let runtime = Runtime::new(&machine, json!({"launch": launch()}))?;
    let pods = (0..PODS).map(|_| namespace()).collect::<Result<Vec<_>>>()?;
    let paths = pods.iter().map(Mount::new).collect::<Result<Vec<_>>>()?;
    let each = |what: &(dyn Fn(&str, &Mount) -> Result<()> + Sync)| {
        std::thread::scope(|scope| {
            let spawn = |(number, path): (usize, _)| {
                scope.spawn(move || what(&format!("pod{number}"), path))
            };
            let started: Vec<_> = paths.iter().enumerate().map(spawn).collect();
            started.into_iter().try_for_each(|it| it.join().unwrap())
        })
    };
    each(&|pod, path| runtime.add(pod, &path.path()).map(drop))?;
    let mut ids = pods.iter().map(instance_of).collect::<Result<Vec<_>>>()?;
    ids.sort();
    ids.dedup();
    ensure!(ids.len() == PODS, "{ids:?}");
    each(&|pod, path| runtime.delete(pod, Some(&path.path())))?;
    ensure!(running(&machine)?.is_empty() && machine.list()?.is_empty());
    Ok(())
}

/// boto3 and the AWS CLI find the pod's role and Region by themselves.
fn aws_clients_in_a_pod() -> Result<()> {
    const BOTO3: &str = "import boto3
session = boto3.Session()
print(session.get_credentials().method)
from botocore.utils import InstanceMetadataRegionFetcher
print(InstanceMetadataRegionFetcher().retrieve_region())";
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    // Its image is one for these processors.
    let launch = json!({"launch": {"role": "my-role", "instanceType": "t4g.small"}});
    let runtime = Runtime::new(&machine, launch)?;
    let pod = namespace()?;
    let path = Mount::new(&pod)?;
    runtime.add("pod", &path.path())?;
    let home = tempfile::tempdir()?;
    for (words, expected) in [
        (&["python", "-c", BOTO3][..], "iam-role\nus-east-1\n"),
        (&["aws", "configure", "list"], "iam-role"),
    ] {
        let finished = pod.run(|| {
            let mut command = program(words[0]);
            command.args(&words[1..]).env("PATH", testkit::path_with_imds_and_python());
            Finished::success(command.env("HOME", home.path()))
        })??;
        ensure!(finished.stdout.contains(expected), "{words:?}: {finished:#?}");
    }
    runtime.delete("pod", Some(&path.path()))
}

/// Podman 4.3 of Debian has a back end of CNI, and is a runtime itself.
fn a_container_of_podman() -> Result<()> {
    let finished = super::engines::run("cni/podman.sh")?;
    // One, another, and the first once more. Then the service's own is the only one that runs.
    let lines: Vec<_> = finished.stdout.split_whitespace().collect();
    let [one, other, again, "1"] = lines[..] else { bail!("{finished:#?}") };
    ensure!([one, other, again].iter().all(|id| id.starts_with("i-")), "{finished:#?}");
    ensure!(one != other && one != again && other != again, "{finished:#?}");
    Ok(())
}

fn a_container_of_containerd() -> Result<()> {
    let finished = super::engines::run("cni/containerd.sh")?;
    let lines: Vec<_> = finished.stdout.split_whitespace().collect();
    let [one, other, "2", "[]"] = lines[..] else { bail!("{finished:#?}") };
    ensure!(one != other && one.starts_with("i-") && other.starts_with("i-"), "{finished:#?}");
    Ok(())
}

/// Without root, networks of Podman are in a namespace of their own, and so is the service.
fn a_container_of_podman_without_root() -> Result<()> {
    let finished = super::engines::run("cni/rootless.sh")?;
    let last = finished.stdout.lines().last();
    ensure!(last.is_some_and(|id| id.starts_with("i-")), "{finished:#?}");
    Ok(())
}
