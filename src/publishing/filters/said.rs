//! A place that is named among the words and that nobody here knows.

use super::Directory;
use crate::http::Problem;

/// Words that only a place follows.
const NEAR: [&str; 3] = ["near", "nr", "around"];
/// Words that a place has at most.
const LONGEST_PLACE: usize = 3;

/// A text that ends in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// What is looked for.
    pub(super) words: String,
    /// Where.
    pub(super) place: String,
}

/// What a text says to be near at its end: "food bank near Bristol".
fn at_the_end(text: &str) -> Option<Said> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let near = words.iter().rposition(|word| NEAR.contains(&word.to_lowercase().as_str()))?;
    let place = &words[near + 1..];
    let is_one = near > 0 && (1..=LONGEST_PLACE).contains(&place.len());
    is_one.then(|| Said { words: words[..near].join(" "), place: place.join(" ") })
}

/// The same, where no listing has any word of the place: with it nothing would be found, however much help there is.
/// # Errors
/// When the index fails.
pub(super) async fn unknown_place(directory: &Directory, text: &str) -> Result<Option<Said>, Problem> {
    let Some(said) = at_the_end(text) else { return Ok(None) };
    let (index, place) = (directory.search.clone(), said.place.clone());
    let has_any = tokio::task::spawn_blocking(move || index.has_any_word_of(&place)).await;
    let has_any = has_any.map_err(|error| Problem::internal(&error))??;
    Ok((!has_any).then_some(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_stands_behind_near_at_the_end() {
        let said = |text| at_the_end(text).map(|said| (said.words, said.place));
        let both = |words: &str, place: &str| Some((words.to_owned(), place.to_owned()));
        assert_eq!(said("food bank near Bristol"), both("food bank", "Bristol"));
        assert_eq!(said("Food bank NEAR Milton Keynes"), both("Food bank", "Milton Keynes"));
        assert_eq!(said("food bank near me around SW1A"), both("food bank near me", "SW1A"));
        for other in ["near Bristol", "food bank near", "food bank", "a bench near the river where ducks swim"] {
            assert_eq!(said(other), None, "{other}");
        }
    }
}
