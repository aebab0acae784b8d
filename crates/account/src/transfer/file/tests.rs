//! The form of the file: what is written is read again, and nothing else is.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn origin(layout: Layout) -> Origin {
    Origin { release: "0.1.0".into(), made: "2026-11-29T12:00:00Z".into(), layout }
}

fn contents(records: &BTreeMap<String, Vec<u8>>) -> Contents {
    let mut all = Contents::default();
    for (key, value) in records {
        assert!(all.push(key.clone(), value.clone()), "{key:?}");
    }
    all
}

fn written(contents: &Contents, origin: &Origin) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(contents, origin, &mut bytes).unwrap();
    bytes
}

fn example() -> String {
    let records = [("tags/us-east-1/i-1", "one"), ("tags/us-east-1/i-2", "two")];
    let records = records.map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec()));
    let bytes = written(&contents(&records.into()), &origin(Layout::Machine));
    String::from_utf8(bytes).unwrap()
}

fn problem(text: &str) -> String {
    read(&mut text.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn the_form_stays_as_it_is() {
    let expected = concat!(
        r#"{"format":"imds-state","version":1,"release":"0.1.0","made":"2026-11-29T12:00:00Z","#,
        r#""layout":"machine"}"#,
        "\n",
        r#"{"key":"tags/us-east-1/i-1","value":"b25l"}"#,
        "\n",
        r#"{"key":"tags/us-east-1/i-2","value":"dHdv"}"#,
        "\n",
    );
    let text = example();
    assert!(text.starts_with(expected), "{text}");
    assert_eq!(problem(&text), "");
    // A later release of the same version may say more of where it comes from.
    assert_eq!(problem(&text.replacen("\"layout\"", "\"more\":1,\"layout\"", 1)), "");
}

#[test]
fn what_is_wrong_is_refused_by_name() {
    let text = example();
    let lines: Vec<_> = text.lines().collect();
    let of = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    for (text, words) in [
        (String::new(), "is not a file that `imds state export` made"),
        ("remember the milk\n".to_owned(), "is not a file that"),
        (text.replace("imds-state", "other"), "is not a file that"),
        (
            text.replace("\"version\":1", "\"version\":2"),
            "has version 2, made by release \"0.1.0\"",
        ),
        (of(&lines[..3]), "it is cut off"),
        (text.trim_end().to_owned(), "it is cut off"),
        (of(&[lines[0], lines[2], lines[1], lines[3]]), "line 3 is not in the order"),
        (of(&[lines[0], lines[1], lines[1], lines[3]]), "line 3 is not in the order"),
        (of(&[lines[0], lines[1], lines[3]]), "records are not those that were exported"),
        (text.replace("b25l", "b25m"), "records are not those that were exported"),
        (text.replace("b25l", "b25"), "line 2 has no base64"),
        (text.replace("{\"key\"", "{\"more\":1,\"key\""), "line 2 is neither"),
        (of(&[&lines[..], &lines[3..]].concat()), "line 5 comes after the end"),
    ] {
        let problem = problem(&text);
        assert!(problem.contains(words) && !problem.contains("one"), "{words}: {problem}");
    }
}

proptest! {
    #[test]
    fn what_was_exported_is_imported(
        records in proptest::collection::btree_map(".{1,40}", any::<Vec<u8>>(), 0..40),
        is_shared: bool,
    ) {
        let all = contents(&records);
        let origin = origin(if is_shared { Layout::Hosts } else { Layout::Machine });
        let bytes = written(&all, &origin);
        let (from, read) = read(&mut bytes.as_slice()).unwrap();
        prop_assert_eq!((from, read), (origin, all));
    }

    /// Strange bytes end in an error, whatever stood before them.
    #[test]
    fn foreign_bytes_are_refused(lines in 0..4_usize, bytes: Vec<u8>, line in "[\\[\\]{}\":,a-z0-9]{0,60}") {
        let text = example();
        let begin: String = text.split_inclusive('\n').take(lines).collect();
        for rest in [bytes, line.into_bytes()] {
            let whole = [begin.as_bytes(), &rest, b"\n"].concat();
            prop_assert!(read(&mut whole.as_slice()).is_err());
        }
    }

    #[test]
    fn a_changed_byte_is_noticed(place: prop::sample::Index, bit in 0..8_u32) {
        let mut bytes = example().into_bytes();
        // What the first line says of release and time is for people.
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let place = first + place.index(bytes.len() - first);
        bytes[place] ^= 1 << bit;
        prop_assert!(read(&mut bytes.as_slice()).is_err());
    }
}
