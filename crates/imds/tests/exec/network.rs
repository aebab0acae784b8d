//! Who answers in there, and who does not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use testkit::{Need, Trial, tests};

use super::sandbox::{As, Running, code, everyone, exec, sh, text};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[Need::Program("curl"), Need::Program("busybox")];
        the_service_answers_behind_any_number_of_routers,
        everything_else_is_refused_at_once,
        without_ipv6_its_address_is_refused_at_once,
        names_are_known_or_refused_at_once,
        resolvers_that_read_no_hosts_file_are_answered_too,
        interfaces_are_those_of_an_instance_or_a_container,
        an_instance_has_all_its_interfaces_and_addresses,
        an_instance_may_have_hundreds_of_addresses,
        two_at_once_do_not_meet,
    ]
}

const V4: &str = "http://169.254.169.254/";
const V6: &str = "http://[fd00:ec2::254]/";

/// A service that answers over IPv6 too.
const WITH_IPV6: &[&str] = &["--instance-type", "t3.micro", "--http-protocol-ipv6", "enabled"];

/// curl's code for "could not connect", as opposed to 28, "waited in vain".
const REFUSED: Option<i32> = Some(7);

/// curl's code for "no such host".
const UNKNOWN: Option<i32> = Some(6);

fn curl(options: &[&str], url: &str) -> std::process::Output {
    exec(As::Tester, options, &["curl", "-sSg", "-m", "10", url]).output().unwrap()
}

fn the_service_answers_behind_any_number_of_routers() {
    for who in everyone() {
        for hops in ["0", "1", "2", "16"] {
            let options = [&["--hops", hops], WITH_IPV6].concat();
            for url in [V4, V6] {
                let output =
                    exec(who, &options, &["curl", "-sSg", "-m", "10", url]).output().unwrap();
                assert_eq!(code(&output), Some(0), "{hops} {url} {}", text(&output.stderr));
            }
        }
    }
}

fn everything_else_is_refused_at_once() {
    let far_with_ipv6 = [&["--hops", "3"], WITH_IPV6].concat();
    for options in [&[][..], &["--container"], WITH_IPV6, &far_with_ipv6] {
        for url in [
            "http://10.1.2.3/",
            "http://1.1.1.1/",
            "http://172.31.16.77/",
            "http://172.17.0.77/",
            "http://169.254.1.1/",
            "http://169.254.170.2/",
            "http://[2001:db8::1]/",
            "http://[fd00:ec2::23]/",
            "http://[fe80::1234]/",
        ] {
            assert_eq!(code(&curl(options, url)), REFUSED, "{options:?} {url}");
        }
    }
}

fn without_ipv6_its_address_is_refused_at_once() {
    for options in [&[][..], &["--container"]] {
        assert_eq!(code(&curl(options, V6)), REFUSED);
    }
}

fn names_are_known_or_refused_at_once() {
    for who in everyone() {
        for name in ["instance-data", "instance-data.ec2.internal"] {
            let answer = sh(who, &["--container"], &format!("getent hosts {name}"));
            assert!(answer.starts_with("169.254.169.254"), "{answer}");
        }
        assert!(sh(who, &[], "getent hosts $(hostname)").starts_with("172.31."));
        assert!(sh(who, &[], "getent ahostsv4 localhost").starts_with("127.0.0.1"));
        // The best of a few: other tests take processor time as well.
        let script = "for i in 1 2 3 4 5; do s=$(date +%s%N); ! getent hosts no.such.example >&2; \
                      e=$(date +%s%N); echo $(( (e - s) / 1000000 )); done | sort -n | head -n 1";
        let milliseconds: u64 = sh(who, &[], script).parse().unwrap();
        assert!(milliseconds < 50, "{milliseconds} ms");
    }
    assert_eq!(code(&curl(&[], "http://no.such.example/")), UNKNOWN);
}

fn resolvers_that_read_no_hosts_file_are_answered_too() {
    let answer =
        sh(As::Tester, &["--container"], "busybox nslookup -type=a instance-data.ec2.internal");
    assert!(answer.contains("169.254.169.254"), "{answer}");
    let answer = exec(As::Tester, &[], &["busybox", "nslookup", "example.com"]).output().unwrap();
    assert!(text(&answer.stdout).contains("NXDOMAIN"), "{}", text(&answer.stdout));
}

