//! Every shell and Python case is run: as it was, and rewritten, on instances that answer IMDSv1
//! and on instances that do not.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use testkit::{Context as _, Need, Result, Trial, ensure, tests};

use super::cases::{self, Case, Notes};
use super::stage::{self, Machine, Outcome, run};

const NITRO: &str = "t3.micro";
const XEN: &str = "t2.micro";

/// The image of instances that answer IMDSv1, and of those that do not.
const V1: &str = "al2";
const V2: &str = "al2023";

/// There may be more, never fewer.
const AT_LEAST_RUN: usize = 145;
const AT_LEAST_CLEAN: usize = 21;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests![&[]; clean_files_have_no_finding];
    tests.extend(tests![
        &[Need::Python, Need::Program("curl"), Need::Program("wget"), Need::Program("jq"),
          Need::Program("busybox")];
        rewrites_print_what_the_originals_printed,
    ]);
    tests
}

/// What is known of a case once it has run.
enum Verdict {
    /// Rewritten, and all is as it was; whether its output tells IMDSv1 from a refusal.
    Equal { tells: bool },
    /// Nothing to rewrite: shown to people, or clean.
    Shown,
}

fn rewrites_print_what_the_originals_printed() -> Result<()> {
    let notes = cases::notes()?;
    let mut cases = cases::of("shell")?;
    cases.extend(cases::of("python")?);
    let names: Vec<&str> = cases.iter().map(|case| &*case.name).collect();
    let named = [&notes.run, &notes.not_runnable, &notes.only_in_the_log, &notes.nitro_only];
    let named = named.into_iter().flat_map(BTreeMap::keys).chain(notes.needs_module.keys());
    for name in named {
        ensure!(names.contains(&&**name), "cases.toml names {name}, which is not there");
    }
    let (runnable, rest): (Vec<_>, Vec<_>) = cases.iter().partition(|case| runs(case, &notes));
    for case in &rest {
        eprintln!("migrate: not runnable: {}: {}", case.name, why_not(case, &notes));
    }
    let images = images()?;
    let verdicts = in_parallel(&runnable, |case| verdict(case, &notes, &images));

    let mut failures = Vec::new();
    let (mut equal, mut only_in_the_log, mut shown) = (0, Vec::new(), 0);
    for (case, verdict) in runnable.iter().zip(verdicts) {
        match verdict {
            Ok(Verdict::Equal { tells }) => {
                equal += 1;
                if !tells {
                    only_in_the_log.push(case.name.as_str());
                }
            }
            Ok(Verdict::Shown) => shown += 1,
            Err(error) => failures.push(format!("{}: {error:#}", case.name)),
        }
    }
    eprintln!(
        "migrate: {} shell and Python cases: {} run, {} not runnable; {equal} rewritten and equal \
         ({} of them told apart by the log alone), {shown} with nothing to rewrite; misses: {}",
        cases.len(),
        runnable.len(),
        rest.len(),
        only_in_the_log.len(),
        failures.iter().filter(|failure| failure.contains(MISS)).count(),
    );
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    let listed: Vec<&str> = notes.only_in_the_log.keys().map(String::as_str).collect();
    ensure!(only_in_the_log == listed, "only the log tells: {only_in_the_log:?}, not {listed:?}");
    ensure!(runnable.len() >= AT_LEAST_RUN, "only {} cases run", runnable.len());
    Ok(())
}

fn runs(case: &Case, notes: &Notes) -> bool {
    let module = notes.needs_module.get(&case.name);
    !notes.not_runnable.contains_key(&case.name)
        && module.is_none_or(|(module, _)| stage::python_has(module))
}

fn why_not<'a>(case: &Case, notes: &'a Notes) -> &'a str {
    let module = notes.needs_module.get(&case.name).map(|(_, why)| why);
    notes.not_runnable.get(&case.name).or(module).map_or("", String::as_str)
}

/// How a failure begins that is a miss: a request without a token that no finding explains.
const MISS: &str = "missed";

