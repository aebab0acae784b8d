//! Child processes in namespaces of their own, and `exec`.

use std::ffi::{CString, OsStr, OsString, c_char};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{env, fs, io, iter, process, ptr, slice};

use rustix::process::{
    Gid, Pid, PidfdFlags, Signal, Uid, WaitOptions, pidfd_open, set_parent_process_death_signal,
    setsid, wait, waitpid,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

use crate::Error;

/// The exit code of a child whose body panicked.
pub const PANICKED: u8 = 70;

/// The namespaces that a forked child has of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Isolation {
    /// None: a plain fork.
    None,
    /// Process ids (the child is 1), network, mounts, System V IPC and host name. When it ends, the
    /// kernel kills every process in there.
    Machine,
    /// The same in a user namespace of its own, in which the child has every capability, and none over
    /// namespaces of its parent. Its ids are not mapped yet: see
    /// [`map_as_here`](crate::user_namespace::map_as_here).
    OwnedMachine,
}

/// A child process that has not been waited for.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// It exited with this code.
    Exited(u8),
    /// It was killed by this signal.
    Killed(i32),
}

impl Ending {
    /// The exit code that a shell reports: the code, or 128 plus the signal's number.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Killed(number) => u8::try_from(number).unwrap_or_default().wrapping_add(128),
        }
    }
}

/// A change of a child's state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChildEvent {
    /// A child ended.
    Ended(Pid, Ending),
    /// A child was stopped by this signal.
    Stopped(Pid, i32),
    /// A stopped child was continued.
    Continued(Pid),
}

/// Forks. The child runs `body`, then ends with the code that it returns; it never returns to the
/// caller's code.
///
/// # Errors
/// [`Error::Threads`] if the process has more than one thread: the child would inherit locks that
/// no thread in it can release.
pub fn fork(isolation: Isolation, body: impl FnOnce() -> u8) -> Result<Child, Error> {
    const MACHINE: libc::c_int = libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS;
    let count = threads()?;
    if count != 1 {
        return Err(Error::Threads { count });
    }
    let flags = match isolation {
        Isolation::None => 0,
        Isolation::Machine => MACHINE,
        Isolation::OwnedMachine => MACHINE | libc::CLONE_NEWUSER,
    };
    // SAFETY: without `CLONE_VM` and with no stack of its own this is `fork`: the child runs on a
    // copy of everything. No other thread exists, so no lock is held in the copy. The order of the
    // arguments after the stack differs between architectures; all of them are zero.
    let outcome = unsafe { libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD, 0, 0, 0, 0) };
    let pid = i32::try_from(outcome).ok().filter(|pid| *pid > 0).and_then(Pid::from_raw);
    match pid {
        Some(pid) => Ok(Child { pid }),
        None if outcome == 0 => {
            let code = catch_unwind(AssertUnwindSafe(body)).unwrap_or(PANICKED);
            // SAFETY: ends the process at once; nothing of the parent's is flushed or dropped here.
            unsafe { libc::_exit(code.into()) }
        }
        None => {
            let operation = match isolation {
                Isolation::None => "fork",
                Isolation::Machine => "make the program's namespaces",
                Isolation::OwnedMachine => "make the program's namespaces and a user namespace",
            };
            Err(failed(operation)(io::Error::last_os_error()))
        }
    }
}

impl Child {
    /// Its process id, as the caller's process id namespace numbers it.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Kills it, and with it everything in its process id namespace if it has its own.
    pub fn kill(&self) {
        // It can only fail because the child is gone already.
        let _ = rustix::process::kill_process(self.pid, Signal::KILL);
    }

    /// How it ended, if it has. Must not be called again after that.
    pub fn ended(&self) -> Result<Option<Ending>, Error> {
        let status = rustix::io::retry_on_intr(|| waitpid(Some(self.pid), WaitOptions::NOHANG))
            .map_err(|error| failed("wait for a child")(error.into()))?;
        Ok(status.and_then(|(_, status)| ending(status)))
    }

    /// Waits until it ends.
    pub fn wait(&self) -> Result<Ending, Error> {
        loop {
            let status =
                rustix::io::retry_on_intr(|| waitpid(Some(self.pid), WaitOptions::empty()))
                    .map_err(|error| failed("wait for a child")(error.into()))?;
            if let Some(ending) = status.and_then(|(_, status)| ending(status)) {
                return Ok(ending);
            }
        }
    }
}

