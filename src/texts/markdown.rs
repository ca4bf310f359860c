//! Markdown as HTML that is safe whoever wrote it: marks of HTML are text, links lead to the web, to a
//! telephone (to ring or to text), to a mailbox or to a page of ours, and there are no pictures.

use maud::{Markup, PreEscaped, Render as _, html};
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

/// HTML of a Markdown text, for the inside of a page: its highest headings are `<h2>`.
///
/// ```
/// use fingerpost::texts::to_html;
/// assert_eq!(to_html("Ring **now**.").into_string(), "<p>Ring <strong>now</strong>.</p>\n");
/// assert_eq!(to_html("<script>x</script>").into_string(), "&lt;script&gt;x&lt;/script&gt;");
/// ```
pub fn to_html(text: &str) -> Markup {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).scan(Vec::new(), |links, event| Some(harmless(event, links)));
    let mut out = String::with_capacity(text.len() * 3 / 2);
    pulldown_cmark::html::push_html(&mut out, events);
    PreEscaped(out)
}

/// The event as it may stand on a page. `links` holds, for every link that is open, whether it is one.
fn harmless<'a>(event: Event<'a>, links: &mut Vec<bool>) -> Event<'a> {
    let nothing = || Event::Text(CowStr::Borrowed(""));
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock | Tag::Image { .. }) | Event::End(TagEnd::HtmlBlock | TagEnd::Image) => nothing(),
        Event::Start(Tag::Heading { level, .. }) => {
            Event::Start(Tag::Heading { level: lower(level), id: None, classes: Vec::new(), attrs: Vec::new() })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        Event::Start(Tag::Link { link_type, dest_url, .. }) => {
            // What stands in `<help@example.org>` is an address without its kind.
            let address: CowStr<'a> = if link_type == LinkType::Email { format!("mailto:{dest_url}").into() } else { dest_url };
            let leads = may_be_followed(&address);
            links.push(leads);
            if leads { Event::InlineHtml(opening(&address).into()) } else { nothing() }
        }
        Event::End(TagEnd::Link) => {
            if links.pop().unwrap_or_default() {
                Event::InlineHtml(CowStr::Borrowed("</a>"))
            } else {
                nothing()
            }
        }
        other => other,
    }
}

/// The page has the only `<h1>`.
fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => HeadingLevel::H2,
        HeadingLevel::H3 => HeadingLevel::H3,
        _ => HeadingLevel::H4,
    }
}

/// Whether a link may stand on our pages.
fn may_be_followed(address: &str) -> bool {
    let ours = address.starts_with('/') && !address.starts_with("//") && !address.contains('\\');
    ours || address.starts_with('#')
        || ["https://", "http://", "mailto:", "tel:", "sms:"]
            .iter()
            .any(|start| address.get(..start.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(start)))
}

fn opening(address: &str) -> String {
    let elsewhere = !address.starts_with(['/', '#']);
    let whole = html! { a href=(address) rel=[elsewhere.then_some("noreferrer")] {} }.render().into_string();
    whole.strip_suffix("</a>").unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn made(text: &str) -> String {
        to_html(text).into_string()
    }

    #[test]
    fn links_lead_to_the_web_a_telephone_a_mailbox_or_us() {
        assert_eq!(
            made("[a](https://example.org/?a=1&b)"),
            "<p><a href=\"https://example.org/?a=1&amp;b\" rel=\"noreferrer\">a</a></p>\n"
        );
        assert_eq!(made("[a](/help)"), "<p><a href=\"/help\">a</a></p>\n");
        assert_eq!(made("[a](tel:999)"), "<p><a href=\"tel:999\" rel=\"noreferrer\">a</a></p>\n");
        assert_eq!(made("[text us](sms:85258)"), "<p><a href=\"sms:85258\" rel=\"noreferrer\">text us</a></p>\n");
        assert_eq!(
            made("Write to <help@example.org>."),
            "<p>Write to <a href=\"mailto:help@example.org\" rel=\"noreferrer\">help@example.org</a>.</p>\n"
        );
        assert_eq!(
            made("<https://example.org/>"),
            "<p><a href=\"https://example.org/\" rel=\"noreferrer\">https://example.org/</a></p>\n"
        );
        for bad in ["javascript:alert(1)", "//example.org", "data:text/html,x", "JAVASCRIPT:x", "/\\example.org", " javascript:x"]
        {
            assert_eq!(made(&format!("[a](<{bad}>)")), "<p>a</p>\n", "{bad}");
        }
        assert_eq!(made("![a](https://example.org/x.png)"), "<p>a</p>\n");
    }

    #[test]
    fn headings_begin_below_that_of_the_page() {
        assert_eq!(made("# A\n### B"), "<h2>A</h2>\n<h3>B</h3>\n");
    }

    proptest! {
        #[test]
        fn nothing_that_somebody_writes_becomes_an_element_of_theirs(text in "[<>a-z\"'=/:!\\[\\]()&;# \n`*_-]{0,200}") {
            let allowed = ["p", "h2", "h3", "h4", "a", "em", "strong", "ul", "ol", "li", "code", "pre", "blockquote", "hr", "br", "table", "thead", "tbody", "tr", "th", "td"];
            for tag in made(&text).split('<').skip(1) {
                let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
                prop_assert!(allowed.contains(&&*name), "<{tag}");
                prop_assert!(!tag.split('>').next().unwrap_or_default().contains(" on"), "<{tag}");
            }
        }
    }
}
