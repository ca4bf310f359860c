//! What a letter says: the same parts as plain text and as HTML.

use maud::{DOCTYPE, Markup, html};
use url::Url;

use super::Kind;
use crate::model::text;

/// Characters in a line of the plain text; addresses of the web are never broken.
const WIDTH: usize = 72;
/// Characters of a subject; more is cut.
const LONGEST_SUBJECT: usize = 150;

/// A piece of a letter. Texts may come from strangers: they are cleaned, folded and escaped here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A paragraph.
    Paragraph(String),
    /// Something to do: stands alone, looks like a button in HTML.
    Link {
        /// What it does.
        label: String,
        /// Where it leads.
        url: Url,
    },
    /// Several things.
    List(Vec<String>),
    /// Somebody else's words.
    Quotation(String),
}

impl Part {
    /// A paragraph.
    pub fn paragraph(text: impl Into<String>) -> Self {
        Self::Paragraph(text.into())
    }

    /// Something to do.
    pub fn link(label: impl Into<String>, url: Url) -> Self {
        Self::Link { label: label.into(), url }
    }
}

/// A mail to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The mailbox that it goes to.
    pub to: String,
    /// What it is about.
    pub kind: Kind,
    /// Its subject, one line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

impl Letter {
    /// A letter that says `body`, as plain text and as HTML.
    pub fn new(to: impl Into<String>, kind: Kind, subject: impl Into<String>, body: &[Part]) -> Self {
        let subject = one_line(&subject.into(), LONGEST_SUBJECT);
        Self { to: to.into(), kind, text: plain(body), html: marked_up(&subject, body), subject }
    }
}

/// A text message to one telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The number that it goes to.
    pub to: String,
    /// What it is about.
    pub kind: Kind,
    /// What it says.
    pub text: String,
}

/// `line` without line ends and other characters that nobody sees, at most `most` characters of it.
pub(super) fn one_line(line: &str, most: usize) -> String {
    let words = text::clean(line).split_whitespace().collect::<Vec<_>>().join(" ");
    text::shorten(&words, most)
}

fn plain(body: &[Part]) -> String {
    let blocks = body.iter().map(|part| match part {
        Part::Paragraph(text) => fold(text, "", ""),
        Part::Link { label, url } => format!("{}\n{url}", fold(label, "", "")),
        Part::List(items) => items.iter().map(|item| fold(item, "* ", "  ")).collect::<Vec<_>>().join("\n"),
        Part::Quotation(text) => fold(text, "> ", "> "),
    });
    let mut text = blocks.filter(|block| !block.trim().is_empty()).collect::<Vec<_>>().join("\n\n");
    text.push('\n');
    text
}

/// `text` in lines of at most [`WIDTH`] characters, words kept whole; `first` before the first line,
/// `next` before the others.
fn fold(text: &str, first: &str, next: &str) -> String {
    let mut lines = Vec::new();
    for paragraph in text::clean(text).lines() {
        let mut line = if lines.is_empty() { first } else { next }.to_owned();
        let mut empty = true;
        for word in paragraph.split_whitespace() {
            if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::replace(&mut line, next.to_owned()));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

/// `text` without the line ends that [`fold`] put in: for who breaks lines by itself.
pub(super) fn unfold(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut width = 0;
    for line in text.lines() {
        let words = line.trim_start_matches("> ").trim_start();
        let first = words.split(' ').next().unwrap_or_default().chars().count();
        // It was broken where its first word did not fit any more.
        let begins = ["* ", "https://", "http://"].iter().any(|start| words.starts_with(start));
        let broken = width > 0 && !words.is_empty() && !begins && width + 1 + first > WIDTH;
        match out.last_mut() {
            Some(last) if broken => {
                last.push(' ');
                last.push_str(words);
            }
            _ => out.push(line.to_owned()),
        }
        width = if words.is_empty() { 0 } else { line.chars().count() };
    }
    out.join("\n")
}

/// Mail programs know no style sheets: each element says how it looks.
fn marked_up(subject: &str, body: &[Part]) -> String {
    let page: Markup = html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (subject) }
            }
            body style="margin:0 auto;padding:16px;max-width:36em;font:18px/1.5 Arial,sans-serif;color:#111;background:#fff" {
                @for part in body { (element(part)) }
            }
        }
    };
    page.into_string()
}

