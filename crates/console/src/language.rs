//! English or Japanese.

use hyper::header::{ACCEPT_LANGUAGE, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use hyper::http::request::Parts;

use crate::query::Query;
use crate::response::Response;

const COOKIE_NAME: &str = "imds-console-language";

/// The language of a page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Language {
    English,
    Japanese,
}

/// What a page says, in both languages.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    pub(crate) en: &'static str,
    pub(crate) ja: &'static str,
}

impl Language {
    pub(crate) fn say(self, text: Text) -> &'static str {
        match self {
            Self::English => text.en,
            Self::Japanese => text.ja,
        }
    }

    /// As HTML and HTTP name it.
    pub(crate) fn code(self) -> &'static str {
        self.say(Text { en: "en", ja: "ja" })
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::English => Self::Japanese,
            Self::Japanese => Self::English,
        }
    }

    fn of(code: &str) -> Option<Self> {
        [Self::English, Self::Japanese].into_iter().find(|language| language.code() == code)
    }
}

/// The language that was chosen (`?lang=`, then a cookie), else the one that the browser prefers.
pub(crate) fn language(head: &Parts, query: &Query) -> Language {
    let chosen = query.get("lang").and_then(Language::of);
    let chosen = chosen.or_else(|| cookie(head, COOKIE_NAME).and_then(Language::of));
    chosen.unwrap_or_else(|| preferred(&head.headers))
}

/// Has the browser keep the choice.
pub(crate) fn remember(language: Language, response: &mut Response) {
    let cookie = format!(
        "{COOKIE_NAME}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000",
        language.code()
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    let fields = head.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|it| it.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// The first of the two with the highest weight in `Accept-Language`; English if it has neither.
fn preferred(headers: &HeaderMap) -> Language {
    let field = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let mut best = (Language::English, 0.0);
    for part in field.unwrap_or_default().split(',') {
        let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|it| it.parse::<f32>().ok());
        let code = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        if let (Some(language), Some(weight)) = (Language::of(&code), weight)
            && weight > best.1
        {
            best = (language, weight);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    #[test]
    fn the_choice_wins_over_the_browser() {
        use Language::{English, Japanese};
        for (query, cookie, accepted, expected) in [
            ("", "", "", English),
            ("", "", "ja", Japanese),
            ("", "", "ja-JP,en;q=0.8", Japanese),
            ("", "", "en-US,ja;q=0.9", English),
            ("", "", "de, ja;q=0.5, en;q=0.7", English),
            ("", "", "fr", English),
            ("", "a=b; imds-console-language=ja", "en", Japanese),
            ("lang=en", "imds-console-language=ja", "ja", English),
            ("lang=xx", "imds-console-language=ja", "", Japanese),
        ] {
            let request =
                Request::builder().header(COOKIE, cookie).header(ACCEPT_LANGUAGE, accepted);
            let head = request.body(()).unwrap().into_parts().0;
            let found = language(&head, &Query::parse(query));
            assert_eq!(found, expected, "{query} {cookie} {accepted}");
        }
    }
}
