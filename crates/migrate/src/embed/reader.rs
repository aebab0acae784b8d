//! What reads a text of a document: the key that it stands under tells, and what stands beside it.

use std::path::Path;

use super::scalar::Holes;
use super::script::UNKNOWN_READER;
use crate::data::Data;
use crate::language::{self, Language};
use crate::snippet::System;

/// What reads a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// An interpreter reads it as a script.
    Script(Language),
    /// It is split into words, which no shell reads; the reason for a user.
    Words(&'static str),
    /// Nothing says that it is run; the reason for a user.
    Unknown(&'static str),
}

const UNKNOWN: Reader = Reader::Unknown("nothing says that a shell reads this text");
const WORDS: Reader = Reader::Words("this command is run without a shell");
const SHELL: Reader = Reader::Script(Language::Shell);
const WINDOWS: Reader = Reader::Unknown("a shell of Windows may read it");
const POWERSHELL: Reader = Reader::Script(Language::PowerShell);

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) holes: Holes,
    pub(super) reader: Reader,
    /// Whether a text here is a part of a script, of which the other parts stand elsewhere.
    pub(super) is_part: bool,
    /// What reads a step that does not name its shell.
    default: Reader,
    /// Whether a job names its shell, whatever it runs on.
    is_named: bool,
    /// What it runs on.
    pub(super) system: System,
    /// What reads a task of Ansible's `shell`.
    executable: Reader,
    /// What reads the first of a container's `args`.
    args: Reader,
    /// What an action of a workflow makes of the scripts it is given, where a step runs one.
    action: Option<Reader>,
    /// What reads the file that a map describes, by its name.
    file: Option<Reader>,
    /// The key of the map around.
    parent: &'a str,
    /// How many maps below `commands` of cfn-init still belong to it.
    init: u8,
}

impl Default for Place<'_> {
    fn default() -> Self {
        let (holes, parent) = (Holes::default(), "");
        let reader = UNKNOWN;
        let (default, executable) = (SHELL, SHELL);
        let (args, action, file) = (UNKNOWN, None, None);
        let (is_part, init) = (false, 0);
        let (is_named, system) = (false, System::default());
        Self {
            holes,
            reader,
            is_part,
            default,
            is_named,
            system,
            executable,
            args,
            action,
            file,
            parent,
            init,
        }
    }
}

/// Keys whose texts a shell reads: of cloud-init, CloudFormation, SSM, Ansible, Packer, eksctl, and of CI
/// jobs.
const SHELL_KEYS: [&str; 30] = [
    "runcmd",
    "bootcmd",
    "UserData",
    "userData",
    "user_data",
    "userdata",
    "Fn::Base64",
    "preBootstrapCommands",
    "overrideBootstrapCommand",
    "raw",
    "ansible.builtin.raw",
    "inline",
    "commands",
    "runCommand",
    "script",
    "before_install",
    "install",
    "after_install",
    "before_deploy",
    "after_deploy",
    "after_success",
    "after_failure",
    "bash",
    "pre_build",
    "post_build",
    "scripts",
    "prepare",
    "override",
    "additionalUserData",
    "before_all",
];

/// Ansible's modules whose text an `executable` reads, by default a shell.
const ANSIBLE_SHELL: [&str; 3] = ["shell", "ansible.builtin.shell", "ansible.legacy.shell"];

/// Keys whose texts PowerShell reads.
const POWERSHELL_KEYS: [&str; 5] =
    ["win_shell", "ansible.windows.win_shell", "powershell", "pwsh", "win_powershell"];

/// Functions of CloudFormation, whose value takes their place; and parts of an Ansible module.
const TRANSPARENT: [&str; 8] =
    ["Fn::Sub", "Fn::Join", "Fn::If", "Fn::Transform", "cmd", "_raw_params", "content", "inline"];

impl<'a> Place<'a> {
    /// The place of a whole document.
    pub(super) fn new(holes: Holes) -> Self {
        Self { holes, ..Self::default() }
    }