fn element(part: &Part) -> Markup {
    match part {
        Part::Paragraph(text) => html! { p { (lines(text)) } },
        Part::Link { label, url } => html! {
            p {
                a href=(url) style="display:inline-block;padding:10px 16px;color:#fff;background:#00603c;font-weight:bold" {
                    (one_line(label, LONGEST_SUBJECT))
                }
            }
            p style="font-size:16px;word-break:break-all" { "Or copy this address into your browser: " (url) }
        },
        Part::List(items) => html! { ul { @for item in items { li { (lines(item)) } } } },
        Part::Quotation(text) => html! {
            blockquote style="margin:16px 0;padding-left:12px;border-left:4px solid #888" { (lines(text)) }
        },
    }
}

fn lines(text: &str) -> Markup {
    let text = text::clean(text);
    html! { @for (at, line) in text.lines().enumerate() { @if at > 0 { br; } (line) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url() -> Url {
        "https://directory.luton.example.org/sign-in?link=4f2a&to=%2Faccount".parse().unwrap()
    }

    #[test]
    fn a_letter_says_the_same_in_text_and_in_html() {
        let letter = Letter::new(
            "pantry@lark-hill.example.org",
            Kind::Question,
            "A question about\r\nBcc: x@example.org  your listing",
            &[
                Part::paragraph("A moderator looked at your change to “Meadow larder” and has a question before it can be shown to everybody."),
                Part::Quotation("Is the <b>side door</b> still open?\n\nOr is it closed now & do people have to use the one at the front of the building?".to_owned()),
                Part::List(vec!["Opening times".to_owned(), "The long name of a field that has to be broken because it does not fit in one line".to_owned()]),
                Part::link("Answer", url()),
            ],
        );
        insta::assert_snapshot!(letter.text, @r"
        A moderator looked at your change to “Meadow larder” and has a question
        before it can be shown to everybody.

        > Is the <b>side door</b> still open?
        >
        > Or is it closed now & do people have to use the one at the front of
        > the building?

        * Opening times
        * The long name of a field that has to be broken because it does not fit
          in one line

        Answer
        https://directory.luton.example.org/sign-in?link=4f2a&to=%2Faccount
        ");
        assert_eq!(letter.subject, "A question about Bcc: x@example.org your listing");
        let html = &letter.html;
        for said in [
            "Is the &lt;b&gt;side door&lt;/b&gt; still open?",
            "closed now &amp; do",
            "<li>Opening times</li>",
            "link=4f2a&amp;to=",
        ] {
            assert!(html.contains(said), "{said} in {html}");
        }
        assert!(!html.contains("<b>side"), "{html}");
    }

    #[test]
    fn who_breaks_lines_by_itself_gets_whole_paragraphs() {
        let long = "A moderator looked at your change to “Meadow larder” and has a question before it can be shown.";
        let parts = [
            Part::paragraph(format!("{long}\nShort.\n{long}")),
            Part::List(vec![long.to_owned(), "Times".to_owned()]),
            Part::link("Answer", url()),
            Part::Quotation(long.to_owned()),
        ];
        let text = Letter::new("a@example.org", Kind::Question, "A question", &parts).text;
        assert!(text.lines().count() > 12);
        assert_eq!(unfold(&text), format!("{long}\nShort.\n{long}\n\n* {long}\n* Times\n\nAnswer\n{}\n\n> {long}", url()));
    }

    proptest! {
        #[test]
        fn lines_of_text_are_short_and_words_are_kept(text in "([a-zé]{1,20}[ \n]{1,3}){0,60}") {
            let folded = fold(&text, "> ", "> ");
            prop_assert!(folded.lines().all(|line| line.chars().count() <= WIDTH));
            let words = |text: &str| text.split_whitespace().filter(|word| *word != ">").map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&folded), words(&text));
        }
    }
}
