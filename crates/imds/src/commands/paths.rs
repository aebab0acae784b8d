//! `imds paths`: the catalogue of metadata.

use std::process::ExitCode;

use imds_core::catalogue::{Category, categories};
use serde_json::json;

use crate::cli::PathsArgs;
use crate::error::CommandError;
use crate::terminal;

/// How many characters of an example the table shows.
const EXAMPLE_WIDTH: usize = 48;

/// Prints every category.
pub(crate) fn run(args: &PathsArgs) -> Result<ExitCode, CommandError> {
    let categories = categories();
    terminal::print(if args.json { as_json(&categories) } else { as_table(&categories) })?;
    Ok(ExitCode::SUCCESS)
}

fn as_json(categories: &[&Category]) -> String {
    let object = |category: &&Category| {
        json!({
            "path": category.path,
            "since": category.since,
            "absent": category.absent,
            "example": category.example,
            "served": category.is_served(),
        })
    };
    format!("{:#}\n", categories.iter().map(object).collect::<serde_json::Value>())
}

fn as_table(categories: &[&Category]) -> String {
    let heading = ["PATH", "SINCE", "ABSENT", "EXAMPLE"].map(str::to_owned);
    let rows = categories.iter().map(|category| {
        let [path, since, absent] = [category.path, category.since, category.absent];
        [path.to_owned(), since.to_owned(), absent.to_owned(), on_one_line(category.example)]
    });
    let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let line = |[path, since, absent, example]: &[String; 4]| {
        let [first, second, third] = widths;
        let line = format!("{path:first$}  {since:second$}  {absent:third$}  {example}");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

/// The example's beginning, its line feeds as `\n`.
fn on_one_line(example: &str) -> String {
    let line = example.replace('\n', "\\n");
    match line.char_indices().nth(EXAMPLE_WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
