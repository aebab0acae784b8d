//! Searches executables and shared objects for the SDKs that they were built with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use aho_corasick::AhoCorasick;

use super::version::Version;

/// How many bytes are searched in all.
const SEARCH_LIMIT: u64 = 2 << 30;
/// How many bytes are searched at a time.
const PIECE: u64 = 1 << 20;
/// How many bytes of a piece are searched again with the next one: more than a match and its version.
const OVERLAP: usize = 256;

/// How to recognize an SDK in a program that it is part of.
pub(super) struct Embedded {
    /// Texts that only its code brings along, such as names of its functions, which stripping leaves in Go
    /// programs; each with the first version that has it.
    pub(super) code: &'static [(&'static str, &'static str)],
    /// Texts that its version follows, where the program has them.
    pub(super) version: &'static [&'static str],
}

/// A version that a file shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Shown {
    Exactly(Version),
    AtLeast(Version),
}

/// A search for several SDKs at once.
pub(super) struct Search<'a> {
    wanted: Vec<&'a Embedded>,
    texts: Vec<&'static str>,
    searcher: Option<AhoCorasick>,
    bytes_left: u64,
}

impl<'a> Search<'a> {
    pub(super) fn new(wanted: Vec<&'a Embedded>) -> Self {
        let codes = wanted.iter().flat_map(|it| it.code.iter().map(|(text, _)| *text));
        let versions = wanted.iter().flat_map(|it| it.version.iter().copied());
        let texts: BTreeSet<_> = codes.chain(versions).collect();
        let texts: Vec<_> = texts.into_iter().collect();
        let searcher = AhoCorasick::new(&texts).ok();
        Self { wanted, texts, searcher, bytes_left: SEARCH_LIMIT }
    }

    /// The SDKs in a file, by their place in the list of wanted ones.
    pub(super) fn find(&mut self, file: &Path) -> Vec<(usize, Shown)> {
        let found = self.texts_in(file);
        let shown = self.wanted.iter().enumerate().filter_map(|(index, wanted)| {
            let code = wanted.code.iter().filter(|(text, _)| found.contains_key(text));
            let since = code.filter_map(|(_, since)| Version::parse(since)).max()?;
            let versions = wanted.version.iter().filter_map(|text| found.get(text));
            // At a window's end a version may have been cut short; the whole one is the greatest.
            let exact = versions.flatten().max().cloned();
            Some((index, exact.map_or(Shown::AtLeast(since), Shown::Exactly)))
        });
        shown.collect()
    }

    /// The texts in a file, each with the versions that follow it.
    fn texts_in(&mut self, file: &Path) -> BTreeMap<&'static str, BTreeSet<Version>> {
        let mut found = BTreeMap::<_, BTreeSet<_>>::new();
        let Some(searcher) = &self.searcher else { return found };
        let Ok(mut file) = File::open(file) else { return found };
        let mut window = Vec::new();
        loop {
            let searched = window.len().saturating_sub(OVERLAP);
            window.drain(..searched);
            let piece = file.by_ref().take(PIECE.min(self.bytes_left)).read_to_end(&mut window);
            let Ok(read @ 1..) = piece else { break };
            self.bytes_left -= read as u64;
            // One text may be the beginning of another.
            for occurrence in searcher.find_overlapping_iter(&window) {
                let rest = &window[occurrence.end()..window.len().min(occurrence.end() + 32)];
                let version = Version::parse(&String::from_utf8_lossy(rest));
                found.entry(self.texts[occurrence.pattern()]).or_default().extend(version);
            }
        }
        found
    }
}
