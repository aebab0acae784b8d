//! What Python names stand for, as far as the file tells.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use crate::assigned::{Assigned, learn_all};
use crate::job::Job;
use crate::syntax::{Nest, children, nodes, owned};
use crate::values::{ROUNDS, bounded, some_of, unknown};

/// The names of one module.
pub(super) struct Names<'t> {
    pub(super) source: &'t [u8],
    pub(super) root: Node<'t>,
    pub(super) job: &'t Job,
    /// Variable or attribute name → what is assigned to it anywhere.
    pub(super) assigned: BTreeMap<String, Assigned<'t>>,
    /// Function name → its calls.
    calls: BTreeMap<String, Vec<Node<'t>>>,
    /// In the order of the text.
    pub(super) functions: Vec<Function<'t>>,
    pub(super) nest: Nest<'t>,
    /// Function and parameter → what its callers give.
    pub(super) arguments: BTreeMap<(String, String), Vec<String>>,
    /// What a module is called here → the module.
    modules: BTreeMap<String, String>,
    classes: BTreeSet<String>,
    /// Functions that give a shell what they are given.
    runners: BTreeSet<String>,
    /// Lines that name the token's header, without indentation and in lower case.
    header_lines: Vec<String>,
    pub(super) imports: Vec<Node<'t>>,
}

pub(super) struct Function<'t> {
    pub(super) name: String,
    pub(super) node: Node<'t>,
    is_method: bool,
    /// Names, and whether each has a default.
    pub(super) parameters: Vec<(String, bool)>,
}

/// One parameter of the functions of one name, of which there may be many.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Parameter {
    function: String,
    position: usize,
    name: String,
    has_default: bool,
    is_method: bool,
}

impl Function<'_> {
    fn parameters(&self) -> impl Iterator<Item = Parameter> {
        self.parameters.iter().enumerate().map(|(position, (name, has_default))| Parameter {
            function: self.name.clone(),
            position,
            name: name.clone(),
            has_default: *has_default,
            is_method: self.is_method,
        })
    }
}

impl<'t> Names<'t> {
    pub(super) fn collect(root: Node<'t>, source: &'t [u8], job: &'t Job) -> Self {
        let mut names = Self {
            source,
            root,
            job,
            assigned: BTreeMap::new(),
            calls: BTreeMap::new(),
            functions: Vec::new(),
            nest: Nest::default(),
            arguments: BTreeMap::new(),
            modules: BTreeMap::new(),
            classes: BTreeSet::new(),
            runners: BTreeSet::new(),
            header_lines: Vec::new(),
            imports: Vec::new(),
        };
        for node in nodes(root) {
            let field = |name| node.child_by_field_name(name);
            match node.kind() {
                "assignment" => names.assign(field("left"), field("right").into_iter().collect()),
                "for_statement" | "for_in_clause" => {
                    let values = field("right").map(|right| match right.kind() {
                        "list" | "tuple" => children(right),
                        _ => vec![right],
                    });
                    names.assign(field("left"), values.unwrap_or_default());
                }
                "named_expression" | "default_parameter" | "typed_default_parameter" => {
                    names.assign(field("name"), field("value").into_iter().collect());
                }
                "aliased_import" => names.import(node),
                "import_from_statement" => names.imports.push(node),
                "call" => {
                    if let Some(function) = field("function") {
                        names.calls.entry(names.last(function)).or_default().push(node);
                    }
                }
                "function_definition" => names.define(node),
                "class_definition" => names.classes.extend(field("name").map(|n| owned(n, source))),
                _ => {}
            }
        }
        let text = String::from_utf8_lossy(source).to_ascii_lowercase();
        let lines = text.lines().filter(|line| line.contains("aws-ec2-metadata-token"));
        names.header_lines = lines.map(|line| line.trim_start().to_owned()).collect();
        names.nest = Nest::of(names.functions.iter().map(|f| f.node));
        names.settle();
        names
    }

    fn assign(&mut self, name: Option<Node<'t>>, values: Vec<Node<'t>>) {
        let Some(name) = name else { return };
        let assigned = self.assigned.entry(self.last(name)).or_default();
        for value in values {
            assigned.push(value);
        }
    }