    /// The same place, where `reader` reads.
    pub(super) fn read_by(self, reader: Reader) -> Self {
        Self { reader, ..self }
    }

    /// The same place, for a part of a script.
    pub(super) fn of_part(self) -> Self {
        Self { is_part: true, ..self }
    }

    /// The place of the entries of the map `data`, after what they say of each other.
    pub(super) fn inside(mut self, data: &Data, source: &[u8]) -> Self {
        let word = |path: &[&str]| data.at(path).map(|d| d.word(source)).unwrap_or_default();
        self.run_on(data, source);
        let named = [word(&["defaults", "run", "shell"]), word(&["shell"])];
        let named = named.into_iter().rev().find_map(|n| Some((n, shell_named(n)?)));
        if let Some((name, reader)) = named {
            (self.default, self.is_named) = (reader, true);
            self.system.pwsh = name.starts_with("pwsh");
        } else if let Some(reader) = Self::by_machine(data, source) {
            self.default = reader;
            self.system.windows |= reader == WINDOWS;
        }
        self.action = data.get("uses").map(|uses| action(uses.word(source))).or(self.action);
        let names = [word(&["path"]), word(&["dest"]), word(&["destination"]), self.parent];
        self.file = names.into_iter().find_map(reader_of_file);
        let programs = [word(&["args", "executable"]), word(&["executable"])];
        if let Some(program) = programs.into_iter().find(|program| !program.is_empty()) {
            self.executable = reader_of(program);
            if ANSIBLE_SHELL.contains(&self.parent) {
                self.reader = self.executable;
            }
        }
        // Kubernetes: `args` follow what `command` begins.
        let command = data.get("command").and_then(|c| c.items().last());
        if command.is_some_and(|last| starts_script(last.word(source))) {
            let program = data.get("command").and_then(|c| c.items().first());
            self.args = reader_of(program.map(|p| p.word(source)).unwrap_or_default());
        }
        let kinds = [word(&["action"]), word(&["type"])];
        if kinds
            .iter()
            .any(|k| matches!(*k, "aws:runPowerShellScript" | "powershell" | "windows-shell"))
        {
            self.default = POWERSHELL;
        } else if kinds.contains(&"aws:runShellScript") {
            self.default = SHELL;
        }
        self
    }

    /// Notes what a job of GitHub's runs on, which says what reads its steps where they name no shell.
    fn run_on(&mut self, data: &Data, source: &[u8]) {
        let Some(machine) = data.get("runs-on") else { return };
        let said = |data: &Data| {
            let text = source.get(data.span.clone()).unwrap_or_default();
            String::from_utf8_lossy(text).to_ascii_lowercase()
        };
        let machine = said(machine);
        let is_chosen = machine.contains("${{");
        let choices = data.get("strategy").filter(|_| is_chosen).map(said);
        self.system.windows = [Some(&machine), choices.as_ref()]
            .into_iter()
            .flatten()
            .any(|names| names.contains("windows"));
        if self.system.windows && !self.is_named {
            (self.default, self.system.pwsh) = (if is_chosen { WINDOWS } else { POWERSHELL }, true);
        }
    }

    /// What reads scripts on the machine that Azure's tasks and pools and GitLab's jobs name.
    fn by_machine(data: &Data, source: &[u8]) -> Option<Reader> {
        let word = |path: &[&str]| data.at(path).map(|d| d.word(source)).unwrap_or_default();
        match word(&["task"]).split('@').next()? {
            "PowerShell" | "AzurePowerShell" => return Some(POWERSHELL),
            "PythonScript" => return Some(Reader::Script(Language::Python)),
            "Bash" => return Some(SHELL),
            _ => {}
        }
        let tags = data.get("tags").map(Data::items).unwrap_or_default();
        let images = [word(&["pool", "vmImage"]), word(&["image"]), word(&["image", "name"])];
        let is_windows = |name: &str| {
            let name = name.to_ascii_lowercase();
            ["windows", "powershell", "nanoserver"].iter().any(|part| name.contains(part))
        };
        let is_there = images.into_iter().chain(tags.iter().map(|tag| tag.word(source)));
        { is_there }.any(is_windows).then_some(WINDOWS)
    }

