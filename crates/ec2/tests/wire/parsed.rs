//! XML as a parser that is not ours sees it.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

/// Every text of a document by the path of its element, such as `/requestId`: the root is left out,
/// and paths that come twice are an error, as is anything that is not well formed.
pub(crate) fn texts(xml: &str) -> Result<BTreeMap<String, String>, String> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut path, mut text, mut texts) = (Vec::new(), String::new(), BTreeMap::new());
    let mut is_leaf = false;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Decl(_) => {}
            Event::Start(start) => {
                for attribute in start.attributes() {
                    attribute.map_err(|error| error.to_string())?;
                }
                path.push(start.name().as_ref().to_owned());
                (text, is_leaf) = (String::new(), true);
            }
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => text.push(character),
                Ok(None) => text.push_str(
                    quick_xml::escape::resolve_xml_entity(&reference.xml10_content())
                        .ok_or_else(|| format!("unknown {reference:?}"))?,
                ),
                Err(error) => return Err(error.to_string()),
            },
            Event::End(_) => {
                let place: String = path.iter().skip(1).map(|name| format!("/{name}")).collect();
                path.pop();
                if is_leaf && texts.insert(place.clone(), std::mem::take(&mut text)).is_some() {
                    return Err(format!("{place} comes twice"));
                }
                is_leaf = false;
            }
            Event::Eof if path.is_empty() => return Ok(texts),
            other => return Err(format!("unexpected {other:?}")),
        }
    }
}