/// Takes the next state change of any child, including adopted orphans. `None` if no change is pending, or
/// there is no child.
pub fn next_child_event() -> Option<ChildEvent> {
    let status = wait(WaitOptions::NOHANG | WaitOptions::UNTRACED | WaitOptions::CONTINUED);
    let (pid, status) = status.ok().flatten()?;
    match (ending(status), status.stopping_signal()) {
        (Some(ending), _) => Some(ChildEvent::Ended(pid, ending)),
        (None, Some(signal)) => Some(ChildEvent::Stopped(pid, signal)),
        (None, None) => Some(ChildEvent::Continued(pid)),
    }
}

/// Sends a signal to a process; has no effect if the process has ended.
pub fn send_signal(pid: Pid, number: i32) {
    // SAFETY: sending a signal touches no memory of ours.
    unsafe { libc::kill(pid.as_raw_nonzero().get(), number) };
}

/// Has the kernel kill the calling process as soon as its parent's forking thread ends.
///
/// A parent that is gone already is not noticed: check that over a pipe afterwards.
pub fn die_with_parent() -> Result<(), Error> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| failed("tie the process to its parent")(error.into()))
}

/// Starts a program apart from us: in a session of its own, so that it has no terminal to ask at and
/// can be killed with all that it starts (see [`kill_session`]), and killed itself as soon as the
/// calling thread ends.
///
/// # Errors
/// As [`Command::spawn`](std::process::Command::spawn).
pub fn spawn_apart(command: &mut process::Command) -> io::Result<process::Child> {
    let apart = || {
        setsid()?;
        set_parent_process_death_signal(Some(Signal::KILL))?;
        Ok(())
    };
    // SAFETY: both are single system calls, which may be made between fork and exec.
    unsafe { command.pre_exec(apart) }.spawn()
}

/// Kills a program that was started apart and has not been waited for, and what it has started,
/// unless that has gone into another process group.
pub fn kill_session(leader: &process::Child) {
    let pid = i32::try_from(leader.id()).ok().and_then(Pid::from_raw);
    // It can only fail because all are gone already.
    let _ = pid.map(|pid| rustix::process::kill_process_group(pid, Signal::KILL));
}

/// Drops every capability, in the calling thread, for good.
pub fn drop_capabilities() -> Result<(), Error> {
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .map_err(|error| failed("drop capabilities")(error.into()))
}

/// Keeps only these capabilities, in the calling thread; programs that root starts from it have all
/// of the bounding set again.
pub fn keep_capabilities(kept: CapabilitySet) -> Result<(), Error> {
    let failed = failed("drop capabilities");
    let read = capabilities(None)
        .map_err(|error| Error::Process { operation: "read capabilities", source: error.into() })?;
    let kept = kept & read.permitted;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable: none })
        .map_err(|error| failed(error.into()))
}

/// Whether the calling thread has all of these capabilities.
pub fn has_capabilities(wanted: CapabilitySet) -> bool {
    capabilities(None).is_ok_and(|own| own.effective.contains(wanted))
}

/// Becomes another user, if there is one to become, without any other group; drops all capabilities
/// but `kept`, those of the bounding set too; and neither the process nor what it starts can gain any
/// (`no_new_privs`). The process must have one thread. Another user keeps none.
pub fn drop_privileges(user: Option<(u32, u32)>, kept: CapabilitySet) -> Result<(), Error> {
    let count = threads()?;
    if count != 1 {
        return Err(Error::Threads { count });
    }
    let failed = |operation| move |error: rustix::io::Errno| failed(operation)(error.into());
    set_no_new_privs(true).map_err(failed("give up new privileges"))?;
    clear_ambient_capabilities()?;
    let own = capabilities(None).map_err(failed("read capabilities"))?;
    if own.effective.contains(CapabilitySet::SETPCAP) {
        for capability in CapabilitySet::all().iter() {
            match remove_capability_from_bounding_set(capability) {
                // A capability that this kernel does not know.
                Ok(()) | Err(rustix::io::Errno::INVAL) => {}
                Err(error) => return Err(failed("drop capabilities")(error)),
            }
        }
    }
    if let Some((uid, gid)) = user {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        set_thread_groups(&[]).map_err(failed("give up groups"))?;
        set_thread_res_gid(gid, gid, gid).map_err(failed("change the group"))?;
        set_thread_res_uid(uid, uid, uid).map_err(failed("change the user"))?;
    }
    keep_capabilities(kept)
}

