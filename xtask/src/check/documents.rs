//! SECURITY.md names the tests that hold what it promises: they must be there.

use std::fs;
use std::path::Path;

use super::workspace::Workspace;

const DOCUMENT: &str = "SECURITY.md";
const NO_TEST: &str = "no test yet";

/// Every row whose test is not there, or that names none.
pub(crate) fn untested(workspace: &Workspace) -> Vec<String> {
    match fs::read_to_string(workspace.root.join(DOCUMENT)) {
        Ok(text) => of_text(&text, &workspace.root),
        Err(error) => vec![format!("{DOCUMENT}: {error}")],
    }
}

/// Looks at each row of the tables whose last column is `test`. A cell names files, and in each the
/// tests that follow it.
fn of_text(text: &str, root: &Path) -> Vec<String> {
    let mut broken = Vec::new();
    let mut in_table = false;
    for (index, line) in text.lines().enumerate() {
        let mut cells = line.trim().trim_matches('|').split('|').map(str::trim);
        let last = cells.next_back().unwrap_or_default();
        if !line.starts_with('|') {
            in_table = false;
        } else if last == "test" {
            in_table = true;
        } else if in_table && !last.starts_with("---") {
            let faults = of_cell(last, root);
            broken.extend(faults.iter().map(|fault| format!("{DOCUMENT}:{}: {fault}", index + 1)));
        }
    }
    broken
}

fn of_cell(cell: &str, root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let mut file: Option<(&str, String)> = None;
    // Every second piece stands between backticks.
    for name in cell.split('`').skip(1).step_by(2) {
        if name.contains('/') {
            file = fs::read_to_string(root.join(name)).ok().map(|text| (name, text));
            if file.is_none() {
                faults.push(format!("there is no file {name}"));
            }
        } else if let Some((path, text)) = &file
            && !text.contains(name)
        {
            faults.push(format!("{path} has no test {name}"));
        }
    }
    if !cell.contains('/') && !cell.contains(NO_TEST) {
        faults.push(format!("names no test file; write \"{NO_TEST}\" where there is none"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cell: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("tests")).unwrap();
        fs::write(directory.path().join("tests/a.rs"), "fn it_holds() {}").unwrap();
        let table = format!("# T\n\n| who | test |\n|---|---|\n| x | {cell} |\n\n| a | b |\n");
        of_text(&table, directory.path())
    }

    #[test]
    fn a_row_with_its_test_or_without_one_yet_passes() {
        for cell in ["`tests/a.rs`", "`tests/a.rs` `it_holds`", "no test yet", "x: no test yet"] {
            assert_eq!(of(cell), Vec::<String>::new(), "{cell}");
        }
    }

    #[test]
    fn a_row_without_its_test_fails() {
        assert_eq!(of("`tests/b.rs` `x`"), ["SECURITY.md:5: there is no file tests/b.rs"]);
        assert_eq!(of("`tests/a.rs` `it_held`"), ["SECURITY.md:5: tests/a.rs has no test it_held"]);
        assert_eq!(of("").len(), 1);
    }
}
