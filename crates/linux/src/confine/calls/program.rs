//! A filter as the kernel runs it: a program in classic BPF that finds the number of a system call by a binary
//! search.
//!
//! The kernel tries each new filter on every number that there is. With one comparison after the other that
//! took a tenth of the time in which a service starts; it is why no library makes these programs.

use std::collections::BTreeMap;

use libc::{c_long, sock_filter};

/// What is done with a call: instructions each way through which ends with an action.
pub(super) type Rule = Vec<sock_filter>;

/// What `seccomp_data` says of the instruction set. A filter for another one knows other numbers.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_003e);
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
const ARCHITECTURE: Option<u32> = Some(0xc000_00b7);
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little"))))]
const ARCHITECTURE: Option<u32> = None;

// Instructions, from the kernel's `bpf_common.h`.
const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_NOT_LESS: u16 = 0x35;
const RETURN: u16 = 0x06;

// Where `seccomp_data` has what is loaded; of an argument the lower half, which is all that these calls use.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;
const ARGUMENTS_AT: u32 = 16;

/// From here on are the numbers of programs of another data model (x32), some of them for calls of their own.
const OTHER_MODEL: u32 = 0x4000_0000;

pub(super) fn allow() -> Rule {
    vec![statement(RETURN, libc::SECCOMP_RET_ALLOW)]
}

/// The call fails with this error.
pub(super) fn fail(error: i32) -> Rule {
    vec![statement(RETURN, libc::SECCOMP_RET_ERRNO | error.cast_unsigned())]
}

/// The first rule if an argument has this value where the mask has ones, else the second.
pub(super) fn choose(argument: u32, mask: u32, value: u32, then: Rule, otherwise: Rule) -> Rule {
    let head = [
        statement(LOAD, ARGUMENTS_AT + 8 * argument),
        statement(AND, mask),
        jump(JUMP_IF_EQUAL, value, 0, then.len()),
    ];
    head.into_iter().chain(then).chain(otherwise).collect()
}

/// The program that has a rule for each of these calls, and one for all others. `None` for an instruction set
/// that it does not know.
pub(super) fn program(rules: BTreeMap<c_long, Rule>, otherwise: &Rule) -> Option<Vec<sock_filter>> {
    let mut program = vec![
        statement(LOAD, ARCHITECTURE_AT),
        jump(JUMP_IF_EQUAL, ARCHITECTURE?, 1, 0),
        statement(RETURN, libc::SECCOMP_RET_KILL_PROCESS),
        statement(LOAD, NUMBER_AT),
        jump(JUMP_IF_NOT_LESS, OTHER_MODEL, 0, 1),
    ];
    program.extend(fail(libc::EPERM));
    program.extend(search(&ranges(rules, otherwise)?));
    Some(program)
}

/// Where the rules of numbers change: the first number of each range that has one rule, from 0 on. The kernel
/// compiles a filter for each thread that it is for, and tries it on all numbers, so few instructions count.
fn ranges(rules: BTreeMap<c_long, Rule>, otherwise: &Rule) -> Option<Vec<(u32, Rule)>> {
    let mut ranges = vec![(0, otherwise.clone())];
    for (number, rule) in rules {
        let number = u32::try_from(number).ok()?;
        // What the one before assumed of all that follow it.
        ranges.pop_if(|(first, _)| *first == number);
        ranges.push((number, rule));
        ranges.push((number + 1, otherwise.clone()));
    }
    let parts = |rule: &Rule| -> Vec<_> {
        rule.iter().map(|&sock_filter { code, jt, jf, k }| (code, jt, jf, k)).collect()
    };
    ranges.dedup_by(|(_, rule), (_, before)| parts(rule) == parts(before));
    Some(ranges)
}

/// Finds the range that a loaded number is in.
fn search(ranges: &[(u32, Rule)]) -> Rule {
    match ranges {
        [] => Rule::new(),
        [(_, rule)] => rule.clone(),
        _ => {
            let (low, high) = ranges.split_at(ranges.len() / 2);
            let middle = high[0].0;
            let (low, high) = (search(low), search(high));
            [vec![jump(JUMP_IF_NOT_LESS, middle, low.len(), 0)], low, high].concat()
        }
    }
}

fn statement(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

/// Goes on so many instructions after the next one.
///
/// # Panics
/// For more than 255, which the rules of this crate do not reach; its tests make all of them.
fn jump(code: u16, k: u32, if_true: usize, if_false: usize) -> sock_filter {
    let distance = |to| u8::try_from(to).expect("the target of a jump is within 255 instructions");
    sock_filter { code, jt: distance(if_true), jf: distance(if_false), k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would return for a call with this first argument.
    fn run(program: &[sock_filter], architecture: u32, number: u32, argument: u32) -> u32 {
        let data = [number, architecture, 0, 0, argument, 0];
        let (mut next, mut loaded) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[next];
            let jump = |condition| usize::from(if condition { jt } else { jf });
            next += 1;
            match code {
                LOAD => loaded = data[k as usize / 4],
                AND => loaded &= k,
                JUMP_IF_EQUAL => next += jump(loaded == k),
                JUMP_IF_NOT_LESS => next += jump(loaded >= k),
                RETURN => return k,
                _ => panic!("{code:#x} is no instruction of these programs"),
            }
        }
    }

    #[test]
    fn each_call_has_its_rule_and_others_have_the_last() {
        let error = |error: i32| libc::SECCOMP_RET_ERRNO | error.cast_unsigned();
        for count in 0..90 {
            let listed: Vec<c_long> = (0..count).map(|index| index * 7 % 451).collect();
            let rules = listed.iter().map(|call| (*call, fail(libc::ENOSYS))).collect();
            let Some(program) = program(rules, &allow()) else { return };
            let verdict = |number| run(&program, ARCHITECTURE.unwrap_or_default(), number, 0);
            for number in 0..600 {
                let is_listed = listed.contains(&number.into());
                let expected =
                    if is_listed { error(libc::ENOSYS) } else { libc::SECCOMP_RET_ALLOW };
                assert_eq!(verdict(number), expected, "{number} of {count}");
            }
            for number in [OTHER_MODEL, OTHER_MODEL | 0x3b, u32::MAX] {
                assert_eq!(verdict(number), error(libc::EPERM), "{number:#x}");
            }
            assert_eq!(run(&program, 0x4000_0003, 11, 0), libc::SECCOMP_RET_KILL_PROCESS);
        }
    }

    #[test]
    fn a_rule_may_depend_on_an_argument() {
        let rule = choose(0, 0b110, 0b010, fail(libc::EPERM), allow());
        let Some(program) = program(BTreeMap::from([(5, rule)]), &fail(libc::ENOSYS)) else {
            return;
        };
        for (argument, is_allowed) in [(0b010, false), (0b1011, false), (0, true), (0b111, true)] {
            let verdict = run(&program, ARCHITECTURE.unwrap_or_default(), 5, argument);
            assert_eq!(verdict == libc::SECCOMP_RET_ALLOW, is_allowed, "{argument:#b}");
        }
    }
}
