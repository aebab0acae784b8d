//! What a network's administrator sets, whichever protocol it comes by: which service is asked, and which
//! instance a pod is.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use imds_core::InstanceId;
use serde_json::{Map, Value};

use crate::launch::{Image, Launch};

/// A network's settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// The running `imds serve`.
    pub service: ServiceLocation,
    /// Which instance a pod is.
    pub subject: Subject,
}

/// The running `imds serve` that is asked. All paths are absolute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ServiceLocation {
    /// By its state file. There is no usual one: runtimes run a plugin with other environments when a
    /// container ends than when it begins.
    State(PathBuf),
    /// By a file with what `imds env --json` prints.
    Credentials {
        /// The file.
        file: PathBuf,
        /// The EC2 API, such as `http://127.0.0.1:1339`; `None`: as the file says.
        control: Option<String>,
    },
}

/// Which instance a pod is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// One of its own, launched and terminated with it.
    Own(Box<Launch>),
    /// This one, as if the pod's programs ran on it.
    Instance(InstanceId),
    /// The machine's: the pod is a container behind the link to the host.
    Host,
}

/// A setting that is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum InvalidSetting {
    /// There is no such setting.
    Unknown {
        /// Where and what, such as `launch.colour`.
        key: String,
        /// Its value, in JSON.
        value: String,
    },
    /// Its value breaks the rule.
    Value {
        /// Where and what.
        key: String,
        /// Its value, in JSON.
        value: String,
        /// The rule.
        rule: &'static str,
    },
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { key, value } => {
                write!(f, "{key} is not a setting; its value is {value}")
            }
            Self::Value { key, value, rule } => write!(f, "{key} is {value}; {rule}"),
        }
    }
}

impl std::error::Error for InvalidSetting {}

/// Of a value that is shown in an error, so many characters.
const SHOWN: usize = 80;

const TEXT: &str = "it must be a text that is not empty";

impl Settings {
    /// Takes all settings out of `fields`; what is left over is refused.
    pub(crate) fn take(fields: Map<String, Value>) -> Result<Self, InvalidSetting> {
        let mut fields = Fields { path: "", fields };
        let settings = Self { service: service(&mut fields)?, subject: subject(&mut fields)? };
        fields.end()?;
        Ok(settings)
    }

    /// The same from the options of a network of Podman: all are texts, and those of `launch` are beside
    /// the others; `tag.NAME` is a tag.
    pub(crate) fn of_options(options: &BTreeMap<String, String>) -> Result<Self, InvalidSetting> {
        let is_of_launch =
            |key: &str| key == HOP_LIMIT || TEXTS_OF_LAUNCH.contains(&key) || key.starts_with(TAG);
        let (mut fields, mut launch) = (Map::new(), Map::new());
        for (key, text) in options {
            if is_of_launch(key) {
                set(&mut launch, key, text);
            } else {
                fields.insert(key.clone(), text.as_str().into());
            }
        }
        if !launch.is_empty() {
            fields.insert("launch".into(), launch.into());
        }
        Self::take(fields)
    }
}

/// Sets what a pod's own annotations say of its launch, in the same form as
/// [`Settings::of_options`]; where nothing is launched they mean nothing.
pub(crate) fn annotate(fields: &mut Map<String, Value>, annotations: &BTreeMap<String, String>) {
    if fields.contains_key("instance") || annotations.is_empty() {
        return;
    }
    let launch = fields.entry("launch").or_insert_with(|| Map::new().into());
    // What is no object is refused later.
    if let Value::Object(launch) = launch {
        for (key, text) in annotations {
            set(launch, key, text);
        }
    }
}

/// Sets a key of `launch` that came as a text.
fn set(launch: &mut Map<String, Value>, key: &str, text: &str) {
    let value = Value::from(text);
    if let Some(tag) = key.strip_prefix(TAG) {
        let tags = launch.entry("tags").or_insert_with(|| Map::new().into());
        if let Value::Object(tags) = tags {
            tags.insert(tag.to_owned(), value);
        }
    } else if key == HOP_LIMIT {
        launch.insert(key.to_owned(), text.parse::<u64>().map_or(value, Value::from));
    } else {
        launch.insert(key.to_owned(), value);
    }
}

fn service(fields: &mut Fields) -> Result<ServiceLocation, InvalidSetting> {
    let state = fields.path("state")?;
    let credentials = fields.path("credentials")?;
    let control = fields.take("control", "as in \"http://127.0.0.1:1339\"", |value| {
        let text = value.as_str()?;
        text.starts_with("http://").then(|| text.to_owned())
    })?;
    match (state, credentials, control) {
        (Some(state), Some(_), _) => {
            let rule = "set it, or credentials; both name the service";
            Err(invalid("state", &state.display().to_string().into(), rule))
        }
        (state, None, Some(control)) => {
            let rule = match state {
                Some(_) => "the state says where the EC2 API is; leave it out",
                None => "set credentials too: a file with what `imds env --json` prints",
            };
            Err(invalid("control", &control.into(), rule))
        }
        (None, Some(file), control) => Ok(ServiceLocation::Credentials { file, control }),
        (Some(state), None, None) => Ok(ServiceLocation::State(state)),
        (None, None, None) => Err(InvalidSetting::Value {
            key: "state".into(),
            value: "not set".into(),
            rule: "it must be the state file of `imds serve`, as its --state has it; or set credentials",
        }),
    }
}