    /// The place of the value of `key`.
    pub(super) fn under(mut self, key: &'a str) -> Self {
        let is_init = self.init == 1;
        self.init = match key {
            "commands" | "container_commands" => 2,
            _ => self.init.saturating_sub(1),
        };
        self.holes.sub |= key == "Fn::Sub";
        self.reader = match key {
            "run" | "script" | "before_script" | "after_script" | "runCommand" | "inline" => {
                self.default
            }
            _ if ANSIBLE_SHELL.contains(&key) => self.executable,
            _ if SHELL_KEYS.contains(&key) => SHELL,
            _ if POWERSHELL_KEYS.contains(&key) => POWERSHELL,
            "args" => std::mem::replace(&mut self.args, UNKNOWN),
            // Scripts by name, as npm has them.
            _ if self.parent == "scripts" => SHELL,
            "command" if is_init && !self.holes.compose || self.parent == "run" => SHELL,
            "test" if self.parent == "healthcheck" => SHELL,
            "command" | "entrypoint" | "ansible.builtin.command" | "ansible.legacy.command" => {
                WORDS
            }
            "content" if self.file.is_some() => self.file.unwrap_or(UNKNOWN),
            _ if TRANSPARENT.contains(&key) => self.reader,
            // A file of a Kubernetes object's data.
            _ => reader_of_file(key).unwrap_or(UNKNOWN),
        };
        if let (Reader::Script(_), Some(action), "with") = (self.reader, self.action, self.parent) {
            self.reader = action;
        }
        self.parent = key;
        self
    }
}

/// What reads a file of this name, if it is a program.
fn reader_of_file(name: &str) -> Option<Reader> {
    let language = language::by_name(Path::new(name))?;
    let is_document = matches!(language, Language::Yaml | Language::Json | Language::Makefile);
    (!is_document).then_some(Reader::Script(language))
}

/// What an action makes of a script that it is given.
fn action(name: &str) -> Reader {
    let name = name.split('@').next().unwrap_or_default().to_ascii_lowercase();
    match name.as_str() {
        "actions/github-script" => Reader::Script(Language::JavaScript),
        "azure/cli" => SHELL,
        _ if ["ssh", "docker-run"].iter().any(|word| name.contains(word)) => SHELL,
        _ => Reader::Unknown("an action reads this text, of which no more than its name is known"),
    }
}

/// What `shell: …` of a job or step starts.
fn shell_named(name: &str) -> Option<Reader> {
    Some(match name.split_whitespace().next()? {
        "cmd" => Reader::Unknown("cmd.exe reads it"),
        program => Reader::Script(language::of_program(program)?),
    })
}

/// What `program` makes of a text that it is given.
pub(super) fn reader_of(program: &str) -> Reader {
    language::of_program(program).map_or(Reader::Unknown(UNKNOWN_READER), Reader::Script)
}

/// What reads the word that follows `words`, if it is a script.
pub(super) fn reader_among(words: &[String]) -> Option<Reader> {
    let (option, words) = words.split_last()?;
    if !starts_script(option) {
        return None;
    }
    let language = words.iter().rev().find_map(|word| language::of_program(word));
    let is_login = words.iter().any(|word| matches!(word.as_str(), "su" | "runuser"));
    Some(match language {
        Some(language) => Reader::Script(language),
        None if words.is_empty() || is_login => SHELL,
        None => Reader::Unknown(UNKNOWN_READER),
    })
}

/// Whether the word after `word` is a script.
fn starts_script(word: &str) -> bool {
    matches!(
        word,
        "-c" | "-lc" | "-ec" | "-xc" | "-exc" | "-euc" | "-euxc" | "-cx" | "-ce" | "CMD-SHELL"
    )
}
