//! Seccomp: which system calls. What is refused fails with `EPERM`, as if the user lacked the right: that
//! shows in an error message, where a killed process would say nothing.

use std::collections::BTreeMap;
use std::io;

use libc::{c_long, c_ushort};
use rustix::thread::set_no_new_privs;

use crate::Error;

mod program;
mod table;

use super::Serving;
use program::{Rule, allow, choose, fail, program};
use table::{CONNECTING, REFUSED, SERVING};

/// Every bit of an argument.
const ALL: u32 = u32::MAX;

/// Of the type of a socket, without its flags.
const SOCKET_TYPE: u32 = 0xf;

/// From now on the calling thread, and those that it starts, cannot run programs or start processes, trace
/// others, change mounts, namespaces, users or the machine, use raw sockets or those of unusual families, or
/// make an `io_uring`, whose operations no filter sees. Cannot be undone.
pub fn refuse_calls() -> Result<(), Error> {
    let mut rules = all(REFUSED, &fail(libc::EPERM));
    // A thread is started by `clone3` or by `clone`; only of the second does a filter see what it is for.
    rules.insert(libc::SYS_clone3, fail(libc::ENOSYS));
    let thread = libc::CLONE_THREAD.cast_unsigned();
    rules.insert(libc::SYS_clone, choose(0, thread, 0, fail(libc::EPERM), allow()));
    let raw = libc::SOCK_RAW.cast_unsigned();
    let usual = choose(1, SOCKET_TYPE, raw, fail(libc::EPERM), allow());
    let families = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6].map(i32::cast_unsigned);
    let socket = families.into_iter().fold(fail(libc::EPERM), |otherwise, family| {
        choose(0, ALL, family, usual.clone(), otherwise)
    });
    rules.insert(libc::SYS_socket, socket);
    install(rules, &allow())
}

/// From now on the calling thread can do no more than what answering on sockets takes: no file can be opened,
/// no thread started, no memory made executable. Cannot be undone.
pub fn only_serve(Serving { connects }: Serving) -> Result<(), Error> {
    let mut rules = all(SERVING, &allow());
    if connects {
        rules.extend(all(CONNECTING, &allow()));
    }
    let executable = libc::PROT_EXEC.cast_unsigned();
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, choose(2, executable, 0, allow(), fail(libc::EPERM)));
    }
    install(rules, &fail(libc::EPERM))
}

fn all(calls: &[c_long], rule: &Rule) -> BTreeMap<c_long, Rule> {
    calls.iter().map(|call| (*call, rule.clone())).collect()
}

fn install(rules: BTreeMap<c_long, Rule>, otherwise: &Rule) -> Result<(), Error> {
    let failed = |source| Error::Process { operation: "filter system calls", source };
    let unknown = || failed(io::Error::other("not for this instruction set"));
    let mut program = program(rules, otherwise).ok_or_else(unknown)?;
    let len = c_ushort::try_from(program.len()).map_err(|error| failed(io::Error::other(error)))?;
    let program = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    set_no_new_privs(true).map_err(|errno| failed(errno.into()))?;
    // SAFETY: the kernel copies the program, which has as many instructions as it says.
    let result = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program)
    };
    if result == 0 { Ok(()) } else { Err(failed(io::Error::last_os_error())) }
}
