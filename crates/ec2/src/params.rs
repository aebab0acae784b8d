//! Parameters: `Filter.1.Value.2=x` is a tree.
//!
//! Reading takes parameters out of the tree, so that what is left is unknown.
//!
//! Lists count from 1. Their numbers may have gaps and come in any order, as on EC2, because
//! programs leave elements out when they build requests by hand; nothing is allocated for a gap.
//! Everything that could be understood in two ways is refused: a name given twice, a number with a
//! leading zero, a name that has both a value and members.

use std::collections::BTreeMap;

use crate::fault::Fault;
use crate::form;

/// How many bytes query string and body may have together. The largest thing that is sent is user
/// data, 16 KiB, which base64 and percent-encoding make at most 64 KiB.
pub const MAX_LENGTH: usize = 256 * 1024;

/// How many parameters a request may have: two per name of the longest list that EC2 takes (1,000
/// instances), and room for more.
pub const MAX_PARAMETERS: usize = 4096;

/// How many parts a name may have. The model's longest has eight.
pub const MAX_DEPTH: usize = 12;

/// How many bytes a name may have. The model's longest are below 150.
const MAX_NAME: usize = 512;

/// What was sent under a name, and under the names that continue it. There may be secrets in it, so
/// it has no `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    /// The whole name, for faults; empty at the root.
    name: String,
    value: Option<String>,
    members: BTreeMap<String, Params>,
}

impl Params {
    /// The parameters of a query string (without its `?`) and of a form body.
    pub fn parse(query: &[u8], body: &[u8]) -> Result<Self, Fault> {
        if query.len() + body.len() > MAX_LENGTH {
            let message = format!("The request is longer than {MAX_LENGTH} bytes");
            return Err(Fault::new(413, "RequestEntityTooLarge", message));
        }
        let mut root = Self::default();
        for (index, (name, value)) in form::pairs(query).chain(form::pairs(body)).enumerate() {
            if index == MAX_PARAMETERS {
                let message = format!("The request has more than {MAX_PARAMETERS} parameters");
                return Err(Fault::malformed(message));
            }
            let name = String::from_utf8(name)
                .map_err(|_| Fault::malformed("The name of a parameter is not UTF-8"))?;
            let value = String::from_utf8(value)
                .map_err(|_| Fault::malformed(format!("The value of {name} is not UTF-8")))?;
            root.insert(&name, value)?;
        }
        Ok(root)
    }

    fn insert(&mut self, name: &str, value: String) -> Result<(), Fault> {
        if name.len() > MAX_NAME || name.split('.').count() > MAX_DEPTH {
            let message =
                format!("A parameter's name is longer than {MAX_NAME} bytes or {MAX_DEPTH} parts");
            return Err(Fault::malformed(message));
        }
        let mut node = self;
        let mut end = 0;
        for part in name.split('.') {
            if part.is_empty() {
                let message = format!("The parameter '{name}' has an empty part in its name");
                return Err(Fault::malformed(message));
            }
            end += part.len();
            let new = || Self { name: name[..end].to_owned(), ..Self::default() };
            node = node.members.entry(part.to_owned()).or_insert_with(new);
            end += 1;
        }
        if node.value.replace(value).is_some() {
            let message = format!("The parameter {name} is given more than once");
            return Err(Fault::malformed(message));
        }
        Ok(())
    }

    /// The value at the top under `name`, if there is one.
    pub(crate) fn value_of(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.value.as_deref()
    }

    /// The name of the first parameter at `path`, in which `N` stands for any number.
    pub(crate) fn name_at(&self, path: &str) -> Option<&str> {
        let (step, rest) =
            path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
        let is_meant = |(name, _): &(&String, &Self)| step == "N" || *name == step;
        self.members.iter().filter(is_meant).find_map(|(_, node)| match rest {
            Some(rest) => node.name_at(rest),
            None => Some(node.name.as_str()),
        })
    }

    /// The names and values of all parameters at `path`, in which `N` stands for any number.
    pub(crate) fn values_at(&self, path: &str) -> Vec<(&str, &str)> {
        let (step, rest) =
            path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
        let is_meant = |(name, _): &(&String, &Self)| step == "N" || *name == step;
        let nodes = self.members.iter().filter(is_meant).map(|(_, node)| node);
        match rest {
            Some(rest) => nodes.flat_map(|node| node.values_at(rest)).collect(),
            None => nodes.filter_map(|it| Some((it.name.as_str(), it.value.as_deref()?))).collect(),
        }
    }

