//! Seccomp: which system calls. What is refused fails with `EPERM`, as if the user lacked the right: that
//! shows in an error message, where a killed process would say nothing.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::io;

use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use crate::Error;

mod table;

use super::Serving;
use table::{CONNECTING, REFUSED, SERVING};

/// The calls with a condition on one argument: its index, and which bits of it have which value.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Programs of another data model (x32) have numbers of their own for the same calls.
#[cfg(target_arch = "x86_64")]
const OTHER_MODEL: [i64; 2] = [0, 0x4000_0000];
#[cfg(not(target_arch = "x86_64"))]
const OTHER_MODEL: [i64; 1] = [0];

/// From now on the calling thread, and those that it starts, cannot run programs or start processes, trace
/// others, change mounts, namespaces, users or the machine, use raw sockets or those of unusual families, or
/// make an `io_uring`, whose operations no filter sees. Cannot be undone.
pub fn refuse_calls() -> Result<(), Error> {
    let everywhere = |calls: &[i64]| -> Rules {
        let numbers = calls.iter().flat_map(|call| OTHER_MODEL.map(|model| call | model));
        numbers.map(|call| (call, Vec::new())).collect()
    };
    // A thread is started by `clone3` or by `clone`; only of the second does a filter see what it is for.
    let unseen = everywhere(&[libc::SYS_clone3]);
    let mut refused = everywhere(REFUSED);
    let is_process = has(0, libc::CLONE_THREAD.cast_unsigned().into(), 0)?;
    refused.insert(libc::SYS_clone, vec![rule(vec![is_process])?]);
    let families = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];
    let unusual = families.iter().map(|family| {
        let family = u64::from(family.cast_unsigned());
        condition(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family)
    });
    let raw = has(1, 0xf, libc::SOCK_RAW.cast_unsigned().into())?;
    let sockets = vec![rule(unusual.collect::<Result<_, _>>()?)?, rule(vec![raw])?];
    refused.insert(libc::SYS_socket, sockets);
    install(unseen, SeccompAction::Allow, errno(libc::ENOSYS))?;
    install(refused, SeccompAction::Allow, errno(libc::EPERM))
}

/// From now on the calling thread can do no more than what answering on sockets takes: no file can be opened,
/// no thread started, no memory made executable. Cannot be undone.
pub fn only_serve(Serving { connects }: Serving) -> Result<(), Error> {
    let connecting = if connects { CONNECTING } else { &[] };
    let calls = SERVING.iter().chain(connecting);
    let mut allowed: Rules = calls.map(|call| (*call, Vec::new())).collect();
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let not_executable = has(2, libc::PROT_EXEC.cast_unsigned().into(), 0)?;
        allowed.insert(call, vec![rule(vec![not_executable])?]);
    }
    install(allowed, errno(libc::EPERM), SeccompAction::Allow)
}

fn errno(number: i32) -> SeccompAction {
    SeccompAction::Errno(number.cast_unsigned())
}

/// Whether an argument has this value where the mask has ones.
fn has(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, Error> {
    condition(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(mask), value)
}

fn condition(
    argument: u8,
    length: SeccompCmpArgLen,
    comparison: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, Error> {
    SeccompCondition::new(argument, length, comparison, value).map_err(failed)
}

fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, Error> {
    SeccompRule::new(conditions).map_err(failed)
}

fn install(rules: Rules, otherwise: SeccompAction, action: SeccompAction) -> Result<(), Error> {
    let architecture = TargetArch::try_from(ARCH).map_err(failed)?;
    let filter = SeccompFilter::new(rules, otherwise, action, architecture).map_err(failed)?;
    let program: seccompiler::BpfProgram = filter.try_into().map_err(failed)?;
    seccompiler::apply_filter(&program).map_err(|error| match error {
        seccompiler::Error::Prctl(source) | seccompiler::Error::Seccomp(source) => {
            Error::Process { operation: "filter system calls", source }
        }
        error => failed(error),
    })
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Process { operation: "filter system calls", source: io::Error::other(error) }
}
