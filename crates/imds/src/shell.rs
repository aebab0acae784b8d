//! Lines that a shell takes in.

use clap::ValueEnum;

/// Whose words are spoken.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Shell {
    /// sh, bash, zsh and the like
    #[default]
    Sh,
    /// fish
    Fish,
    /// `PowerShell`
    Powershell,
}

impl Shell {
    /// The line that gives a variable this value, for programs that the shell starts.
    pub(crate) fn set(self, name: &str, value: &str) -> String {
        let value = self.quoted(value);
        match self {
            Self::Sh => format!("export {name}={value}\n"),
            Self::Fish => format!("set -gx {name} {value}\n"),
            Self::Powershell => format!("$Env:{name} = {value}\n"),
        }
    }

    /// The line that takes a variable away, be it there or not.
    pub(crate) fn unset(self, name: &str) -> String {
        match self {
            Self::Sh => format!("unset {name}\n"),
            Self::Fish => format!("set -e {name}\n"),
            Self::Powershell => {
                format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue\n")
            }
        }
    }

    /// One word, whatever is in it: what others say must not become a command.
    pub(crate) fn quoted(self, value: &str) -> String {
        let value = match self {
            Self::Sh => value.replace('\'', r"'\''"),
            Self::Fish => value.replace('\\', r"\\").replace('\'', r"\'"),
            Self::Powershell => value.replace('\'', "''"),
        };
        format!("'{value}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_quotes() {
        assert_eq!(Shell::Sh.quoted("a/b+c="), "'a/b+c='");
        for (shell, word) in [
            (Shell::Sh, r"'\'\''; rm -rf / #'"),
            (Shell::Fish, r"'\\\'; rm -rf / #'"),
            (Shell::Powershell, r"'\''; rm -rf / #'"),
        ] {
            assert_eq!(shell.quoted(r"\'; rm -rf / #"), word);
        }
    }
}
