//! Seccomp filters that hide kernel features, for tests.

use std::io;

use crate::Error;

// Where the kernel's `struct seccomp_data` has the call, and its second and third argument.
const CALL: u32 = 0;
const SECOND: u32 = 24;
const THIRD: u32 = 32;

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

/// Has a call fail with `errno` where its arguments are these.
fn refuse(call: libc::c_long, arguments: &[(u32, u32)], errno: i32) -> Result<(), Error> {
    let call = (CALL, u32::try_from(call).unwrap_or_default());
    let refusal = libc::SECCOMP_RET_ERRNO | errno.cast_unsigned();
    let mut filter = vec![end(libc::SECCOMP_RET_ALLOW), end(refusal)];
    // From its end, since what differs skips the rest: the steps of the comparison, and the refusal.
    for &(place, value) in arguments.iter().rev().chain([&call]) {
        let rest = u8::try_from(filter.len() - 1).unwrap_or_default();
        filter.push(step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, rest, value));
        filter.push(step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, place));
    }
    filter.reverse();
    install(&mut filter)
        .map_err(|source| Error::Process { operation: "filter system calls", source })
}

fn end(action: u32) -> libc::sock_filter {
    step(libc::BPF_RET | libc::BPF_K, 0, action)
}

fn step(code: u32, on_difference: u8, value: u32) -> libc::sock_filter {
    let code = u16::try_from(code).unwrap_or_default();
    libc::sock_filter { code, jt: 0, jf: on_difference, k: value }
}

fn install(filter: &mut [libc::sock_filter]) -> io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).unwrap_or_default(),
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: `program` and the filter that it points to outlive the call, which copies both.
    let outcome =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
