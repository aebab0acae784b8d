//! Bars as SVG. What they show is also said in a table beside them, for people who do not see them.

use maud::{Markup, html};

/// The size of a chart's own coordinates; it is as wide as its place.
const WIDTH: usize = 1000;
const HEIGHT: u64 = 200;

/// A bar: the height of each of its parts from below, with its class, and what a pointer shows.
pub(super) struct Bar {
    pub(super) parts: Vec<(&'static str, u64)>,
    pub(super) title: String,
}

/// Bars over time. `name` says what they show, `first` and `last` when the time begins and ends.
pub(super) fn bars(name: &str, all: &[Bar], first: &str, last: &str) -> Markup {
    let sum = |bar: &Bar| bar.parts.iter().map(|(_, value)| value).sum::<u64>();
    let most = all.iter().map(sum).max().unwrap_or(0);
    let width = WIDTH / all.len().max(1);
    html! {
        div.chart {
            p.scale aria-hidden="true" { (most) }
            svg role="img" aria-label=(name) viewBox=(format!("0 0 {} {HEIGHT}", width * all.len()))
                preserveAspectRatio="none" focusable="false" {
                @for (at, bar) in all.iter().enumerate() {
                    g {
                        title { (bar.title) }
                        // So that the pointer finds an empty bar too.
                        rect.ground x=(at * width) y="0" width=(width) height=(HEIGHT) {}
                        @for (class, top, height) in stacked(bar, most) {
                            rect.(class) x=(at * width) y=(top) width=(width.saturating_sub(3).max(1)) height=(height) {}
                        }
                    }
                }
            }
            p.scale aria-hidden="true" { span { (first) } span { (last) } }
        }
    }
}

/// Class, top and height of the parts of a bar. Whatever is there can be seen.
fn stacked(bar: &Bar, most: u64) -> Vec<(&'static str, u64, u64)> {
    let mut top = HEIGHT;
    let parts = bar.parts.iter().filter(|(_, value)| *value > 0);
    let place = |&(class, value): &(&'static str, u64)| {
        let height = (value.saturating_mul(HEIGHT) / most.max(1)).max(2).min(top);
        top -= height;
        (class, top, height)
    };
    parts.map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_on_each_other() {
        let bar = |v2, v1| Bar { parts: vec![("v2", v2), ("v1", v1)], title: String::new() };
        assert_eq!(stacked(&bar(30, 10), 40), [("v2", 50, 150), ("v1", 0, 50)]);
        assert_eq!(stacked(&bar(0, 10), 40), [("v1", 150, 50)]);
        assert_eq!(stacked(&bar(0, 0), 0), []);
        assert_eq!(stacked(&bar(1, 0), 1_000_000), [("v2", 198, 2)], "a few can be seen");
        assert_eq!(stacked(&bar(999_999, 1), 1_000_000), [("v2", 1, 199), ("v1", 0, 1)]);
    }

    #[test]
    fn names_are_escaped() {
        let bar = Bar { parts: Vec::new(), title: "<b>".to_owned() };
        let svg = bars("a \"name\"", &[bar], "", "").into_string();
        assert!(svg.contains("a &quot;name&quot;") && svg.contains("&lt;b&gt;"), "{svg}");
    }
}
