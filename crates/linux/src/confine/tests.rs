//! What is refused is refused by the kernel, and what is needed still works. Each test confines a thread of
//! its own.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;

use rustix::io::Errno;
use tempfile::TempDir;

use super::{Access, Enforced, Files, Serving, only_serve, refuse_calls};

/// Runs `attempt` on a thread that ends with it.
fn confined<T: Send + 'static>(attempt: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(attempt).join().unwrap()
}

/// What becomes of a call whose arguments are these.
fn call(number: libc::c_long, arguments: [i64; 3]) -> Result<i64, Errno> {
    let [first, second, third] = arguments;
    // SAFETY: the arguments are numbers or null pointers, which the kernel refuses where it needs memory.
    let result = unsafe { libc::syscall(number, first, second, third, 0, 0, 0) };
    let error = io::Error::last_os_error().raw_os_error().unwrap_or_default();
    if result < 0 { Err(Errno::from_raw_os_error(error)) } else { Ok(result) }
}

#[test]
fn programs_processes_and_what_no_service_needs_are_refused() {
    let raw = i64::from(libc::SOCK_RAW | libc::SOCK_CLOEXEC);
    let socket = |family: i32, kind| (libc::SYS_socket, [family.into(), kind, 0]);
    let refused = [
        (libc::SYS_execve, [0; 3]),
        (libc::SYS_execveat, [0; 3]),
        (libc::SYS_clone, [libc::SIGCHLD.into(), 0, 0]),
        (libc::SYS_ptrace, [i64::from(libc::PTRACE_ATTACH), 1, 0]),
        (libc::SYS_process_vm_readv, [1, 0, 0]),
        (libc::SYS_mount, [0; 3]),
        (libc::SYS_unshare, [0; 3]),
        (libc::SYS_setns, [0; 3]),
        (libc::SYS_setuid, [0; 3]),
        (libc::SYS_bpf, [0; 3]),
        (libc::SYS_io_uring_setup, [1, 0, 0]),
        (libc::SYS_open_by_handle_at, [0; 3]),
        socket(libc::AF_PACKET, raw),
        socket(libc::AF_NETLINK, libc::SOCK_DGRAM.into()),
        socket(libc::AF_INET, raw),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_execve | 0x4000_0000, [0; 3]),
    ];
    let outcomes = confined(move || {
        refuse_calls().unwrap();
        refused.map(|(number, arguments)| (number, call(number, arguments)))
    });
    for (number, outcome) in outcomes {
        assert_eq!(outcome, Err(Errno::PERM), "call {number}");
    }
    // Nobody else has lost anything.
    assert!(Command::new("true").status().unwrap().success());
}

#[test]
fn threads_sockets_and_files_are_left() {
    confined(|| {
        refuse_calls().unwrap();
        let inherited = thread::spawn(|| Command::new("true").spawn().map(drop));
        let error = inherited.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        here.write_all(b"x").unwrap();
        listener.accept().unwrap().0.read_exact(&mut [0]).unwrap();
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("file"), "x").unwrap();
    });
}

#[test]
fn who_only_serves_opens_nothing_and_starts_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"x").unwrap();
        stream.read(&mut [0]).unwrap()
    });
    confined(move || {
        only_serve(Serving::default()).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0]).unwrap();
        stream.write_all(&vec![b'x'; 1 << 20][..1]).unwrap();
        let denied = |error: io::Error| {
            assert_eq!(error.raw_os_error(), Some(libc::EPERM), "{error}");
        };
        denied(File::open("/proc/self/status").unwrap_err());
        denied(TcpStream::connect(address).unwrap_err());
        denied(thread::Builder::new().spawn(|| ()).unwrap_err());
        let executable = i64::from(libc::PROT_READ | libc::PROT_EXEC);
        assert_eq!(call(libc::SYS_mmap, [0, 4096, executable]), Err(Errno::PERM));
    });
    assert_eq!(client.join().unwrap(), 1);
    confined(move || {
        only_serve(Serving { connects: true }).unwrap();
        // Nobody listens there: the address before may be another test's by now.
        let nobody = SocketAddr::from(([127, 0, 88, 1], address.port()));
        let error = TcpStream::connect(nobody).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn files_that_nobody_named_are_refused() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    for name in ["ours", "read", "others"] {
        fs::create_dir(path(name)).unwrap();
        fs::write(path(name).join("file"), name).unwrap();
    }
    let files = Files::default()
        .allow(&path("ours"), Access::Write)
        .allow_replaced(&path("read").join("file"), Access::Read)
        .allow(Path::new("/there/is/none"), Access::Write);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let [ours, read, others] = ["ours", "read", "others"].map(path);
    let enforced = confined(move || {
        let enforced = files.restrict(false).unwrap();
        if enforced == Enforced::Nothing {
            return enforced;
        }
        let denied = |outcome: io::Result<()>| {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
        };
        fs::write(ours.join("draft"), "new").unwrap();
        fs::rename(ours.join("draft"), ours.join("file")).unwrap();
        fs::remove_file(ours.join("file")).unwrap();
        assert_eq!(fs::read_to_string(read.join("file")).unwrap(), "read");
        denied(fs::write(read.join("file"), "x"));
        denied(fs::read(others.join("file")).map(drop));
        denied(fs::read("/etc/passwd").map(drop));
        denied(fs::read_dir("/").map(drop));
        denied(std::os::unix::fs::symlink("/etc/passwd", ours.join("link")));
        // From the fourth version on.
        if !matches!(enforced, Enforced::Partially(..=3)) {
            denied(TcpStream::connect(address).map(drop));
            denied(TcpListener::bind("127.0.0.1:0").map(drop));
        }
        enforced
    });
    if enforced == Enforced::Nothing {
        assert!(std::env::var_os("CI").is_none(), "needed here: Landlock");
        eprintln!("skipped: Landlock, which this kernel does not have");
    }
}
