//! The pages of documentation: every link leads somewhere, and a translation says what its original says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::markdown::{Link, Page};
use super::workspace::Workspace;

/// Where the pages of the site are, and which page lists them.
const BOOK: &str = "docs";
const CONTENTS: &str = "SUMMARY.md";

/// A page, and its translation.
const TRANSLATED: [(&str, &str); 1] = [("README.md", "README.ja.md")];

/// Every link to a file or heading that is not there.
pub(crate) fn dead_links(workspace: &Workspace) -> Vec<String> {
    dead_links_below(&workspace.root)
}

fn dead_links_below(root: &Path) -> Vec<String> {
    let mut broken = Vec::new();
    for path in pages_below(root) {
        let name = path.strip_prefix(root).unwrap_or(&path).display();
        let page = match read(&path) {
            Ok(page) => page,
            Err(error) => {
                broken.push(error);
                continue;
            }
        };
        for link in &page.links {
            if let Some(why) = dead(&path, &page, &link.target) {
                broken.push(format!("{name}:{}: {}: {why}", link.line, link.target));
            }
        }
    }
    broken
}

/// Every difference between a page and its translation that is not a matter of language.
pub(crate) fn out_of_step(workspace: &Workspace) -> Vec<String> {
    let mut broken = Vec::new();
    for (original, translation) in TRANSLATED {
        let read = |name: &str| read(&workspace.root.join(name));
        match (read(original), read(translation)) {
            (Ok(from), Ok(to)) => broken.extend(
                differences(&from, &to).into_iter().map(|it| format!("{translation}: {it}")),
            ),
            (from, to) => broken.extend([from.err(), to.err()].into_iter().flatten()),
        }
    }
    broken
}

/// Every page of the book that its table of contents lacks or has twice, and every link that leads out of the book: the
/// site has nothing there.
pub(crate) fn outside_book(workspace: &Workspace) -> Vec<String> {
    outside(&workspace.root.join(BOOK))
}

fn outside(book: &Path) -> Vec<String> {
    let contents = match read(&book.join(CONTENTS)) {
        Ok(page) => page.links.into_iter().map(|link| link.target).collect::<Vec<_>>(),
        Err(error) => return vec![error],
    };
    let mut broken = Vec::new();
    for path in pages_below(book) {
        let name = path.strip_prefix(book).unwrap_or(&path).display().to_string();
        let count = contents.iter().filter(|target| **target == name).count();
        if name != CONTENTS && count != 1 {
            broken.push(format!("{BOOK}/{CONTENTS} has {name} {count} times, and not once"));
        }
        let depth = name.matches('/').count();
        let Ok(page) = read(&path) else { continue };
        let leaves =
            |target: &&Link| target.target.split('/').take_while(|it| *it == "..").count() > depth;
        broken.extend(page.links.iter().filter(leaves).map(|link| {
            format!("{BOOK}/{name}:{}: {} is not in the book", link.line, link.target)
        }));
    }
    broken
}

/// All pages, but for what is built.
fn pages_below(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // The cases of tests are input, not documentation.
            let is_skipped =
                name.starts_with('.') || ["target", "node_modules", "cases"].contains(&&*name);
            if path.is_dir() && !path.is_symlink() && !is_skipped {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> Result<Page, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Page::parse(&text))
}

/// Why a link leads nowhere, if it does. Links to other hosts are not followed.
fn dead(from: &Path, page: &Page, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = from.parent().unwrap_or(from).join(file);
    if !file.is_empty() && !path.exists() {
        return Some("the file does not exist".to_owned());
    }
    if anchor.is_empty() {
        return None;
    }
    let has_anchor = if file.is_empty() {
        page.has_anchor(anchor)
    } else {
        match read(&path) {
            Ok(page) => page.has_anchor(anchor),
            Err(error) => return Some(error),
        }
    };
    (!has_anchor).then(|| "there is no such heading".to_owned())
}