    fn define(&mut self, node: Node<'t>) {
        let field = |name| node.child_by_field_name(name);
        let (Some(name), Some(parameters)) = (field("name"), field("parameters")) else { return };
        let name = owned(name, self.source);
        let body = owned(node, self.source);
        if ["subprocess", "os.system", "popen", "getoutput"].iter().any(|word| body.contains(word))
        {
            self.runners.insert(name.clone());
        }
        let parameters: Vec<(String, bool)> = children(parameters)
            .into_iter()
            .map(|p| (owned(p, self.source), p.kind().ends_with("default_parameter")))
            .map(|(p, default)| {
                (p.split([':', '=']).next().unwrap_or_default().trim().to_owned(), default)
            })
            .collect();
        let is_method = parameters.first().is_some_and(|(p, _)| p == "self" || p == "cls");
        let parameters: Vec<(String, bool)> =
            parameters.into_iter().skip(usize::from(is_method)).collect();
        for (parameter, _) in &parameters {
            self.arguments.insert((name.clone(), parameter.clone()), Vec::new());
        }
        self.functions.push(Function { name, node, is_method, parameters });
    }

    /// `import module as name`, and `from package import module as name`.
    fn import(&mut self, node: Node<'t>) {
        let text = |n| owned(n, self.source);
        let (Some(module), Some(alias)) =
            (node.child_by_field_name("name"), node.child_by_field_name("alias"))
        else {
            return;
        };
        let package = node.parent().and_then(|p| p.child_by_field_name("module_name"));
        let package = package.map(|p| format!("{}.", text(p))).unwrap_or_default();
        self.modules.insert(text(alias), format!("{package}{}", text(module)));
    }

    /// Goes through all names until nothing new is learned of any.
    fn settle(&mut self) {
        let parameters: BTreeSet<Parameter> =
            self.functions.iter().flat_map(Function::parameters).collect();
        for _ in 0..ROUNDS {
            let texts = |names: &Self, value| bounded(names.evaluate(value));
            let mut is_settled = !learn_all(self, |names| &mut names.assigned, texts);
            for parameter in &parameters {
                let texts = self.passed(parameter);
                let key = (parameter.function.clone(), parameter.name.clone());
                if self.arguments.get(&key) != Some(&texts) {
                    self.arguments.insert(key, texts);
                    is_settled = false;
                }
            }
            if is_settled || !self.job.budget.look() {
                return;
            }
        }
    }

