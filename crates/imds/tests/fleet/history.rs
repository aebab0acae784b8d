//! What callers did and were told, for a judge that is not ours: stateright's tester of linearizability.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester};
use testkit::{Result, ensure};

/// A value of a register: an instance's hop limit.
pub(super) type Value = u8;

/// Operations in the order in which they began and ended.
#[derive(Default)]
pub(super) struct History(Mutex<Vec<Event>>);

struct Event {
    operation: usize,
    what: What,
}

enum What {
    Invoked {
        register: String,
        caller: usize,
        operation: RegisterOp<Value>,
    },
    Returned(RegisterRet<Value>),
    /// It was not done, as the API says.
    Failed,
}

impl History {
    /// Notes that an operation begins; returns its number.
    pub(super) fn invoke(
        &self,
        register: &str,
        caller: usize,
        operation: RegisterOp<Value>,
    ) -> usize {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = events.len();
        let what = What::Invoked { register: register.to_owned(), caller, operation };
        events.push(Event { operation: number, what });
        number
    }

    pub(super) fn returned(&self, operation: usize, result: RegisterRet<Value>) {
        self.push(operation, What::Returned(result));
    }

    /// Notes that an operation was not done. One of which nobody knows that never ends.
    pub(super) fn failed(&self, operation: usize) {
        self.push(operation, What::Failed);
    }

    fn push(&self, operation: usize, what: What) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(Event { operation, what });
    }

    /// Fails unless there is an order of all operations that each of them may have taken place in, of every
    /// register for itself, which began as `initial`. Returns how many operations were judged, and how many of
    /// them nobody knows.
    pub(super) fn judge(&self, initial: Value) -> Result<(usize, usize)> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failed: BTreeSet<_> = events
            .iter()
            .filter(|event| matches!(event.what, What::Failed))
            .map(|event| event.operation)
            .collect();
        let mut registers = BTreeMap::new();
        let mut running = BTreeMap::new();
        // A caller whose operation never ended goes on under another number.
        let mut busy: BTreeMap<usize, usize> = BTreeMap::new();
        let mut operations = 0;
        for event in events.iter().filter(|event| !failed.contains(&event.operation)) {
            match &event.what {
                What::Invoked { register, caller, operation } => {
                    operations += 1;
                    let judge = registers
                        .entry(register.clone())
                        .or_insert_with(|| LinearizabilityTester::new(Register(initial)));
                    let thread = (*caller, *busy.entry(*caller).or_default());
                    *busy.entry(*caller).or_default() += 1;
                    running.insert(event.operation, (register.clone(), thread));
                    judge.on_invoke(thread, operation.clone()).map_err(testkit::Error::msg)?;
                }
                What::Returned(result) => {
                    let Some((register, thread)) = running.remove(&event.operation) else {
                        continue;
                    };
                    // The number is free again.
                    busy.entry(thread.0).and_modify(|next| {
                        if *next == thread.1 + 1 {
                            *next = thread.1;
                        }
                    });
                    if let Some(judge) = registers.get_mut(&register) {
                        judge.on_return(thread, result.clone()).map_err(testkit::Error::msg)?;
                    }
                }
                What::Failed => {}
            }
        }
        for (register, judge) in &registers {
            ensure!(judge.is_consistent(), "what was said of {register} cannot have been");
        }
        Ok((operations, running.len()))
    }
}
