//! The command line, as far as `exec` needs it while it grows.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use clap::{Args, Parser, Subcommand};

use crate::error::CommandError;
use crate::exec::{ExecRequest, InstanceFacts, MAX_HOPS};

#[derive(Debug, Parser)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a program as if on EC2.
    Exec(ExecArguments),
}

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct ExecArguments {
    /// Runs the program behind one router, as in a container.
    #[arg(long)]
    container: bool,
    /// Runs the program behind N routers.
    #[arg(long, value_name = "N", conflicts_with = "container",
          value_parser = clap::value_parser!(u8).range(0..=i64::from(MAX_HOPS)))]
    hops: Option<u8>,
    /// Makes the program user 0 inside.
    #[arg(long)]
    map_root: bool,
    /// Connects the program with the real network too, through pasta.
    #[arg(long)]
    egress: bool,
    /// Lets the service answer on IPv6 too.
    #[arg(long)]
    ipv6: bool,
    /// What to be.
    #[arg(long, default_value = "t3.micro")]
    instance_type: String,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

impl ExecArguments {
    pub(crate) fn request(self) -> ExecRequest {
        let mut words = self.program.into_iter();
        ExecRequest {
            program: words.next().unwrap_or_default(),
            arguments: words.collect(),
            hops: self.hops.unwrap_or(self.container.into()),
            map_root: self.map_root,
            egress: self.egress,
            ipv6: self.ipv6,
            instance: InstanceFacts {
                id: "i-0123456789abcdef0".into(),
                is_xen: self.instance_type.starts_with("t2."),
                instance_type: self.instance_type,
                private_ipv4: [172, 31, 16, 9].into(),
                subnet_prefix_len: 20,
                ipv6: None,
                mac: [0x0a, 0x12, 0x34, 0x56, 0x78, 0x9a],
                hostname: "ip-172-31-16-9.ec2.internal".into(),
            },
        }
    }
}

/// Stands in for the service: answers every connection the same.
#[expect(clippy::unnecessary_wraps, reason = "the service's own start can fail")]
pub(crate) fn answer_ok(listeners: Vec<TcpListener>) -> Result<(), CommandError> {
    for listener in listeners {
        thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(mut connection) = connection else { continue };
                let _ = connection.read(&mut [0; 4096]);
                let _ = connection.write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n",
                );
            }
        });
    }
    Ok(())
}