    /// What callers give for a parameter.
    fn passed(&self, parameter: &Parameter) -> Vec<String> {
        let Parameter { function, position, name, has_default, is_method } = parameter;
        // `answer.read()` is not a call of the function `read`, nor `self.client.get()` one of the method around it.
        let is_meant = |call: &&Node<'t>| {
            let called = call.child_by_field_name("function");
            let object = called.and_then(|f| f.child_by_field_name("object"));
            let is_inside =
                || self.nest.innermost(**call).is_some_and(|i| self.functions[i].name == *function);
            match object.map(|o| owned(o, self.source)) {
                None => true,
                Some(object) => *is_method && (matches!(&*object, "self" | "cls") || !is_inside()),
            }
        };
        let calls = self.calls.get(function).into_iter().flatten().filter(is_meant);
        let calls: Vec<&Node<'t>> = calls.collect();
        // A function that is not called may be given to another one, which calls it.
        if calls.is_empty() {
            return if *has_default { Vec::new() } else { unknown() };
        }
        let texts = calls.into_iter().flat_map(|call| {
            let arguments = call.child_by_field_name("arguments").map(children).unwrap_or_default();
            let argument = arguments
                .iter()
                .find(|a| self.keyword(**a).as_deref() == Some(name))
                .and_then(|a| a.child_by_field_name("value"))
                .or_else(|| {
                    arguments.get(*position).copied().filter(|a| a.kind() != "keyword_argument")
                });
            match argument {
                Some(argument) => self.evaluate(argument),
                // What its default is worth is known as an assignment.
                None if *has_default => Vec::new(),
                None => unknown(),
            }
        });
        bounded(texts.collect())
    }

    /// What stands before a name, such as `r.` after `import requests as r`, without aliases.
    pub(super) fn module<'a>(&self, prefix: &'a str) -> Cow<'a, str> {
        match prefix.strip_suffix('.').and_then(|alias| self.modules.get(alias)) {
            Some(module) => format!("{module}.").into(),
            None => prefix.into(),
        }
    }

    /// Whether the module defines a function or method `name`.
    pub(super) fn is_defined(&self, name: &str) -> bool {
        self.functions.iter().any(|f| f.name == name)
    }

    /// Whether `prefix` and `name` together are a function of this module, or a method of one of its classes.
    pub(super) fn is_own(&self, prefix: &str, name: &str) -> bool {
        let object = prefix.trim_end_matches('.');
        let is_instance = || {
            let object = object.rsplit('.').next().unwrap_or_default();
            let class = |n: Node<'t>| n.child_by_field_name("function").map(|f| self.last(f));
            let mut made = self.assignments(object).filter_map(class);
            made.any(|class| self.classes.contains(&class))
        };
        let is_class = || self.classes.contains(object);
        self.is_defined(name)
            && (matches!(object, "" | "self" | "cls" | "super()") || is_class() || is_instance())
    }

    /// Whether the function `name` of this module gives a shell what it is given.
    pub(super) fn runs_commands(&self, name: &str) -> bool {
        self.runners.contains(name)
    }

    /// Whether some line makes an entry of the dictionary `name` that holds a token.
    pub(super) fn gets_token(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let starts = [format!("{name}["), format!("{name}.update(")];
        self.header_lines.iter().any(|line| starts.iter().any(|s| line.starts_with(s)))
    }

    /// Whether a line that begins with `start` names the token's header as a whole.
    pub(super) fn sets_header(&self, start: &str) -> bool {
        let start = start.to_ascii_lowercase();
        self.header_lines.iter().filter(|line| line.starts_with(&start)).any(|line| {
            ["\"", "'"].iter().any(|quote| line.contains(&format!("aws-ec2-metadata-token{quote}")))
        })
    }

    /// Whether the module fakes web services: what it asks for is a part of a test.
    pub(super) fn fakes_requests(&self) -> bool {
        const FAKES: [&str; 7] = [
            "responses",
            "httpretty",
            "requests_mock",
            "mock",
            "unittest.mock",
            "respx",
            "pytest_httpserver",
        ];
        let is_fake = |import: &str| {
            let words: Vec<_> = import
                .split(|c: char| c.is_whitespace() || c == ',')
                .filter(|w| !w.is_empty())
                .collect();
            let fakes = words.get(1).is_some_and(|module| FAKES.contains(module));
            fakes || words.get(1) == Some(&"unittest") && words.contains(&"mock")
        };
        memchr::memmem::find(self.source, b"monkeypatch.setattr").is_some()
            || nodes(self.root)
                .take_while(|n| n.kind() != "call")
                .filter(|n| n.kind().starts_with("import"))
                .any(|n| is_fake(&owned(n, self.source)))
    }

    /// What is assigned to `name`.
    pub(super) fn assignments(&self, name: &str) -> impl Iterator<Item = Node<'t>> {
        self.assigned.get(name).into_iter().flat_map(|a| a.values().iter().copied())
    }

    pub(super) fn is_assigned(&self, name: &str) -> bool {
        self.assigned.contains_key(name)
    }

    /// Whether `node` is a list with something in it, as far as the file tells.
    pub(super) fn is_filled(&self, node: Node<'t>) -> bool {
        match node.kind() {
            "list" | "tuple" | "set" | "dictionary" => !children(node).is_empty(),
            "identifier" => {
                let name = owned(node, self.source);
                let mut assigned = self.assignments(&name).peekable();
                assigned.peek().is_some()
                    && assigned.all(|n| n.kind() != "identifier" && self.is_filled(n))
            }
            "call" => {
                let function = node.child_by_field_name("function");
                let last = function.map(|f| self.last(f)).unwrap_or_default();
                let object = function.and_then(|f| f.child_by_field_name("object"));
                let arguments = node.child_by_field_name("arguments").map(children);
                let first = arguments.and_then(|a| a.first().copied());
                match last.as_str() {
                    "items" | "keys" | "values" => object.is_some_and(|o| self.is_filled(o)),
                    "enumerate" | "sorted" | "reversed" => first.is_some_and(|f| self.is_filled(f)),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// The last part of a dotted name.
    pub(super) fn last(&self, node: Node<'t>) -> String {
        let name = node.child_by_field_name("attribute").unwrap_or(node);
        owned(name, self.source)
    }

    /// The texts that `node` can be; what is not known stands as `HOLE`.
    pub(super) fn values(&self, node: Node<'t>) -> Vec<String> {
        some_of(self.evaluate(node))
    }

    /// The name of a keyword argument.
    pub(super) fn keyword(&self, argument: Node<'t>) -> Option<String> {
        let name = argument.child_by_field_name("name")?;
        (argument.kind() == "keyword_argument").then(|| owned(name, self.source))
    }
}
