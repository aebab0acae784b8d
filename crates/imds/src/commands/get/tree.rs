//! Values, and all that is below a path.

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;

use imds_client::{Client, Error, MetadataPath};
use serde_json::{Map, Value};

/// How deep the metadata can be; EC2's is 7 deep.
const DEEPEST: usize = 16;

/// How many entries a walk may find. All versions of EC2's metadata have a few thousand.
const MAX_ENTRIES: usize = 20_000;

/// What is shown for credentials, which a walk does not ask for.
const SECRET: &str = "(secret: ask for it by its own path)";

/// A value: JSON where it is an object or a list, else text.
pub(super) fn leaf(body: &[u8]) -> Value {
    match serde_json::from_slice(body) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
        _ => Value::String(String::from_utf8_lossy(body).into_owned()),
    }
}

/// All that is below `path`.
pub(super) async fn walk(client: &Client, path: &MetadataPath) -> Result<Value, Error> {
    let directory = MetadataPath::new(&format!("{}/", path.as_str().trim_end_matches('/')))?;
    let mut walk = Walk { client, left: MAX_ENTRIES };
    walk.below(directory, DEEPEST).await
}

/// A walk, and how many entries it may still find: a service that lists without end must not keep it.
struct Walk<'a> {
    client: &'a Client,
    left: usize,
}

type Walking<'a> = Pin<Box<dyn Future<Output = Result<Value, Error>> + 'a>>;

impl Walk<'_> {
    fn below(&mut self, directory: MetadataPath, deep: usize) -> Walking<'_> {
        Box::pin(async move {
            let mut found = Map::new();
            let entries = self.client.get(&directory).await?;
            self.left =
                self.left.checked_sub(entries.lines().count()).ok_or_else(|| Error::Malformed {
                    path: directory.to_string(),
                    problem: format!(
                        "with it the service has listed more than {MAX_ENTRIES} entries"
                    ),
                })?;
            for entry in entries.lines() {
                let (name, is_directory) = kind(&directory, entry);
                let path = directory.entry(name)?;
                let is_secret = directory.as_str().ends_with("credentials/");
                let value = if is_secret {
                    Ok(Value::from(SECRET))
                } else if is_directory && deep > 0 {
                    self.below(MetadataPath::new(&format!("{path}/"))?, deep - 1).await
                } else {
                    self.client.fetch(&path).await.map(|response| leaf(&response.body))
                };
                match value {
                    Ok(value) => {
                        found.insert(name.to_owned(), value);
                    }
                    // Removed since it was listed.
                    Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(Value::Object(found))
        })
    }
}

/// The name of what a directory lists, and whether that is a directory.
fn kind<'a>(directory: &MetadataPath, entry: &'a str) -> (&'a str, bool) {
    // Versions, and what is below them, are listed without a slash.
    let is_at_the_top = directory.as_str().matches('/').count() <= 2;
    match (entry.strip_suffix('/'), entry.split_once('=')) {
        (Some(name), _) => (name, true),
        // A public key is listed as number=name, and is a directory by its number.
        (None, Some((number, _))) if number.parse::<u32>().is_ok() => (number, true),
        _ => (entry, is_at_the_top && entry != "user-data"),
    }
}

/// A value as a person reads it; ends with a line feed.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) if text.ends_with('\n') => text.clone(),
        Value::String(text) => format!("{text}\n"),
        Value::Object(entries) => {
            let mut out = String::new();
            write_tree(&mut out, entries, 0);
            out
        }
        other => format!("{other:#}\n"),
    }
}

fn write_tree(out: &mut String, entries: &Map<String, Value>, depth: usize) {
    let indent = "  ".repeat(depth);
    for (name, value) in entries {
        // Writing to a string cannot fail.
        let _ = match value {
            Value::Object(below) => {
                let _ = writeln!(out, "{indent}{name}/");
                write_tree(out, below, depth + 1);
                Ok(())
            }
            Value::String(text) if text.contains('\n') => {
                let lines = text.lines().map(|line| format!("{indent}  {line}\n"));
                write!(out, "{indent}{name}:\n{}", lines.collect::<String>())
            }
            Value::String(text) => writeln!(out, "{indent}{name}: {text}"),
            other => writeln!(out, "{indent}{name}: {other}"),
        };
    }
}
