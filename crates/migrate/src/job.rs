//! One scan of one file: what it may cost, and what could not be read.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::budget::Budget;

/// What all texts of one file share while it is scanned.
pub(crate) struct Job {
    pub(crate) budget: Budget,
    /// Whether the file tests or fakes the metadata service, so that its requests are part of a test.
    pub(crate) is_test: bool,
    /// Parts of the file that are for people, and never run.
    shown: RefCell<Vec<Range<usize>>>,
    obstacles: RefCell<Vec<Obstacle>>,
    has_errors: Cell<bool>,
    /// Whether the file speaks of containers, once a setting depends on it.
    pub(crate) runs_containers: OnceCell<bool>,
}

/// Why a text, or a part of it, was not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Obstacle {
    Size,
    Nesting,
    HereDocuments,
    Grammar,
    Time,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "it is too long to be parsed",
            Self::Nesting => "it is nested too deeply to be parsed",
            Self::HereDocuments => "it has too many or too long marks of here-documents",
            Self::Grammar => "it does not parse as what its name or first line says",
            Self::Time => "its time is over",
        })
    }
}

impl Job {
    pub(crate) fn new(limit: Option<Duration>, is_test: bool) -> Self {
        Self {
            budget: Budget::new(limit),
            is_test,
            shown: RefCell::default(),
            obstacles: RefCell::default(),
            has_errors: Cell::new(false),
            runs_containers: OnceCell::new(),
        }
    }

    /// A part of the file is for people.
    pub(crate) fn shows(&self, span: Range<usize>) {
        self.shown.borrow_mut().push(span);
    }

    /// Whether the byte `at` of the file is a part of something that is for people.
    pub(crate) fn is_shown(&self, at: usize) -> bool {
        self.shown.borrow().iter().any(|span| span.contains(&at))
    }

    /// A text was not parsed.
    pub(crate) fn obstructed(&self, obstacle: Obstacle) {
        self.obstacles.borrow_mut().push(obstacle);
    }

    /// A text was parsed in part.
    pub(crate) fn has_error(&self) {
        self.has_errors.set(true);
    }

    /// Reads a text that may be no code at all: that it does not parse says nothing of the file.
    pub(crate) fn guess<T>(&self, read: impl FnOnce() -> T) -> T {
        let (obstacles, has_errors) = (self.obstacles.borrow().len(), self.has_errors.get());
        let result = read();
        self.obstacles.borrow_mut().truncate(obstacles);
        self.has_errors.set(has_errors);
        result
    }

    /// Why the file was not read, or not all of it.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        let first = self.obstacles.borrow().iter().min().copied();
        first.or(self.has_errors.get().then_some(Obstacle::Grammar))
    }
}
