//! The way out, in a world of its own: a host with one neighbour that plays the internet.

use std::process::Command;

use testkit::{Need, Trial, tests};

use super::sandbox::{As, binary, text};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[Need::Root, Need::Program("pasta"), Need::Program("busybox"), Need::Program("curl")];
        the_real_network_answers_and_so_does_the_service,
        link_local_networks_have_no_way_out,
        the_hosts_own_services_are_not_exposed,
        nor_at_addresses_that_it_gets_later_or_takes_for_its_own,
        the_sandboxs_services_are_not_exposed_to_the_host,
        the_way_out_ends_with_us,
        a_missing_pasta_is_named_with_the_package_that_has_it,
    ]
}

/// A network namespace that plays the host, with a service of its own, and one behind it that plays
/// the internet: a web server and an address that nobody on EC2 may reach by mistake.
const WORLD: &str = r#"
set -e
mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200
mount -t tmpfs none /mnt && mkdir /mnt/internet /mnt/host
echo internet >/mnt/internet/index.html
echo host >/mnt/host/index.html
ip link set lo up
unshare --net sleep 600 & internet=$!
until [ "$(readlink /proc/$internet/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link add up0 type veth peer name eth0 netns /proc/$internet/ns/net
ip addr add 198.51.100.1/24 dev up0
ip link set up0 up
ip route add default via 198.51.100.2
nsenter -t $internet -n sh -ec '
  ip link set lo up
  for address in 198.51.100.2/24 203.0.113.80/32 169.254.170.2/32; do
    ip addr add $address dev eth0
  done
  ip link set eth0 up
  busybox httpd -p 80 -h /mnt/internet'
busybox httpd -p 8080 -h /mnt/host
busybox httpd -p 127.0.0.1:8081 -h /mnt/host
curl -sS -m 10 http://203.0.113.80/ | grep -q internet
# Prints a page, or the code that says why there is none, for each address.
echo 'for at; do page=$(curl -sg -m 5 "http://$at/") || page=$?; echo $page; done' >/mnt/ask
ask="bash /mnt/ask"
imds=$0
"#;

/// Runs a script in that world; `$run` is the binary, run by `who`.
fn in_the_world(who: As, script: &str) -> String {
    let run = match who {
        As::Tester => "$imds",
        As::Nobody => "setpriv --reuid=65534 --regid=65534 --clear-groups $imds",
    };
    let script = format!("{WORLD}\nrun=\"{run}\"\n{script}");
    let output = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"])
        .args(["bash", "-c", &script])
        .arg(binary())
        .output()
        .unwrap();
    assert!(output.status.success(), "{who:?} {script}\n{}", text(&output.stderr));
    text(&output.stdout)
}

/// The world takes a privileged user to make; a way out does not.
fn users() -> [As; 2] {
    [As::Tester, As::Nobody]
}

fn the_real_network_answers_and_so_does_the_service() {
    for who in users() {
        for options in
            ["", "--container", "--hops 3 --instance-type t3.micro --http-protocol-ipv6 enabled"]
        {
            let answers = in_the_world(
                who,
                &format!(
                    "$run exec --egress --ami al2 {options} -- $ask 203.0.113.80 169.254.169.254"
                ),
            );
            let lines: Vec<&str> = answers.lines().collect();
            assert_eq!(lines[0], "internet", "{who:?} {options}");
            assert!(lines[1].starts_with("1.0 "), "{who:?} {options}");
        }
    }
}

fn link_local_networks_have_no_way_out() {
    for who in users() {
        for options in ["", "--container"] {
            let answers = in_the_world(
                who,
                &format!(
                    "$run exec --egress {options} -- \
                     $ask 169.254.170.2 169.254.1.1 [fd00:ec2::254] [fd00:ec2::23]"
                ),
            );
            assert_eq!(answers, "7\n7\n7\n7", "{who:?} {options}");
        }
    }
}

fn the_hosts_own_services_are_not_exposed() {
    for who in users() {
        let answers = in_the_world(
            who,
            "curl -sS http://198.51.100.1:8080/; curl -sS http://127.0.0.1:8081/
             $run exec --egress -- $ask 198.51.100.1:8080 192.0.2.1:8081 127.0.0.1:8081 \
                169.254.169.254:8081",
        );
        let lines: Vec<&str> = answers.lines().collect();
        assert_eq!(lines[..3], ["host", "host", "7"], "{answers}");
        assert_eq!(lines.len(), 6);
        assert!(!lines[2..].contains(&"host"), "{answers}");
    }
}

/// `AnyIP` makes whole networks local. Each address answers on the host, and in the sandbox as soon as that has
/// been told of it, which the script waits for.
fn nor_at_addresses_that_it_gets_later_or_takes_for_its_own() {
    for who in users() {
        let answers = in_the_world(
            who,
            "ip route add local 192.0.2.128/25 dev lo
             ip route add local 198.18.0.0/15 dev lo table 100
             mkfifo /mnt/go; chmod 666 /mnt/go
             $run exec --egress -- sh -c '
               echo ready; read go </mnt/go
               bash /mnt/ask 192.0.2.129:8080
               for at in 198.51.100.77:8080 203.0.115.9:8080; do
                 for try in $(seq 1000); do
                   answer=$(bash /mnt/ask $at)
                   [ $answer = host ] || break
                 done
                 echo $answer
               done
               bash /mnt/ask 203.0.113.80' >/mnt/log & us=$!
             until grep -q ready /mnt/log; do :; done
             ip addr add 198.51.100.77/32 dev lo
             ip route add local 203.0.115.0/24 dev lo
             bash /mnt/ask 192.0.2.129:8080 198.51.100.77:8080 203.0.115.9:8080
             echo go >/mnt/go
             wait $us; cat /mnt/log",
        );
        assert_eq!(answers, "host\nhost\nhost\nready\n7\n7\n7\ninternet", "{who:?}");
    }
}

fn the_sandboxs_services_are_not_exposed_to_the_host() {
    for who in users() {
        let answers = in_the_world(
            who,
            "$run exec --egress -- sh -c 'busybox httpd -p 9090 -h /mnt/host; echo ready; sleep 600' >/mnt/log &
             until grep -q ready /mnt/log; do :; done
             curl -s -m 5 http://127.0.0.1:9090/ || echo $?
             curl -s -m 5 http://198.51.100.1:9090/ || echo $?",
        );
        assert_eq!(answers, "7\n7", "{who:?}");
    }
}

fn the_way_out_ends_with_us() {
    for who in users() {
        let answers = in_the_world(
            who,
            "$run exec --egress -- sh -c 'echo ready; sleep 600' >/mnt/log & us=$!
             until grep -q ready /mnt/log; do :; done
             cat /proc/[0-9]*/comm | grep -q -E 'pasta|passt' && echo there
             kill -9 $us
             for try in $(seq 1000); do
               cat /proc/[0-9]*/comm | grep -q -E 'pasta|passt' || { echo gone; break; }
             done",
        );
        assert_eq!(answers, "there\ngone", "{who:?}");
    }
}

fn a_missing_pasta_is_named_with_the_package_that_has_it() {
    let output = Command::new(binary())
        .args(["exec", "--egress", "--", "/bin/true"])
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(125));
    let message = text(&output.stderr);
    assert!(message.contains("pasta, which is not installed"), "{message}");
    assert!(message.contains("apt-get install passt"), "{message}");
}
