//! The language in addresses: read from the front of a path, and kept in links between pages.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::Method;

use super::Language;

/// What the paths of translated pages begin with; `/` itself is one, too.
const PAGES: [&str; 2] = ["/directory", "/help"];
/// Of these, what is there in English only.
const ENGLISH_ONLY: [&str; 1] = ["/directory/report"];

tokio::task_local! {
    /// The request that is being answered. Pages are made in the task of their request; what is done
    /// beside it (`spawn_blocking`) finds English here.
    static ASKED: Asked;
}

/// What a page has to know of its request to speak its language.
#[derive(Clone, Debug)]
struct Asked {
    language: Language,
    /// Path and query, without the language.
    here: String,
}

/// Answer a request in a language.
pub(in crate::pages) async fn speak(State(language): State<Language>, request: Request, next: Next) -> Response {
    let uri = request.uri();
    // What came in a body is not in any address: the same page, anew.
    let here = if request.method() == Method::POST {
        uri.path().trim_end_matches("/plan").to_owned()
    } else {
        uri.path_and_query().map_or("/", |there| there.as_str()).to_owned()
    };
    // The first page does not stand below its language's routes, so its path still has the prefix.
    let here = here.strip_prefix(language.prefix()).filter(|rest| rest.starts_with('/')).map_or(here.clone(), str::to_owned);
    ASKED.scope(Asked { language, here }, next.run(request)).await
}

/// Make a page for a request that came to none of the routes, in the language of its address.
pub(in crate::pages) fn speaking<T>(address: &str, make: impl FnOnce() -> T) -> T {
    let rest = |language: Language| address.strip_prefix(language.prefix()).filter(|rest| rest.starts_with('/'));
    let spoken = Language::TRANSLATIONS.into_iter().find_map(|language| Some((language, rest(language)?)));
    let (language, here) = spoken.unwrap_or((Language::English, address));
    let here = if is_translated(here) { here.trim_end_matches("/plan") } else { "/" };
    ASKED.sync_scope(Asked { language, here: here.to_owned() }, make)
}

/// The language of the request that is being answered.
pub(super) fn language() -> Language {
    ASKED.try_with(|asked| asked.language).unwrap_or_default()
}

/// Path and query of the request, without its language.
pub(in crate::pages) fn here() -> Option<String> {
    ASKED.try_with(|asked| asked.here.clone()).ok()
}

/// A path of ours in the language of the page.
pub(in crate::pages) fn path(path: &str) -> String {
    elsewhere(language(), path)
}

/// A path of ours in another language.
pub(in crate::pages) fn elsewhere(language: Language, path: &str) -> String {
    if is_translated(path) { format!("{}{path}", language.prefix()) } else { path.to_owned() }
}

/// Whether a page is there in every language.
pub(in crate::pages) fn is_translated(path: &str) -> bool {
    let path = path.split(['?', '#', '"']).next().unwrap_or_default();
    let within = |start: &str| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    path == "/" || (PAGES.into_iter().any(within) && !ENGLISH_ONLY.into_iter().any(within))
}

/// Keep the language in links to our own pages, and in what our forms are sent to. A link that names
/// its language (`hreflang` just before `href`) leads to that one.
pub(in crate::pages) fn keep(document: String) -> String {
    let prefix = language().prefix();
    if prefix.is_empty() {
        return document;
    }
    let mut kept = String::with_capacity(document.len() + document.len() / 16);
    let mut rest = document.as_str();
    while let Some(at) = rest.find("=\"/") {
        let (before, after) = rest.split_at(at + 2);
        kept.push_str(before);
        if leads_to_a_page(&before[..at]) && is_translated(after) {
            kept.push_str(prefix);
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// Whether what ends a tag's beginning is the name of an attribute that leads somewhere. Quotes in
/// text and in values are escaped, so that nothing else looks like one.
fn leads_to_a_page(before: &str) -> bool {
    match before.rsplit_once(' ') {
        Some((tag, "href")) => {
            !(tag.ends_with('"') && tag.rsplit_once(' ').is_some_and(|(_, last)| last.starts_with("hreflang=")))
        }
        Some((_, name)) => matches!(name, "action" | "formaction"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn kept(language: Language, document: &str) -> String {
        ASKED.scope(Asked { language, here: "/".to_owned() }, async { keep(document.to_owned()) }).await
    }

    #[tokio::test]
    async fn links_between_pages_keep_the_language_and_others_do_not() {
        for (before, after) in [
            (r#"<a href="/">"#, r#"<a href="/ur/">"#),
            (r#"<a class="x" href="/directory/needs?page=2#a">"#, r#"<a class="x" href="/ur/directory/needs?page=2#a">"#),
            (r#"<form method="post" action="/help/check">"#, r#"<form method="post" action="/ur/help/check">"#),
            (r#"<button formaction="/help/budget/plan">"#, r#"<button formaction="/ur/help/budget/plan">"#),
        ] {
            assert_eq!(kept(Language::Urdu, before).await, after);
            assert_eq!(kept(Language::English, before).await, before);
        }
        for same in [
            r#"<link href="/assets/style.css?v=1">"#,
            r#"<a href="/services?format=csv">"#,
            r#"<a href="/account">"#,
            r#"<a href="/helpers">"#,
            r#"<a href="/directory/report/7">"#,
            r#"<a lang="en" hreflang="en" href="/directory/needs">"#,
            r#"<input value="/help">"#,
            r"<p>href=&quot;/help&quot;</p>",
        ] {
            assert_eq!(kept(Language::Polish, same).await, same);
        }
    }
}
