//! Every case that holds a shell or Python script is run: as it was, and rewritten, on instances
//! that answer IMDSv1 and on instances that do not.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use imds_migrate::{Finding, Rule};
use testkit::{Context as _, Need, Result, Trial, ensure, tests};

use super::cases::{self, Case, Notes};
use super::stage::{self, Machine, Outcome, run};

const NITRO: &str = "t3.micro";
const XEN: &str = "t2.micro";

/// The image of instances that answer IMDSv1, and of those that do not.
const V1: &str = "al2";
const V2: &str = "al2023";

/// Cases of these languages are run.
const LANGUAGES: [&str; 9] =
    ["shell", "python", "dockerfile", "hcl", "json", "makefile", "mime", "systemd", "yaml"];

/// There may be more, never fewer.
const AT_LEAST_RUN: usize = 250;
const AT_LEAST_CLEAN: usize = 34;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests![&[]; clean_files_have_no_finding];
    tests.extend(tests![
        &[Need::Python, Need::Program("curl"), Need::Program("wget"), Need::Program("jq"),
          Need::Program("busybox"), Need::Program("make")];
        rewrites_print_what_the_originals_printed,
    ]);
    tests
}

/// What is known of a case once it has run.
#[derive(Default)]
struct Verdict {
    /// Rewritten, and all is as it was.
    is_equal: bool,
    /// Whether its output tells IMDSv1 from a refusal.
    tells: bool,
    /// Requests without a token, in all its runs.
    tokenless: usize,
    /// Those among them whose path no finding names.
    misses: Vec<String>,
    /// The paths of findings whose request the original did not make.
    idle: Vec<String>,
}

// long function: a case is run, rewritten, run again and judged, in this order.
fn rewrites_print_what_the_originals_printed() -> Result<()> {
    let notes = cases::notes()?;
    let mut cases = vec![cases::long()?];
    for language in LANGUAGES {
        cases.extend(cases::of(language)?);
    }
    let names: Vec<&str> = cases.iter().map(|case| &*case.name).chain(LANGUAGES).collect();
    let lists = [
        &notes.run,
        &notes.carried,
        &notes.not_runnable,
        &notes.only_in_the_log,
        &notes.nitro_only,
        &notes.not_asked,
    ];
    let listed = lists.into_iter().flat_map(BTreeMap::keys).chain(notes.needs_module.keys());
    for name in listed {
        ensure!(names.contains(&&**name), "cases.toml names {name}, which is not there");
    }
    let (runnable, rest): (Vec<_>, Vec<_>) = cases.iter().partition(|case| runs(case, &notes));
    for case in &rest {
        eprintln!("migrate: not runnable: {}: {}", case.name, why_not(case, &notes));
    }
    let images = images(&notes)?;
    let verdicts = in_parallel(&runnable, |case| verdict(case, &notes, &images));

    let (mut sum, mut equal, mut failures) = (Verdict::default(), 0, Vec::new());
    let mut only_in_the_log = Vec::new();
    for (case, verdict) in runnable.iter().zip(verdicts) {
        match verdict {
            Ok(verdict) => {
                equal += usize::from(verdict.is_equal);
                if verdict.is_equal && !verdict.tells {
                    only_in_the_log.push(case.name.as_str());
                }
                sum.tokenless += verdict.tokenless;
                let of = |what: &'static str| {
                    move |path: String| format!("{}: {what} {path}", case.name)
                };
                sum.misses.extend(verdict.misses.into_iter().map(of("a miss: no finding reads")));
                match (notes.not_asked.get(&case.name), verdict.idle.is_empty()) {
                    (None, _) => {
                        let told = of("a false alarm? found, not asked for:");
                        sum.idle.extend(verdict.idle.into_iter().map(told));
                    }
                    (Some(why), false) => eprintln!("migrate: not asked: {}: {why}", case.name),
                    (Some(_), true) => failures.push(format!("{} does ask", case.name)),
                }
            }
            Err(error) => failures.push(format!("{}: {error:#}", case.name)),
        }
    }
    eprintln!(
        "migrate: {} cases with scripts: {} run, {} not runnable; {equal} rewritten and equal \
         ({} of them told apart by the log alone), {} with nothing to rewrite\n\
         migrate: {} requests without a token, misses: {}; findings that no run came upon: {}",
        cases.len(),
        runnable.len(),
        rest.len(),
        only_in_the_log.len(),
        runnable.len() - equal - failures.len(),
        sum.tokenless,
        sum.misses.len(),
        sum.idle.len(),
    );
    failures.extend(sum.misses);
    failures.extend(sum.idle);
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    let listed: Vec<&str> = notes.only_in_the_log.keys().map(String::as_str).collect();
    only_in_the_log.sort_unstable();
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

