//! What one name is assigned, all over a text, and what that comes to at a place in it.

use std::collections::BTreeMap;

use tree_sitter::Node;

use crate::syntax::holds;
use crate::values::bounded;

/// How far back the assignment around a place is looked for: few stand in another one's value.
const NESTED: usize = 8;

/// The values of one name, in the order of the text, and the texts that each of them can be.
///
/// What all but one come to is kept at hand, so that a text which a thousand assignments put together costs
/// a thousand steps, and not a million.
#[derive(Default)]
pub(crate) struct Assigned<'t> {
    values: Vec<Node<'t>>,
    each: Vec<Vec<String>>,
    /// What the values before each one come to.
    before: Vec<Vec<String>>,
    /// What the values after each one come to.
    after: Vec<Vec<String>>,
    all: Vec<String>,
}

impl<'t> Assigned<'t> {
    pub(crate) fn push(&mut self, value: Node<'t>) {
        self.values.push(value);
        self.each.push(Vec::new());
        self.before.push(Vec::new());
        self.after.push(Vec::new());
    }

    pub(crate) fn values(&self) -> &[Node<'t>] {
        &self.values
    }

    /// Takes what `texts` says of each value by its index, in their order; `false` if nothing is new.
    ///
    /// What a value is told of those before it is what was just learned of them.
    pub(crate) fn learn(&mut self, index: usize, texts: Vec<String>) -> bool {
        if index == 0 {
            self.all = Vec::new();
        }
        self.before[index].clone_from(&self.all);
        self.all = union(&self.all, &texts);
        let is_new = self.each[index] != texts;
        self.each[index] = texts;
        if index + 1 == self.values.len() {
            self.look_back();
        }
        is_new
    }

    fn look_back(&mut self) {
        let mut after = Vec::new();
        for index in (0..self.values.len()).rev() {
            let with = union(&after, &self.each[index]);
            self.after[index] = std::mem::replace(&mut after, with);
        }
    }

    /// The index of the value that `node` stands in.
    pub(crate) fn around(&self, node: Node<'_>) -> Option<usize> {
        let end = self.values.partition_point(|value| value.start_byte() <= node.start_byte());
        let near = end.saturating_sub(NESTED)..end;
        near.into_iter().find(|index| holds(self.values[*index], node))
    }

    /// What the name can be by any of its values.
    pub(crate) fn all(&self) -> &[String] {
        &self.all
    }

    /// What it can be by those before the one of this index.
    pub(crate) fn before(&self, index: usize) -> &[String] {
        &self.before[index]
    }

    /// What it can be by all but the one of this index.
    pub(crate) fn without(&self, index: usize) -> Vec<String> {
        union(&self.before[index], &self.after[index])
    }
}

/// Learns once more what each value of all names comes to, of which `texts` says what is known so far;
/// `false` if nothing is new.
pub(crate) fn learn_all<'t, N>(
    names: &mut N,
    assigned: impl Fn(&mut N) -> &mut BTreeMap<String, Assigned<'t>>,
    texts: impl Fn(&N, Node<'t>) -> Vec<String>,
) -> bool {
    let mut is_new = false;
    let all: Vec<String> = assigned(names).keys().cloned().collect();
    for name in all {
        let values = assigned(names).get(&name).map_or(Vec::new(), |a| a.values().to_vec());
        for (i, value) in values.into_iter().enumerate() {
            let texts = texts(names, value);
            let learner = assigned(names).get_mut(&name);
            is_new |= learner.is_some_and(|assigned| assigned.learn(i, texts));
        }
    }
    is_new
}

fn union(some: &[String], others: &[String]) -> Vec<String> {
    bounded(some.iter().chain(others).cloned().collect())
}