fn verdict(case: &Case, notes: &Notes, images: &Images) -> Result<Verdict> {
    let command = notes.run.get(&case.name).cloned().unwrap_or_else(|| case.command());
    let on = |text: &[u8], image, instance_type| -> Result<Outcome> {
        let outcome = run(case, text, &command, Machine { image, instance_type })?;
        Ok(images.forget(outcome))
    };
    let before = on(&case.before, V1, NITRO)?;
    ensure!(
        before.tokenless.is_empty() || !case.findings.is_empty(),
        "{MISS}: nothing is found, and without a token are read {:?}",
        before.tokenless
    );
    if !case.is_rewritten() {
        return Ok(Verdict::Shown);
    }
    ensure!(!before.tokenless.is_empty(), "a false alarm: no request without a token: {before:#?}");
    // Where IMDSv1 is answered, the rewritten file has no more use for it.
    let after = on(&case.after, V1, NITRO)?;
    ensure!(
        after.tokenless.is_empty() || case.left > 0,
        "{MISS}: rewritten, and without a token are read {:?}",
        after.tokenless
    );
    let mut tells = false;
    for instance_type in [NITRO, XEN] {
        if instance_type == XEN && notes.nitro_only.contains_key(&case.name) {
            continue;
        }
        let expected = match instance_type {
            NITRO => &before,
            _ => &on(&case.before, V1, instance_type)?,
        };
        let refused = on(&case.before, V2, instance_type)?;
        ensure!(
            refused.answers.iter().any(|(_, status)| *status == 401),
            "{instance_type}: the original is not refused: {refused:#?}"
        );
        let told = refused.visible() != expected.visible();
        tells |= told;
        let mended = on(&case.after, V2, instance_type)?;
        if case.left > 0 {
            continue;
        }
        // A rewrite may ask for less (boto 2 walks the tree), never for something else.
        let asked_alike = if told {
            mended.answers.iter().all(|answer| expected.answers.contains(answer))
        } else {
            mended.answers == expected.answers
        };
        ensure!(
            mended.visible() == expected.visible() && asked_alike,
            "{instance_type}: was {expected:#?}\nis {mended:#?}"
        );
    }
    Ok(Verdict::Equal { tells })
}

/// The ids of the two images: the one thing in which two instances differ here.
struct Images(Vec<String>);

fn images() -> Result<Images> {
    let case = cases::of("shell")?.into_iter().next().context("no case")?;
    let ask = b"curl -s http://169.254.169.254/latest/meta-data/ami-id".as_slice();
    let token =
        b"curl -s http://169.254.169.254/latest/meta-data/ami-id -H \"X-aws-ec2-metadata-token: \
        $(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
        http://169.254.169.254/latest/api/token)\"";
    let id = |text: &[u8], image| -> Result<String> {
        let machine = Machine { image, instance_type: NITRO };
        let id = run(&case, text, &case.command(), machine)?.stdout;
        ensure!(id.starts_with("ami-"), "no image id: {id}");
        Ok(id)
    };
    Ok(Images(vec![id(ask, V1)?, id(token, V2)?]))
}

impl Images {
    fn forget(&self, mut outcome: Outcome) -> Outcome {
        for id in &self.0 {
            outcome.stdout = outcome.stdout.replace(id, "ami");
            for text in outcome.files.values_mut() {
                *text = text.replace(id, "ami");
            }
        }
        outcome
    }
}

/// Files that only mention the address, speak IMDSv2 already, or mean another cloud.
fn clean_files_have_no_finding() -> Result<()> {
    let (mut clean, mut alarms) = (0, BTreeMap::new());
    for language in cases::languages()? {
        for case in cases::of(&language)? {
            if ![
                "only-mentions",
                "already-v2",
                "is-fine",
                "gcp",
                "azure",
                "other-clouds",
                "/ecs",
                "cfn-good",
                "required",
            ]
            .iter()
            .any(|word| case.name.contains(word))
            {
                continue;
            }
            clean += 1;
            if !case.findings.is_empty() {
                alarms.insert(case.name, case.findings.len());
            }
        }
    }
    eprintln!("migrate: {clean} clean files, false alarms: {}", alarms.len());
    ensure!(alarms.is_empty(), "{alarms:?}");
    ensure!(clean >= AT_LEAST_CLEAN, "only {clean} clean files");
    Ok(())
}

/// The results in the order of `items`, made by as many threads as there are processors.
fn in_parallel<T: Sync, R: Send>(items: &[T], make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let made = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = make(item);
                    made.lock().unwrap().insert(index, result);
                }
            });
        }
    });
    made.into_inner().unwrap().into_values().collect()
}