fn subject(fields: &mut Fields) -> Result<Subject, InvalidSetting> {
    const RULE: &str = "it must be \"host\" or an instance id, as in \"i-0123456789abcdef0\"";
    let instance = fields.take("instance", RULE, |value| match value.as_str()? {
        "host" => Some(Subject::Host),
        id => Some(Subject::Instance(id.parse().ok()?)),
    })?;
    let launch = fields.fields.remove("launch");
    match (instance, launch) {
        (Some(_), Some(launch)) => {
            Err(invalid("launch", &launch, "with instance, nothing is launched; leave one out"))
        }
        (Some(subject), None) => Ok(subject),
        (None, None) => {
            Ok(Subject::Own(Box::new(Launch { image: Some(AL2023), ..Launch::default() })))
        }
        (None, Some(Value::Object(fields))) => launch_of(Fields { path: "launch.", fields }),
        (None, Some(value)) => Err(invalid("launch", &value, "it must be an object")),
    }
}

const AL2023: Image = Image::Named("al2023-*");
const HOP_LIMIT: &str = "httpPutResponseHopLimit";

/// Before the key of a tag, where all settings are texts.
const TAG: &str = "tag.";

/// Settings of `launch` that are texts.
const TEXTS_OF_LAUNCH: [&str; 10] = [
    "image",
    "launchTemplate",
    "instanceType",
    "role",
    "subnet",
    "userData",
    "httpTokens",
    "httpEndpoint",
    "httpProtocolIpv6",
    "instanceMetadataTags",
];

/// Options with two values: ours, EC2's name, and the values.
const SWITCHES: [(&str, &str, [&str; 2]); 4] = [
    ("httpTokens", "HttpTokens", ["required", "optional"]),
    ("httpEndpoint", "HttpEndpoint", ["enabled", "disabled"]),
    ("httpProtocolIpv6", "HttpProtocolIpv6", ["enabled", "disabled"]),
    ("instanceMetadataTags", "InstanceMetadataTags", ["enabled", "disabled"]),
];

fn launch_of(mut fields: Fields) -> Result<Subject, InvalidSetting> {
    const IMAGE: &str =
        "it must be \"al2023\", \"al2\" or an image id, as in \"ami-0123456789abcdef0\"";
    let launch_template = fields.text("launchTemplate")?;
    let image = fields.take("image", IMAGE, |value| match value.as_str()? {
        "al2023" => Some(AL2023),
        "al2" => Some(Image::Named("amzn2-*")),
        id => id.starts_with("ami-").then(|| Image::Id(id.to_owned())),
    })?;
    let mut options = BTreeMap::new();
    for (key, name, values) in SWITCHES {
        let rule = if key == "httpTokens" {
            "it must be \"required\" or \"optional\""
        } else {
            "it must be \"enabled\" or \"disabled\""
        };
        let read = |value: &Value| values.into_iter().find(|known| value.as_str() == Some(known));
        options.extend(fields.take(key, rule, read)?.map(|value| (name, value.to_owned())));
    }
    let hops = fields.take(HOP_LIMIT, "it must be a number from 1 to 64", |value| {
        value.as_u64().filter(|hops| (1..=64).contains(hops))
    })?;
    options.extend(hops.map(|hops| ("HttpPutResponseHopLimit", hops.to_string())));
    let tags = fields.take("tags", "it must be an object of texts", |value| {
        let tags = value.as_object()?.iter();
        tags.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    })?;
    let launch = Launch {
        image: image.or_else(|| launch_template.is_none().then_some(AL2023)),
        launch_template,
        instance_type: fields.text("instanceType")?,
        role: fields.text("role")?,
        subnet: fields.text("subnet")?,
        user_data: fields.text("userData")?,
        options,
        tags: tags.unwrap_or_default(),
    };
    fields.end()?;
    Ok(Subject::Own(Box::new(launch)))
}

/// Settings that are taken one by one.
struct Fields {
    /// What stands before each key in an error.
    path: &'static str,
    fields: Map<String, Value>,
}

impl Fields {
    fn take<T>(
        &mut self,
        key: &str,
        rule: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, InvalidSetting> {
        let Some(value) = self.fields.remove(key) else { return Ok(None) };
        let path = self.path;
        read(&value).map(Some).ok_or_else(|| invalid(&format!("{path}{key}"), &value, rule))
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, InvalidSetting> {
        self.take(key, TEXT, |value| {
            value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
        })
    }

    /// Plugins have the working directory of whoever runs them.
    fn path(&mut self, key: &str) -> Result<Option<PathBuf>, InvalidSetting> {
        self.take(key, "it must be an absolute path", |value| {
            let path = PathBuf::from(value.as_str()?);
            path.is_absolute().then_some(path)
        })
    }

    fn end(self) -> Result<(), InvalidSetting> {
        let path = self.path;
        self.fields.into_iter().next().map_or(Ok(()), |(key, value)| {
            Err(InvalidSetting::Unknown { key: format!("{path}{key}"), value: shown(&value) })
        })
    }
}

fn invalid(key: &str, value: &Value, rule: &'static str) -> InvalidSetting {
    InvalidSetting::Value { key: key.to_owned(), value: shown(value), rule }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
