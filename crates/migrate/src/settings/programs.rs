//! Programs that describe infrastructure: AWS CDK and Pulumi.

mod literal;
mod toolkit;

use tree_sitter::Node;

use self::literal::{Entry, Literal, Notation, entry, key};
use self::toolkit::{Launcher, Options, Toolkit};
use super::launch::{NodeGroup, REQUIRE, not_required, runs_containers, too_low};
use crate::edit::Edit;
use crate::finding::{Finding, Remedy};
use crate::language::Language;
use crate::rules::Rule;
use crate::snippet::Snippet;
use crate::syntax::{self, children, clean_nodes, text};

/// Properties that decide whether tokens are required, in lower case and without `_`.
const DECIDING: [&str; 3] = ["requireimdsv2", "metadataoptions", "httptokens"];
/// Properties that leave it to a launch template.
const INHERITING: [&str; 2] = ["launchtemplate", "launchtemplatespec"];
/// Decides for every instance of a CDK app.
const ASPECT: &str = "RequireImdsv2Aspect";

pub(super) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    let (Some(toolkit), Some(notation)) = (Toolkit::of(snippet), Notation::of(language)) else {
        return Vec::new();
    };
    let source: &[u8] = &snippet.text;
    let Some(tree) = language.grammar().and_then(|g| syntax::parse(&g, source, &snippet.job))
    else {
        return Vec::new();
    };
    let root = tree.root_node();
    let program = Program { toolkit, notation, root, source, snippet };
    let clean = || clean_nodes(root);
    let mut findings: Vec<Finding> = clean().filter_map(|n| program.weak(n)).collect();
    if !snippet.says(ASPECT) {
        findings.extend(clean().filter_map(|n| program.silent(n)));
    }
    findings
}

struct Program<'t> {
    toolkit: &'static Toolkit,
    notation: Notation,
    root: Node<'t>,
    source: &'t [u8],
    snippet: &'t Snippet<'t>,
}

impl<'t> Program<'t> {
    /// A property that says the wrong thing, wherever it stands.
    fn weak(&self, node: Node<'t>) -> Option<Finding> {
        let Entry { key, value } = entry(node, self.notation, self.source)?;
        let written = text(value, self.source);
        if written.contains(char::is_whitespace) {
            return None;
        }
        let replaced = |old: &str, new: &str| {
            let at = value.start_byte() + written.rfind(old)?;
            Some(vec![Edit::replace(at..at + old.len(), new)])
        };
        // A word of its own: no part of a name.
        let is = |word: &str| written.split(|c: char| !c.is_alphanumeric()).any(|w| w == word);
        let is_quoted = written.contains(['"', '\'']);
        let optional = || {
            let words = [("OPTIONAL", "REQUIRED"), ("Optional", "Required")];
            let named = words.into_iter().find(|(old, _)| is(old));
            let (old, new) = named.or(is_quoted.then_some(("optional", "required")))?;
            replaced(old, new)
        };
        match key.as_str() {
            "requireimdsv2" if is("false") || is("False") => {
                let edits = replaced("false", "true").or_else(|| replaced("False", "True"))?;
                Some(not_required(value.byte_range(), "tokens are left optional", edits))
            }
            "httptokens" => {
                Some(not_required(value.byte_range(), "tokens are left optional", optional()?))
            }
            "httpputresponsehoplimit" if runs_containers(self.source, &self.snippet.job) => {
                let number: String = written.chars().filter(char::is_ascii_digit).collect();
                let edits = replaced("1", "2").filter(|_| number == "1")?;
                let what = "tokens travel one hop, in a program that runs containers";
                Some(too_low(value.byte_range(), what, edits))
            }
            _ => None,
        }
    }