    /// Takes what was sent as the member `name`.
    pub(crate) fn member<T: Read>(&mut self, name: &str) -> Result<T, Fault> {
        match self.members.remove(name) {
            Some(params) => T::read(params),
            None => T::absent(&self.name_of(name)),
        }
    }

    /// Takes the list that was sent as the member `name`, which must have an element.
    pub(crate) fn one_or_more<T: Read>(&mut self, name: &str) -> Result<Vec<T>, Fault> {
        let elements: Vec<T> = self.member(name)?;
        if elements.is_empty() {
            return Err(Fault::missing_parameter(&self.name_of(name)));
        }
        Ok(elements)
    }

    /// The value, if it has no members.
    pub(crate) fn into_value(mut self) -> Result<(String, String), Fault> {
        let value = self.value.take();
        self.finish()?;
        match value {
            Some(value) => Ok((self.name, value)),
            None => Err(Fault::missing_parameter(&self.name)),
        }
    }

    /// The elements of a list, by their numbers.
    pub(crate) fn into_elements(self) -> Result<impl Iterator<Item = Self>, Fault> {
        let name = &self.name;
        if self.value.is_some() {
            let message = format!("The parameter {name} is a list: give {name}.1");
            return Err(Fault::malformed(message));
        }
        let mut elements = BTreeMap::new();
        for (number, element) in self.members {
            let number = index(&number).ok_or_else(|| not_a_list(name))?;
            elements.insert(number, element);
        }
        Ok(elements.into_values())
    }

    /// The value, if it has one.
    pub(crate) fn text(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// All members, by name.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.members.iter().map(|(name, member)| (name.as_str(), member))
    }

    /// The elements of the list whose numbers are behind the member `name`; `None` if there is no such
    /// member.
    pub(crate) fn list(&self, name: &str) -> Result<Option<impl Iterator<Item = &Self>>, Fault> {
        let Some(list) = self.members.get(name) else { return Ok(None) };
        let mut elements = BTreeMap::new();
        for (number, element) in &list.members {
            let number = index(number).ok_or_else(|| not_a_list(&list.name))?;
            elements.insert(number, element);
        }
        Ok(Some(elements.into_values()))
    }

    /// Fails if anything is left that was not taken, and names it.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        let mut node = self;
        while node.value.is_none() {
            match node.members.values().next() {
                Some(member) => node = member,
                None => return Ok(()),
            }
        }
        Err(Fault::unknown_parameter(&node.name))
    }

    /// Drops the parameters whose name `is_foreign` at the top.
    pub(crate) fn without(mut self, is_foreign: impl Fn(&str) -> bool) -> Self {
        self.members.retain(|name, _| !is_foreign(name));
        self
    }

    fn name_of(&self, member: &str) -> String {
        if self.name.is_empty() { member.to_owned() } else { format!("{}.{member}", self.name) }
    }
}

fn not_a_list(name: &str) -> Fault {
    let rule = format!("its elements are {name}.1, {name}.2 and so on");
    Fault::malformed(format!("The parameter {name} is a list: {rule}"))
}

fn index(number: &str) -> Option<u32> {
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    if is_plain { number.parse().ok() } else { None }
}

/// A value that can be read from parameters.
pub(crate) trait Read: Sized {
    /// Reads the value of `params`.
    fn read(params: Params) -> Result<Self, Fault>;

    /// The value, or the fault, where nothing was sent under `name`.
    fn absent(name: &str) -> Result<Self, Fault> {
        Err(Fault::missing_parameter(name))
    }
}

impl<T: Read> Read for Option<T> {
    fn read(params: Params) -> Result<Self, Fault> {
        T::read(params).map(Some)
    }

    fn absent(_: &str) -> Result<Self, Fault> {
        Ok(None)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(params: Params) -> Result<Self, Fault> {
        params.into_elements()?.map(T::read).collect()
    }

    fn absent(_: &str) -> Result<Self, Fault> {
        Ok(Self::new())
    }
}
