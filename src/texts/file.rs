//! A text as a file: facts as TOML between two lines of `+++`, then Markdown.

use super::text::Text;

/// The line around the facts.
const FENCE: &str = "+++";

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The facts are missing.
    #[error("expected the details of the text first, between two lines of +++")]
    NoFacts,
    /// The facts cannot be read.
    #[error("cannot read the details between the lines of +++: {0}")]
    Facts(String),
}

/// Read a text from a file.
/// # Errors
/// What is wrong with it.
///
/// ```
/// let text = fingerpost::texts::from_file("+++\nkind = \"page\"\ntitle = \"Privacy\"\n+++\nWe keep *nothing*.\n").unwrap();
/// assert_eq!(text.body, "We keep *nothing*.");
/// assert_eq!(fingerpost::texts::from_file(&fingerpost::texts::to_file(&text)).unwrap(), text);
/// ```
pub fn from_file(file: &str) -> Result<Text, FileError> {
    let file = file.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
    let rest = file.trim_start().strip_prefix(FENCE).and_then(|rest| rest.strip_prefix('\n')).ok_or(FileError::NoFacts)?;
    let (facts, body) = rest.split_once("\n+++").ok_or(FileError::NoFacts)?;
    let mut text: Text = toml::from_str(facts).map_err(|error| FileError::Facts(error.to_string().trim().to_owned()))?;
    body.trim().clone_into(&mut text.body);
    Ok(text)
}

/// Write a text as a file.
pub fn to_file(text: &Text) -> String {
    let facts = Text { body: String::new(), ..text.clone() };
    // Every member is a text, a truth or a list of texts, which TOML can say.
    let mut table = toml::Table::try_from(&facts).unwrap_or_default();
    table.remove("body");
    format!("{FENCE}\n{}{FENCE}\n\n{}\n", toml::to_string(&table).unwrap_or_default(), text.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_is_wrong_with_it() {
        assert_eq!(from_file("# Rent"), Err(FileError::NoFacts));
        let said = |facts: &str| from_file(&format!("+++\n{facts}\n+++\nx")).unwrap_err().to_string();
        assert!(said("kind = \"guide\"").contains("title"));
        assert!(said("kind = \"guide\"\ntitle = \"A\"\nreviewed = 1").contains("reviewed"));
        assert!(said("kind = \"notice\"\ntitle = \"A\"\nuntil = \"soon\"").contains("2026-11-28T09:00"));
    }
}
