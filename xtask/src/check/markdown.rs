//! What a page of Markdown consists of, as far as the rules about pages ask.

/// The parts of a page, in its order.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) headings: Vec<Heading>,
    pub(super) blocks: Vec<Block>,
    pub(super) links: Vec<Link>,
    /// What stands between backticks, outside of blocks.
    pub(super) code: Vec<String>,
    /// The number of rows of each table.
    pub(super) tables: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Heading {
    pub(super) level: usize,
    text: String,
}

/// A fenced block.
#[derive(Debug, PartialEq)]
pub(super) struct Block {
    pub(super) line: usize,
    pub(super) info: String,
    pub(super) text: String,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) line: usize,
    pub(super) target: String,
}

impl Page {
    pub(super) fn parse(text: &str) -> Self {
        let mut page = Self::default();
        // Code in backticks may go on in the next line.
        let mut paragraph: Vec<&str> = Vec::new();
        let mut was_row = false;
        let mut lines = text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let is_row = line.starts_with('|');
            match page.tables.last_mut() {
                Some(rows) if is_row && was_row => *rows += 1,
                _ if is_row => page.tables.push(1),
                _ => {}
            }
            was_row = is_row;
            let fence = line.trim_start().strip_prefix("```");
            let heading = line.trim_start_matches('#').strip_prefix(' ');
            if fence.is_none() && !line.is_empty() && !line.starts_with('#') {
                paragraph.push(line);
                continue;
            }
            page.read_inline(index - paragraph.len(), &paragraph.join("\n"));
            paragraph.clear();
            if let Some(info) = fence {
                let inside = lines.by_ref().map(|(_, line)| line);
                let inside = inside.take_while(|line| line.trim_start() != "```");
                let text = inside.flat_map(|line| [line, "\n"]).collect();
                page.blocks.push(Block { line: index + 1, info: info.to_owned(), text });
            } else if let Some(text) = heading {
                let level = line.len() - text.len() - 1;
                page.headings.push(Heading { level, text: text.to_owned() });
            }
        }
        page.read_inline(text.lines().count() - paragraph.len(), &paragraph.join("\n"));
        page
    }

    /// Reads links and code of a paragraph whose first line follows so many others.
    fn read_inline(&mut self, before: usize, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find(['`', ']']) {
            let line = before + text[..text.len() - rest.len() + at].matches('\n').count() + 1;
            let found = &rest[at..];
            rest = if let Some((target, after)) =
                found.strip_prefix("](").and_then(|link| link.split_once(')'))
            {
                self.links.push(Link { line, target: target.to_owned() });
                after
            } else if let Some((code, after)) =
                found.strip_prefix('`').and_then(|code| code.split_once('`'))
            {
                self.code.push(code.replace('\n', " "));
                after
            } else {
                &found[1..]
            };
        }
    }

    /// Whether a link with `anchor` leads to a heading, by the names that hosts of Git repositories and mdBook make.
    pub(super) fn has_anchor(&self, anchor: &str) -> bool {
        self.headings.iter().any(|heading| heading.anchor() == anchor)
    }
}

impl Heading {
    fn anchor(&self) -> String {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        self.text.trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_with_its_lines() {
        let page = Page::parse(
            "# A page\n\nSee [one](a.md), `code\nthat goes on` and\n[two](b.md#x).\n\
             ```sh x\n# not a heading\n[no](link)\n```\n\n| a |\n|---|\n| b |\n\n## `--flag FILE`: a key\n",
        );
        let levels: Vec<_> = page.headings.iter().map(|it| (it.level, it.anchor())).collect();
        assert_eq!(levels, [(1, "a-page".to_owned()), (2, "--flag-file-a-key".to_owned())]);
        let links: Vec<_> = page.links.iter().map(|it| (it.line, &*it.target)).collect();
        assert_eq!(links, [(3, "a.md"), (5, "b.md#x")]);
        assert_eq!(page.code, ["code that goes on"]);
        let text = "# not a heading\n[no](link)\n".to_owned();
        assert_eq!(page.blocks, [Block { line: 6, info: "sh x".to_owned(), text }]);
        assert_eq!(page.tables, [3]);
        assert!(page.has_anchor("a-page") && !page.has_anchor("A page"));
    }
}
