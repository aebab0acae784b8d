//! Seccomp filters that hide kernel features.

use std::{io, iter};

use crate::Error;

// Where the kernel's `struct seccomp_data` has the call, the architecture, and the arguments.
const CALL: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST: u32 = 16;
const SECOND: u32 = 24;
const THIRD: u32 = 32;

/// The calls that make a socket: architecture and number, for programs of this machine and of its 32-bit
/// predecessor. 32-bit programs have a second way (`socketcall`), whose arguments no filter sees.
#[cfg(target_arch = "x86_64")]
const SOCKET_CALLS: [(u32, u32); 3] =
    [(0xc000_003e, 41), (0xc000_003e, 0x4000_0029), (0x4000_0003, 359)];
#[cfg(target_arch = "aarch64")]
const SOCKET_CALLS: [(u32, u32); 2] = [(0xc000_00b7, 198), (0x4000_0028, 281)];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const SOCKET_CALLS: [(u32, u32); 0] = [];

/// From now on the calling thread, and whatever it starts, cannot make sockets of the family `AF_VSOCK`: the
/// kernel does not know it. Cannot be undone.
///
/// The thread must have `CAP_SYS_ADMIN` in its user namespace, and keeps its privileges: programs with the
/// setuid bit have their effect.
pub fn refuse_vsock() -> Result<(), Error> {
    let rules = SOCKET_CALLS.map(|(architecture, call)| {
        let family = libc::AF_VSOCK.cast_unsigned();
        vec![(ARCHITECTURE, architecture), (CALL, call), (FIRST, family)]
    });
    install(&mut filter(&rules, libc::EAFNOSUPPORT)).map_err(failed)
}

/// From now on the calling thread, and whatever it starts, is told nothing by `TCP_INFO`: it is an
/// option that does not exist, as in sandboxes that emulate a kernel. Cannot be undone.
pub fn hide_tcp_info() -> Result<(), Error> {
    let protocol = libc::IPPROTO_TCP.cast_unsigned();
    let option = libc::TCP_INFO.cast_unsigned();
    refuse(libc::SYS_getsockopt, &[(SECOND, protocol), (THIRD, option)], libc::ENOPROTOOPT)
}

/// From now on the calling thread, and whatever it starts, cannot make an `io_uring`, as in most
/// containers. Cannot be undone.
pub fn refuse_io_uring() -> Result<(), Error> {
    refuse(libc::SYS_io_uring_setup, &[], libc::EPERM)
}

/// From now on the calling thread, and whatever it starts, is given no randomness by a system call: the kernel
/// does not know it, so it is read from a device. Cannot be undone.
pub fn hide_getrandom() -> Result<(), Error> {
    refuse(libc::SYS_getrandom, &[], libc::ENOSYS)
}

/// Has a call fail with `errno` where its arguments are these.
fn refuse(call: libc::c_long, arguments: &[(u32, u32)], errno: i32) -> Result<(), Error> {
    let call = (CALL, u32::try_from(call).unwrap_or_default());
    let rule = iter::once(call).chain(arguments.iter().copied()).collect();
    rustix::thread::set_no_new_privs(true)
        .map_err(io::Error::from)
        .and_then(|()| install(&mut filter(&[rule], errno)))
        .map_err(failed)
}

/// A filter that fails calls with `errno` where a rule holds: all of its places have these values.
fn filter(rules: &[Vec<(u32, u32)>], errno: i32) -> Vec<libc::sock_filter> {
    let refusal = libc::SECCOMP_RET_ERRNO | errno.cast_unsigned();
    let mut filter = Vec::new();
    for rule in rules {
        for (index, &(place, value)) in rule.iter().enumerate() {
            // What differs skips the rest of the rule, which ends with the refusal.
            let rest = 2 * (rule.len() - index) - 1;
            let rest = u8::try_from(rest).unwrap_or_default();
            filter.push(step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, place));
            filter.push(step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, rest, value));
        }
        filter.push(end(refusal));
    }
    filter.push(end(libc::SECCOMP_RET_ALLOW));
    filter
}

fn failed(source: io::Error) -> Error {
    Error::Process { operation: "filter system calls", source }
}

fn end(action: u32) -> libc::sock_filter {
    step(libc::BPF_RET | libc::BPF_K, 0, action)
}

fn step(code: u32, on_difference: u8, value: u32) -> libc::sock_filter {
    let code = u16::try_from(code).unwrap_or_default();
    libc::sock_filter { code, jt: 0, jf: on_difference, k: value }
}

fn install(filter: &mut [libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).unwrap_or_default(),
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: `program` and the filter that it points to outlive the call, which copies both.
    let outcome =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