fn differences(original: &Page, translation: &Page) -> Vec<String> {
    let mut broken = Vec::new();
    let levels = |page: &Page| page.headings.iter().map(|it| it.level).collect::<Vec<_>>();
    let (from, to) = (levels(original), levels(translation));
    if from != to {
        broken.push(format!("headings of levels {to:?}, and not {from:?}"));
    }
    if original.tables != translation.tables {
        let (from, to) = (&original.tables, &translation.tables);
        broken.push(format!("tables of {to:?} rows, and not {from:?}"));
    }
    if original.blocks.len() != translation.blocks.len() {
        let [from, to] = [original, translation].map(|page| page.blocks.len());
        broken.push(format!("{to} blocks, and not {from}"));
    }
    for (from, to) in original.blocks.iter().zip(&translation.blocks) {
        if from.info != to.info || without_comments(&from.text) != without_comments(&to.text) {
            broken.push(format!("the block in line {} is not that of line {}", to.line, from.line));
        }
    }
    let of = |page: &Page| page.code.iter().cloned().collect::<BTreeSet<_>>();
    let targets = |page: &Page| {
        // Each names the other one.
        let is_page = |target: &&str| !target.starts_with("README.");
        let targets = page.links.iter().map(|link| link.target.as_str()).filter(is_page);
        targets.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    for (what, from, to) in
        [("code", of(original), of(translation)), ("link", targets(original), targets(translation))]
    {
        broken.extend(from.difference(&to).map(|it| format!("lacks the {what} {it}")));
        broken.extend(to.difference(&from).map(|it| format!("has the {what} {it} in addition")));
    }
    broken
}

/// The lines of a block, without what people read beside commands.
fn without_comments(text: &str) -> Vec<&str> {
    let code = |line| match str::split_once(line, " # ") {
        Some((code, _)) => code.trim_end(),
        None => line,
    };
    text.lines().map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_to_files_and_headings() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name, text| fs::write(directory.path().join(name), text).unwrap();
        write(
            "a.md",
            "# One\n[b](b.md) [two](b.md#two) [one](#one) [web](https://example.org/#x)\n",
        );
        write("b.md", "## Two\n\n[c](c.md)\n[a](a.md#two)\n[here](#there)\n");
        assert_eq!(
            dead_links_below(directory.path()),
            [
                "b.md:3: c.md: the file does not exist",
                "b.md:4: a.md#two: there is no such heading",
                "b.md:5: #there: there is no such heading",
            ]
        );
    }

    #[test]
    fn the_table_of_contents_has_each_page_once_and_no_link_leaves_the_book() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name, text| fs::write(directory.path().join(name), text).unwrap();
        fs::create_dir(directory.path().join("a")).unwrap();
        write("SUMMARY.md", "- [B](b.md)\n- [C](a/c.md)\n- [B](b.md)\n");
        write("a/c.md", "[b](../b.md)\n[x](../../README.md)\n");
        write("b.md", "");
        write("d.md", "[x](../README.md)\n");
        assert_eq!(
            outside(directory.path()),
            [
                "docs/a/c.md:2: ../../README.md is not in the book",
                "docs/SUMMARY.md has b.md 2 times, and not once",
                "docs/SUMMARY.md has d.md 0 times, and not once",
                "docs/d.md:1: ../README.md is not in the book",
            ]
        );
    }

    #[test]
    fn a_translation_has_the_same_blocks_headings_tables_code_and_links() {
        let original = "# A\n[x](README.ja.md)\n\n```sh\n$ one   # a word\n```\n`--flag` [b](b.md)\n\n| a |\n|---|\n";
        let of = |text: &str| differences(&Page::parse(original), &Page::parse(text));
        let good = "# B\n[y](README.md)\n\n```sh\n$ one   # another\n```\n[c](b.md) `--flag`\n\n| b |\n|---|\n";
        assert_eq!(of(good), Vec::<String>::new());
        for (from, to, expected) in [
            ("$ one", "$ two", "the block in line 4 is not that of line 4"),
            ("# B", "## B", "headings of levels [2], and not [1]"),
            ("|---|", "|---|\n| c |", "tables of [3] rows, and not [2]"),
            ("`--flag`", "", "lacks the code --flag"),
            ("(b.md)", "(c.md)", "lacks the link b.md"),
            ("```sh\n$ one   # another\n```\n", "", "0 blocks, and not 1"),
        ] {
            assert_eq!(of(&good.replace(from, to))[0], expected);
        }
    }
}