    /// Something that launches instances and leaves unsaid whether tokens are required.
    fn silent(&self, node: Node<'t>) -> Option<Finding> {
        let (name, literal) = self.notation.construction(node, self.source)?;
        let written = text(name, self.source).into_owned();
        let Some(launcher) = self.launcher(&written) else {
            // The CDK's clusters make node groups by a method.
            return (key(&written).ends_with(".addnodegroupcapacity")
                && !self.inherits(node, literal.as_ref()))
            .then(|| node_group(name, &written));
        };
        let Some(options) = launcher.options else {
            return (!self.inherits(node, literal.as_ref())).then(|| node_group(name, &written));
        };
        let Some(mut literal) = literal else {
            if let Some(finding) = self.without_properties(node, name, &written, options) {
                return Some(finding);
            }
            return self.made_elsewhere(node, name, &written, options);
        };
        // A launch template does not inherit from one.
        let is_template = options.within.is_some();
        if literal.is_open || !is_template && says(&literal, &INHERITING) {
            return None;
        }
        if let Some(within) = options.within {
            let data = literal.get(within)?;
            match self.notation.literal(data, self.source) {
                Some(data) => literal = data,
                None => return self.made_elsewhere(node, name, &written, options),
            }
        }
        let class = self.notation.class(&written);
        let (literal, property) = match literal.get("metadataoptions") {
            Some(said) => {
                let inner = self.notation.literal(said, self.source)?;
                let is_off = inner
                    .get("httpendpoint")
                    .is_some_and(|value| text(value, self.source).contains("disabled"));
                if is_off || inner.is_open || inner.get("httptokens").is_some() {
                    return None;
                }
                let tokens = match said.kind() {
                    "dictionary" => "\"http_tokens\": \"required\"",
                    _ => self.notation.pick(&self.toolkit.tokens),
                };
                (inner, tokens.to_owned())
            }
            None if says(&literal, &DECIDING) => return None,
            None => (literal, options.property(&class, self.notation)),
        };
        let what = format!("`{written}` does not say whether tokens are required");
        let edit = literal.with(&property, self.notation, self.source);
        Some(not_required(name.byte_range(), what, vec![edit]))
    }

    fn launcher(&self, written: &str) -> Option<&'static Launcher> {
        let class = self.notation.class(written);
        self.toolkit.launchers.iter().find(|l| {
            if self.notation.imports_names() {
                l.is_named(&class, self.root, self.source)
            } else {
                class.rsplit('.').next() == Some(l.name) && l.is_imported(self.source)
            }
        })
    }

    /// Whether a launch template is named, or may be.
    fn inherits(&self, node: Node<'t>, literal: Option<&Literal<'t>>) -> bool {
        if let Some(literal) = literal {
            return literal.is_open || says(literal, &INHERITING);
        }
        let said = key(&text(node, self.source));
        INHERITING.iter().any(|word| said.contains(word)) || said.contains("...")
    }

    /// A construct of the CDK with nothing but its scope and its name, in TypeScript.
    fn without_properties(
        &self,
        node: Node<'t>,
        name: Node<'t>,
        written: &str,
        options: &Options,
    ) -> Option<Finding> {
        let [scope, id] = children(node.child_by_field_name("arguments")?)[..] else { return None };
        let is_construct = text(scope, self.source) == "this" && id.kind() == "string";
        if self.notation != Notation::TypeScript || !is_construct || options.within.is_some() {
            return None;
        }
        let property = options.property(written, self.notation);
        let edit = Edit::insert(id.end_byte(), format!(", {{ {property} }}"));
        let what = format!("`{written}` does not say whether tokens are required");
        Some(not_required(name.byte_range(), what, vec![edit]))
    }

    /// The properties do not stand in the call: nothing is edited.
    fn made_elsewhere(
        &self,
        node: Node<'t>,
        name: Node<'t>,
        written: &str,
        options: &Options,
    ) -> Option<Finding> {
        let said = key(&text(node, self.source));
        let decides = |word: &&str| said.contains(*word) || self.snippet.says_key(word);
        let spreads = said.contains("...") || said.contains("**");
        if spreads || DECIDING.iter().any(decides) {
            return None;
        }
        let class = self.notation.class(written);
        let property = options.property(&class, self.notation);
        let remedy =
            Remedy::advice(property, format!("its properties are made elsewhere; {REQUIRE}"));
        let what = format!("`{written}` does not say whether tokens are required");
        Some(Finding::new(Rule::TokensNotRequired, name.byte_range(), what, remedy))
    }
}

fn says(literal: &Literal<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| literal.get(word).is_some())
}

fn node_group(name: Node<'_>, written: &str) -> Finding {
    NodeGroup { kind: written, system: "" }.advice(
        name.byte_range(),
        "name a launch template that requires tokens, with a hop limit of 2, or of 1 where pods \
         must not have the node's role",
    )
}
