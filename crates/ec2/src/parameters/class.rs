//! A parameter, and its class.

/// A parameter of an action.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parameter {
    /// Its name, such as `Filter.N.Name`: `N` is the number of an element.
    pub name: &'static str,
    /// The same in [`types`](crate::types), such as `filters.n.name`.
    pub member: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// What is done with it.
    pub class: Class,
}

/// What the value of a parameter is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// An integer.
    Integer,
    /// A number.
    Number,
    /// A time.
    Time,
    /// Bytes in base64.
    Base64,
}

/// What is done with a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// It decides what the action does, or what the metadata, a later call or the network shows.
    Obeyed,
    /// It is stored and shown again, with no other effect.
    Kept,
    /// It is accepted; nothing shows it.
    NoEffect,
    /// It is a fault.
    Refused,
}

impl Parameter {
    pub(super) const fn new(
        name: &'static str,
        member: &'static str,
        kind: Kind,
        class: Class,
    ) -> Self {
        Self { name, member, kind, class }
    }
}