fn interfaces_are_those_of_an_instance_or_a_container() {
    let script = "ls /sys/class/net; cat /sys/class/net/eth0/address; ip -4 -br addr show eth0";
    let metadata = |path: &str| {
        let url = format!("http://169.254.169.254/latest/meta-data/{path}");
        sh(As::Tester, &["--ami", "al2"], &format!("curl -sSf {url}"))
    };
    let (mac, address) = (metadata("mac"), metadata("local-ipv4"));
    for who in everyone() {
        let instance = sh(who, &[], script);
        assert!(instance.starts_with(&format!("eth0\nlo\n{mac}\neth0@")), "{instance}");
        assert!(instance.contains(&format!("{address}/20")), "{instance}");
        let container = sh(who, &["--container"], script);
        assert!(container.starts_with("eth0\nlo\n02:42:ac:11:00:02\neth0@"), "{container}");
        assert!(container.contains("172.17.0.2/16"), "{container}");
    }
}

/// More than what the kernel answers at once: it drops what does not fit a socket.
fn an_instance_may_have_hundreds_of_addresses() {
    let addresses: Vec<_> =
        (0..300).map(|nth| format!("172.31.{}.{}", 16 + nth / 200, 10 + nth % 200)).collect();
    let config = tempfile::NamedTempFile::new().unwrap();
    fs::write(&config, format!("[[instance.interface]]\nipv4 = {addresses:?}\n")).unwrap();
    fs::set_permissions(&config, Permissions::from_mode(0o644)).unwrap();
    let config = config.path().to_str().unwrap();
    for who in everyone() {
        for hops in ["0", "1"] {
            let script = "curl -sS http://169.254.169.254/latest/meta-data/mac > /dev/null; \
                          ip -o -4 addr show eth0 | wc -l";
            let told = sh(who, &["--config", config, "--hops", hops], script);
            assert_eq!(told.trim(), if hops == "0" { "300" } else { "1" });
        }
    }
}

/// Each address is the instance's: requests from it are answered, also behind routers.
fn an_instance_has_all_its_interfaces_and_addresses() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exec/interfaces.toml");
    let options =
        ["--config", config, "--instance-type", "m5.large", "--http-protocol-ipv6", "enabled"];
    let script = "cat /sys/class/net/eth1/address /sys/class/net/eth2/address; \
                  ip -br addr show eth0; ip -br addr show eth1; \
                  for a in 172.31.16.10 172.31.16.11 172.31.32.9 2001:db8:1:1::10 2001:db8:1:1::11; do \
                  case $a in *:*) u=[fd00:ec2::254];; *) u=169.254.169.254;; esac; \
                  curl -sSfg -m 10 --interface $a http://$u/latest/meta-data/instance-id; echo; done";
    for who in everyone() {
        let told = sh(who, &options, script);
        let lines: Vec<_> = told.lines().collect();
        assert_eq!(lines[..2], ["06:00:00:00:00:01", "06:00:00:00:00:02"], "{told}");
        for address in ["172.31.16.10/20", "172.31.16.11/20", "2001:db8:1:1::11/128"] {
            assert!(lines[2].contains(address), "{told}");
        }
        assert!(lines[3].contains("172.31.32.9/20"), "{told}");
        assert_eq!(lines[4..], ["i-1234567890abcdef0"; 5], "{told}");
        let behind = ["--hops", "2"].iter().chain(&options).copied().collect::<Vec<_>>();
        let routes = sh(who, &behind, "ip route get 172.31.16.11 && ip route get 172.31.32.9");
        assert_eq!(routes.matches(" via ").count(), 2, "{routes}");
    }
}

fn two_at_once_do_not_meet() {
    let script = "readlink /proc/self/ns/net; read x; curl -sS -m 10 http://169.254.169.254/";
    let start = || Running::start(exec(As::Tester, &["--container"], &["sh", "-c", script]));
    let (mut one, mut other) = (start(), start());
    assert_ne!(one.line(), other.line());
    one.say("go");
    other.say("go");
    assert_eq!((one.wait(), other.wait()), (Some(0), Some(0)));
}