/// A descriptor that becomes readable once the process ends.
pub fn watch_process(pid: u32) -> io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// Clears the capabilities that a program without any of its own would inherit.
pub fn clear_ambient_capabilities() -> Result<(), Error> {
    match clear_ambient_capability_set() {
        // Before Linux 4.3 there were none.
        Ok(()) | Err(rustix::io::Errno::INVAL) => Ok(()),
        Err(error) => Err(failed("clear ambient capabilities")(error.into())),
    }
}

/// Names the machine, in the calling process's host name namespace.
pub fn set_host_name(name: &str) -> Result<(), Error> {
    rustix::system::sethostname(name.as_bytes())
        .map_err(|error| failed("set the host name")(error.into()))
}

/// The name and value of an environment variable; `None` removes it.
pub type Variable = (&'static str, Option<String>);

/// A program's environment variables. Has no `Debug`: they may hold secrets.
#[derive(Clone)]
pub struct Environment {
    /// Whether it contains the calling process's variables.
    pub is_inherited: bool,
    /// Variables that are set or removed; they take precedence over inherited ones.
    pub variables: Vec<Variable>,
}

impl Default for Environment {
    /// The calling process's variables.
    fn default() -> Self {
        Self { is_inherited: true, variables: Vec::new() }
    }
}

/// Removes a variable from the calling process's environment, and from what `/proc` shows of it: the bytes
/// that the process was started with.
///
/// # Errors
/// [`Error::Threads`] if the process has more than one thread: another may be reading.
pub fn forget_variable(name: &str) -> Result<(), Error> {
    let count = threads()?;
    if count != 1 {
        return Err(Error::Threads { count });
    }
    let prefix = format!("{name}=");
    // SAFETY: no other thread exists, so nobody else uses the environment: `environ` is a list of pointers
    // to strings that ends with a null pointer, and the strings are writable. An overwritten string is
    // empty, and no longer in the list.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            let string = *entry;
            let length = libc::strlen(string);
            if slice::from_raw_parts(string.cast::<u8>(), length).starts_with(prefix.as_bytes()) {
                env::remove_var(name);
                ptr::write_bytes(string, 0, length);
                break;
            }
            entry = entry.add(1);
        }
    }
    Ok(())
}

unsafe extern "C" {
    /// The environment, as the C library and Rust's keep it.
    static environ: *const *mut c_char;
}

/// Replaces the process by another program, looked up in `PATH`. Returns only if that fails.
pub fn exec<'a>(
    program: &'a OsStr,
    arguments: impl Iterator<Item = &'a OsStr>,
    environment: &Environment,
) -> io::Error {
    let Environment { is_inherited, variables } = environment;
    let words = iter::once(program).chain(arguments).map(|word| CString::new(word.as_bytes()));
    let is_ours =
        |name: &OsStr| *is_inherited && !variables.iter().any(|(other, _)| *other == name);
    let inherited = env::vars_os().filter(|(name, _)| is_ours(name));
    let overrides = variables
        .iter()
        .filter_map(|(name, value)| Some((OsString::from(name), OsString::from(value.as_ref()?))));
    let assignments = inherited
        .chain(overrides)
        .map(|(name, value)| CString::new([name.as_bytes(), value.as_bytes()].join(&b'=')));
    let (Ok(words), Ok(assignments)) =
        (words.collect::<Result<Vec<_>, _>>(), assignments.collect::<Result<Vec<_>, _>>())
    else {
        return io::ErrorKind::InvalidInput.into();
    };
    let (words_list, environment) = (null_terminated(&words), null_terminated(&assignments));
    // SAFETY: both lists end with a null pointer; they and their strings live until the call
    // returns, which it does only on failure.
    unsafe { libc::execvpe(words_list[0], words_list.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

fn null_terminated(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain(iter::once(ptr::null())).collect()
}

/// How many threads the process has, by its directory of them: each has one link to its parent.
fn threads() -> Result<u64, Error> {
    let directory =
        fs::metadata("/proc/self/task").map_err(failed("count the process's threads"))?;
    Ok(directory.nlink().saturating_sub(2))
}

fn ending(status: rustix::process::WaitStatus) -> Option<Ending> {
    let code = status.exit_status().and_then(|code| u8::try_from(code).ok()).map(Ending::Exited);
    code.or_else(|| status.terminating_signal().map(Ending::Killed))
}

fn failed(operation: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Process { operation, source }
}
