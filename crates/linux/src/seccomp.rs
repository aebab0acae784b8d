//! A kernel that tells less than it knows.

use std::io;

use crate::Error;

/// From now on the calling thread, and whatever it starts, is told nothing by `TCP_INFO`: it is an
/// option that does not exist, as in sandboxes that emulate a kernel. Cannot be undone.
pub fn hide_tcp_info() -> Result<(), Error> {
    // Offsets in `struct seccomp_data`: the call's number, and its second and third argument.
    let [number, level, option] = [0, 24, 32];
    let load = |offset| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, offset);
    // What differs skips what is left of the comparison, and the refusal.
    let compare = |skip, value| step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, skip, value);
    let end = |action| step(libc::BPF_RET | libc::BPF_K, 0, action);
    let refusal = libc::SECCOMP_RET_ERRNO | libc::ENOPROTOOPT.cast_unsigned();
    let mut filter = [
        load(number),
        compare(5, u32::try_from(libc::SYS_getsockopt).unwrap_or_default()),
        load(level),
        compare(3, libc::IPPROTO_TCP.cast_unsigned()),
        load(option),
        compare(1, libc::TCP_INFO.cast_unsigned()),
        end(refusal),
        end(libc::SECCOMP_RET_ALLOW),
    ];
    install(&mut filter)
        .map_err(|source| Error::Process { operation: "filter system calls", source })
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
