//! Texts with wildcards and policy variables.

use crate::context::Context;

/// A text of a policy, ready to be compared.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Atom(Atom),
    /// `${key}` or `${key, 'default'}`.
    Variable {
        /// In lower case.
        key: String,
        default: Option<String>,
    },
}

/// What a pattern is made of once its variables have values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Atom {
    Char(char),
    /// `?`
    AnyOne,
    /// `*`
    AnyNumber,
}

impl Atom {
    /// The same in lower case, as far as ASCII goes.
    pub(crate) fn to_lowercase(self) -> Self {
        match self {
            Self::Char(char) => Self::Char(char.to_ascii_lowercase()),
            other => other,
        }
    }
}

/// What is special in a text.
#[derive(Clone, Copy)]
pub(crate) struct Syntax {
    /// `*` and `?`
    pub(crate) wildcards: bool,
    /// `${…}`: since the version 2012-10-17 of the language.
    pub(crate) variables: bool,
}

impl Pattern {
    /// Reads a text; the error is the rule that it breaks.
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if let Some(variable) = rest.strip_prefix("${").filter(|_| syntax.variables) {
                let (inside, after) = variable
                    .split_once('}')
                    .ok_or_else(|| format!("the variable in {text:?} has no closing brace"))?;
                pieces.push(variable_piece(inside)?);
                rest = after;
                continue;
            }
            pieces.push(Piece::Atom(match next {
                '*' if syntax.wildcards => Atom::AnyNumber,
                '?' if syntax.wildcards => Atom::AnyOne,
                other => Atom::Char(other),
            }));
            rest = &rest[next.len_utf8()..];
        }
        Ok(Self { pieces })
    }

    /// With the values of its variables. None if a variable has no value, or several, and no default:
    /// such a pattern matches nothing.
    pub(crate) fn resolve(&self, context: &Context) -> Option<Vec<Atom>> {
        let mut atoms = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            match piece {
                Piece::Atom(atom) => atoms.push(*atom),
                Piece::Variable { key, default } => {
                    let value = context.single(key).or(default.as_deref())?;
                    atoms.extend(value.chars().map(Atom::Char));
                }
            }
        }
        Some(atoms)
    }
}

/// `${*}`, `${?}` and `${$}` are those characters themselves.
fn variable_piece(inside: &str) -> Result<Piece, String> {
    if let "*" | "?" | "$" = inside {
        return Ok(Piece::Atom(Atom::Char(char::from(inside.as_bytes()[0]))));
    }
    let (key, default) = match inside.split_once(',') {
        None => (inside, None),
        Some((key, default)) => {
            let quoted = default.trim().strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
            let default =
                quoted.ok_or_else(|| format!("the default in ${{{inside}}} is not in '…'"))?;
            (key, Some(default.to_owned()))
        }
    };
    let key = key.trim().to_ascii_lowercase();
    if key.is_empty() {
        return Err(format!("the variable ${{{inside}}} has no name"));
    }
    Ok(Piece::Variable { key, default })
}

/// Whether `*` in the middle of a part between colons stays within this part.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Colons {
    /// As in `Resource`: only a `*` at the end of a part goes beyond it.
    Bound,
    Free,
}

/// Whether `atoms` match all of `text`. Takes a time proportional to the product of the lengths, whatever
/// the pattern.
pub(crate) fn matches(atoms: &[Atom], text: &str, colons: Colons) -> bool {
    let text: Vec<char> = text.chars().collect();
    // Which beginnings of the text the atoms so far match.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for (index, atom) in atoms.iter().enumerate() {
        match atom {
            Atom::AnyNumber => {
                let is_last = matches!(atoms.get(index + 1), None | Some(Atom::Char(':')));
                let crosses = colons == Colons::Free || is_last;
                for end in 1..=text.len() {
                    reached[end] |= reached[end - 1] && (crosses || text[end - 1] != ':');
                }
            }
            Atom::Char(_) | Atom::AnyOne => {
                for end in (1..=text.len()).rev() {
                    let fits = *atom == Atom::AnyOne || *atom == Atom::Char(text[end - 1]);
                    reached[end] = reached[end - 1] && fits;
                }
                reached[0] = false;
            }
        }
    }
    reached[text.len()]
}

/// Whether `atoms` match the ARN `text`, each of the six parts for itself.
pub(crate) fn matches_arn(atoms: &[Atom], text: &str) -> bool {
    let patterns: Vec<_> = atoms.splitn(6, |atom| *atom == Atom::Char(':')).collect();
    let parts: Vec<_> = text.splitn(6, ':').collect();
    patterns.len() == 6
        && parts.len() == 6
        && patterns.iter().zip(parts).all(|(pattern, part)| matches(pattern, part, Colons::Free))
}
