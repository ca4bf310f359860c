//! Parameters of a request, each read once as what it is, with an error that names it.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::Problem;

/// A query longer than this is refused, in bytes.
const LONGEST_QUERY: usize = 10_240;
/// The same for a form with many fields.
const LONGEST_FORM: usize = 65_536;

/// The parameters of a query string or a form. Unknown ones are ignored.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Read `name=value&…`.
    /// # Errors
    /// When it is too long, or not UTF-8 after decoding.
    pub fn read(query: &str) -> Result<Self, Problem> {
        Self::read_at_most(query, LONGEST_QUERY)
    }

    /// Read a form with many fields.
    /// # Errors
    /// When it is too long, or not UTF-8 after decoding.
    pub fn read_form(body: &str) -> Result<Self, Problem> {
        Self::read_at_most(body, LONGEST_FORM)
    }

    fn read_at_most(query: &str, longest: usize) -> Result<Self, Problem> {
        if query.len() > longest {
            return Err(Problem::bad_request(format!("the query is {} bytes long; the limit is {longest}", query.len())));
        }
        let decoded = |text: &str| {
            let plus = text.replace('+', " ");
            percent_encoding::percent_decode_str(&plus).decode_utf8().map(std::borrow::Cow::into_owned).ok()
        };
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                decoded(name)
                    .zip(decoded(value))
                    .ok_or_else(|| Problem::bad_request("the query is not UTF-8 after percent-decoding".to_owned()))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }

    /// Names and values, as they came.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter; none where it is missing or blank.
    /// # Errors
    /// When it stands twice with different values.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.trim());
        let first = found.next();
        if let (Some(first), Some(second)) = (first, found.find(|other| Some(*other) != first)) {
            return Err(Problem::bad_parameter(name, second, &format!("it is given twice, first as {first:?}; give it once")));
        }
        match first {
            Some(value) if value.contains('\0') => Err(Problem::bad_parameter(name, value, "has a null character")),
            other => Ok(other.filter(|value| !value.is_empty())),
        }
    }

    /// The value of a parameter as what it is.
    /// # Errors
    /// When it cannot be read as that; `expected` says what would be right.
    pub fn parsed<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, Problem> {
        self.text(name)?
            .map(|text| text.parse().map_err(|_| Problem::bad_parameter(name, text, &format!("expected {expected}"))))
            .transpose()
    }

    /// A number within bounds, both included.
    /// # Errors
    /// When it is not a finite number, or out of bounds.
    pub fn number(&self, name: &str, least: f64, most: f64) -> Result<Option<f64>, Problem> {
        let expected = format!("a number from {least} to {most}");
        match self.parsed::<f64>(name, &expected)? {
            Some(number) if !(least..=most).contains(&number) => {
                let written = self.text(name)?.map_or_else(|| number.to_string(), str::to_owned);
                Err(Problem::bad_parameter(name, &written, &format!("expected {expected}")))
            }
            other => Ok(other),
        }
    }

    /// Yes or no, in capitals or not; no where it is missing.
    /// # Errors
    /// When it is neither.
    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        let Some(text) = self.text(name)? else { return Ok(false) };
        match text.to_ascii_lowercase().as_str() {
            "false" | "0" | "no" => Ok(false),
            "true" | "1" | "yes" => Ok(true),
            _ => Err(Problem::bad_parameter(name, text, "expected true or false")),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_mistake_names_its_parameter() {
        let read = |query| Parameters::read(query).unwrap();
        assert_eq!(
            read("page=abc").parsed::<u32>("page", "a whole number from 1").unwrap_err().detail,
            "page is \"abc\": expected a whole number from 1"
        );
        assert_eq!(read("page=1&page=2").text("page").unwrap_err().parameter.as_deref(), Some("page"));
        assert_eq!(read("near=NaN").number("near", 0.0, 1.0).unwrap_err().status, 400);
        assert_eq!(read("a=%61%2B+b&a=a%2B%20b").text("a").unwrap(), Some("a+ b"));
        assert_eq!(read("full=maybe").flag("full").unwrap_err().status, 400);
        assert_eq!(["full=TRUE", "full=Yes", "full=1"].map(|yes| read(yes).flag("full").unwrap()), [true; 3]);
        assert_eq!(["full=FALSE", "full=No", "full=0", "full="].map(|no| read(no).flag("full").unwrap()), [false; 4]);
        assert_eq!(Parameters::read("a=%ff").unwrap_err().status, 400);
        assert_eq!(read("search=&page").text("search").unwrap(), None);
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in ".{0,200}") {
            if let Ok(parameters) = Parameters::read(&query) {
                let _ = (parameters.text("a"), parameters.number("b", 0.0, 9.0), parameters.flag("c"));
            }
        }
    }
}
