//! The shared AWS configuration file, as far as this crate needs it: one profile's keys.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

/// One profile's settings.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    values: HashMap<String, String>,
}

impl Profile {
    /// Reads the profile that the environment chooses: `AWS_PROFILE` of the file `AWS_CONFIG_FILE`,
    /// by default `default` of `~/.aws/config`. A file that cannot be read counts as empty.
    pub fn load(environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let home = || environment("HOME").or_else(|| environment("USERPROFILE"));
        let default = || Some(PathBuf::from(home()?).join(".aws").join("config"));
        let file = environment("AWS_CONFIG_FILE").map(PathBuf::from).or_else(default);
        let text = file.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        let name = environment("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
        Self::parse(&text, &name)
    }

    /// Reads one profile out of a file's text. Keys are compared without regard to case; nested
    /// settings, which are indented, are skipped.
    pub fn parse(text: &str, name: &str) -> Self {
        let mut values = HashMap::new();
        let mut is_ours = false;
        for line in text.lines() {
            if let Some(section) = line.strip_prefix('[') {
                let section = section.split(']').next().unwrap_or_default().trim();
                let section = section.strip_prefix("profile ").unwrap_or(section).trim();
                is_ours = section == name;
            } else if is_ours
                && !line.starts_with([' ', '\t', '#', ';'])
                && let Some((key, value)) = line.split_once('=')
            {
                // A comment may follow a value, after a blank.
                let value = value.split([';', '#']).next().unwrap_or_default();
                values.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
            }
        }
        Self { values }
    }

    /// A setting, by its lower-case key.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_keys_of_its_own_section() {
        let text =
            "[default]\na = 1\n[profile web]\n# note\nA=2 # two\nnested =\n  b = 3\n[x]\na=4\n";
        let value =
            |name: &str, key: &str| Profile::parse(text, name).value(key).map(str::to_owned);
        assert_eq!(value("default", "a").as_deref(), Some("1"));
        assert_eq!(value("web", "a").as_deref(), Some("2"));
        assert_eq!(value("web", "b"), None);
        assert_eq!(value("none", "a"), None);
    }
}
