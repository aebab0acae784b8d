//! Launches that break off, and what undoes them.

use std::sync::Arc;

use imds_account::Store;
use imds_account::imds_kv::Kv;
use imds_account::sweep::Sweeper;

use crate::alone::control;
use crate::fateful::{Fate, Fateful};
use crate::over::Over;
use crate::{COUNT, KINDS, LAUNCH, NOW, answer, ask, count, instances, small, texts};

const FATES: [Fate; 4] = [Fate::DiesBefore, Fate::DiesAfter, Fate::Fails, Fate::IsUnknown];

/// Sweeps as often as it takes: a launch that broke off is seen, undone, seen and forgotten.
fn sweep(kv: &Arc<dyn Kv>) {
    let mut sweeper = Sweeper::new(Store::new(kv.clone()));
    (0..4).for_each(|_| sweeper.sweep(NOW).unwrap());
}

/// Whichever commit it is that fails, there is all of the launch or nothing of it: at once, and after sweeps.
#[test]
fn wherever_a_launch_breaks_off_there_is_all_or_nothing() {
    for fate in FATES {
        for nth in 0.. {
            let kv = small();
            let broken = Arc::new(Over(Fateful::new(&kv, nth, fate)));
            let document = answer(&control(Store::new(broken.clone())), LAUNCH);
            let is_over = broken.0.committed().len() <= nth;
            check(&kv, &document, &format!("{fate:?} at commit {nth}: {document}"));
            if is_over {
                assert!(nth > COUNT && texts(&document, "instanceId").len() == COUNT);
                break;
            }
        }
    }
}

fn check(kv: &Arc<dyn Kv>, document: &str, context: &str) {
    let (told, there) = (texts(document, "instanceId"), instances(kv));
    assert!(told.is_empty() || told == there, "{context}");
    assert!(there.is_empty() || there.len() == COUNT, "{} of it: {context}", there.len());
    sweep(kv);
    assert_eq!(instances(kv), there, "{context}");
    is_all_or_nothing(kv, !there.is_empty(), context);
    // The same request again does the rest: nothing, or all.
    let again = texts(&ask(kv, LAUNCH), "instanceId");
    assert_eq!(again.len(), COUNT, "{context}");
    assert!(there.is_empty() || again == there, "{context}");
}

fn is_all_or_nothing(kv: &Arc<dyn Kv>, is_there: bool, context: &str) {
    assert_eq!(count(kv, "launches/"), 0, "{context}");
    for kind in KINDS.into_iter().chain(["client-tokens/"]) {
        assert_eq!(count(kv, kind) > 0, is_there, "{kind}: {context}");
    }
}

/// A sweep that dies while it undoes a launch leaves the rest to another one.
#[test]
fn wherever_a_sweep_breaks_off_another_one_goes_on() {
    for nth in 0.. {
        let kv = small();
        let broken = Fateful::new(&kv, COUNT / 2, Fate::DiesBefore);
        answer(&control(Store::new(Arc::new(Over(broken)))), LAUNCH);
        assert!(count(&kv, "instances/") > 2 && instances(&kv).is_empty());
        let broken = Arc::new(Over(Fateful::new(&kv, nth, Fate::DiesBefore)));
        let mut sweeper = Sweeper::new(Store::new(broken.clone()));
        let swept = (0..4).map(|_| sweeper.sweep(NOW)).collect::<Vec<_>>();
        assert!(instances(&kv).is_empty(), "{swept:?}");
        sweep(&kv);
        is_all_or_nothing(&kv, false, &format!("{nth} commits"));
        if broken.0.committed().len() <= nth {
            assert!(nth > 4, "{nth} commits");
            return;
        }
    }
}

/// One that stood still while the sweep undid its launch writes no more of it, and launches anew.
#[test]
fn a_launch_that_was_undone_meanwhile_begins_again() {
    for nth in 1.. {
        let kv = small();
        let inner = kv.clone();
        let stopped = Arc::new(Over(Fateful::interrupted(&kv, nth, move || sweep(&inner))));
        let made = texts(&answer(&control(Store::new(stopped.clone())), LAUNCH), "instanceId");
        assert_eq!((made.len(), instances(&kv)), (COUNT, made), "at commit {nth}");
        sweep(&kv);
        is_all_or_nothing(&kv, true, &format!("at commit {nth}"));
        assert_eq!(count(&kv, "addresses/"), COUNT);
        if stopped.0.committed().len() <= nth {
            return;
        }
    }
}