fn verdict(case: &Case, notes: &Notes, images: &Images) -> Result<Verdict> {
    let command = case.command(notes);
    let on = |text: &[u8], image, instance_type| -> Result<Outcome> {
        let outcome = run(case, text, &command, Machine { image, instance_type })?;
        Ok(images.forget(outcome))
    };
    let before = on(&case.before, V1, NITRO)?;
    let mut verdict = Verdict::default();
    verdict.explain(&before, &case.findings);
    verdict.idle = idle(&before, &case.findings);
    if !case.is_rewritten() {
        return Ok(verdict);
    }
    ensure!(!before.tokenless.is_empty(), "a false alarm: no request without a token: {before:#?}");
    // Where IMDSv1 is answered, the rewritten file has no more use for it.
    verdict.explain(&on(&case.after, V1, NITRO)?, &case.left);
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
        verdict.tells |= told;
        let fixed = on(&case.after, V2, instance_type)?;
        verdict.explain(&fixed, &case.left);
        if !case.left.is_empty() {
            continue;
        }
        // A rewrite may ask for less (boto 2 walks the tree), never for something else.
        let asked_alike = if told {
            fixed.answers.iter().all(|answer| expected.answers.contains(answer))
        } else {
            fixed.answers == expected.answers
        };
        ensure!(
            fixed.visible() == expected.visible() && asked_alike,
            "{instance_type}: was {expected:#?}\nis {fixed:#?}"
        );
    }
    verdict.is_equal = true;
    Ok(verdict)
}

impl Verdict {
    /// Holds each request without a token against the findings of the file that sent it.
    fn explain(&mut self, outcome: &Outcome, findings: &[Finding]) {
        self.tokenless += outcome.tokenless.len();
        let is_named = |path: &&String| findings.iter().any(|finding| reads(finding, path));
        self.misses.extend(outcome.tokenless.iter().filter(|path| !is_named(path)).cloned());
    }
}

/// What the findings say is asked for, and was not: a branch that was not taken, or a false alarm.
fn idle(outcome: &Outcome, findings: &[Finding]) -> Vec<String> {
    let requests = findings.iter().filter(|finding| finding.rule == Rule::TokenlessRequest);
    let idle = requests
        .filter(|finding| !outcome.tokenless.iter().any(|path| reads(finding, path)))
        .map(|finding| finding.reads.join(", "));
    idle.collect()
}

/// Whether the finding is of a request for `path`, which the log writes without a last slash.
fn reads(finding: &Finding, path: &str) -> bool {
    let fits = |pattern: &String, path: &str| {
        let mut parts = pattern.split('*');
        let Some(rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
            return false;
        };
        let mut open = None;
        let rest = parts.try_fold(rest, |rest, part| {
            open = Some(part);
            rest.find(part).map(|at| &rest[at + part.len()..])
        });
        rest.is_some_and(|rest| rest.is_empty() || open == Some(""))
    };
    let with_slash = format!("{path}/");
    finding.reads.iter().any(|pattern| fits(pattern, path) || fits(pattern, &with_slash))
}

/// The ids of the two images: the one thing in which two instances differ here.
struct Images(Vec<String>);

fn images(notes: &Notes) -> Result<Images> {
    let case = cases::of("shell")?.into_iter().next().context("no case")?;
    let ask = b"curl -s http://169.254.169.254/latest/meta-data/ami-id".as_slice();
    let token =
        b"curl -s http://169.254.169.254/latest/meta-data/ami-id -H \"X-aws-ec2-metadata-token: \
        $(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
        http://169.254.169.254/latest/api/token)\"";
    let id = |text: &[u8], image| -> Result<String> {
        let machine = Machine { image, instance_type: NITRO };
        let id = run(&case, text, &case.command(notes), machine)?.stdout;
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
    let results = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = make(item);
                    results.lock().unwrap().insert(index, result);
                }
            });
        }
    });
    results.into_inner().unwrap().into_values().collect()
}
