//! Where people say that they are: a whole postcode, or only its first half.
//!
//! Forms follow Royal Mail: an outcode (A9, A99, AA9, AA99, A9A, AA9A), then a digit and two letters
//! that are none of C, I, K, M, O, V. Jersey, Guernsey and the Isle of Man have postcodes of the
//! same form. Addresses of the Forces (BFPO, BF1) and of the old Girobank (GIR 0AA) have no place
//! on the map and are refused as what they are. Whether a postcode exists is known to
//! [`crate::places`] only.

mod among;

use std::{fmt, str::FromStr};

use super::values::Refused;
pub use among::among_words;

const NOT_A_POSTCODE: Refused = Refused("is not a UK postcode (expected something like LU1 2AA)");
const NOT_AN_OUTCODE: Refused = Refused("is not the first half of a UK postcode (expected something like LU1)");
const NEITHER: Refused = Refused("is not a UK postcode (expected something like LU1 2AA, or its first half, LU1)");
const ONLY_A_PART: Refused = Refused("is only part of a postcode (expected the whole, such as LU1 2AA, or its first half, LU1)");
const FORCES: Refused = Refused("is a Forces address (BFPO), which has no position on the map");
const GIROBANK: Refused = Refused("is a postcode without a position on the map");

/// A UK postcode, in its usual form: "LU1 2AA".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Postcode(String);

impl Postcode {
    /// "LU1" of "LU1 2AA".
    pub fn outcode(&self) -> &str {
        &self.0[..self.0.len() - 4]
    }

    /// "LU1 2" of "LU1 2AA".
    pub fn sector(&self) -> &str {
        &self.0[..self.0.len() - 2]
    }

    /// The whole postcode, with one space.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Postcode {
    type Err = Refused;

    /// Reads "lu12aa", "LU1  2AA" and "LU1 2AA" alike.
    fn from_str(text: &str) -> Result<Self, Refused> {
        let packed = Packed::of(text).ok_or(NOT_A_POSTCODE)?;
        packed.special()?;
        packed.postcode().ok_or(NOT_A_POSTCODE)
    }
}

impl fmt::Display for Postcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first half of a UK postcode: "LU1".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcode(String);

impl Outcode {
    /// The text, in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Outcode {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let packed = Packed::of(text).ok_or(NOT_AN_OUTCODE)?;
        packed.special()?;
        packed.outcode().ok_or(NOT_AN_OUTCODE)
    }
}

impl fmt::Display for Outcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What people write for where they are: a whole postcode, or only its first half.
///
/// ```
/// use fingerpost::model::whereabouts::Whereabouts;
/// let whole: Whereabouts = "lu12aa".parse().unwrap();
/// assert_eq!((whole.to_string(), whole.sector()), ("LU1 2AA".to_owned(), Some("LU1 2".to_owned())));
/// let half: Whereabouts = "lu1".parse().unwrap();
/// assert_eq!((half.outcode(), half.sector()), ("LU1", None));
/// assert!("Luton".parse::<Whereabouts>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whereabouts {
    /// A whole postcode.
    Postcode(Postcode),
    /// Its first half.
    Outcode(Outcode),
}

impl Whereabouts {
    /// "LU1", of "LU1 2AA" as of "LU1".
    pub fn outcode(&self) -> &str {
        match self {
            Self::Postcode(postcode) => postcode.outcode(),
            Self::Outcode(outcode) => outcode.as_str(),
        }
    }

    /// "LU1 2" of "LU1 2AA"; the first half of a postcode has none.
    pub fn sector(&self) -> Option<String> {
        match self {
            Self::Postcode(postcode) => Some(postcode.sector().to_owned()),
            Self::Outcode(_) => None,
        }
    }

    /// The postcode, or its first half, in its usual form.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Postcode(postcode) => postcode.as_str(),
            Self::Outcode(outcode) => outcode.as_str(),
        }
    }
}

impl FromStr for Whereabouts {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let packed = Packed::of(text).ok_or(NEITHER)?;
        packed.special()?;
        if let Some(postcode) = packed.postcode() {
            return Ok(Self::Postcode(postcode));
        }
        if let Some(outcode) = packed.outcode().filter(|outcode| !breaks_elsewhere(text, outcode)) {
            return Ok(Self::Outcode(outcode));
        }
        Err(if packed.begins_like_one() { ONLY_A_PART } else { NEITHER })
    }
}

impl fmt::Display for Whereabouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Postcode> for Whereabouts {
    fn from(postcode: Postcode) -> Self {
        Self::Postcode(postcode)
    }
}

impl From<Outcode> for Whereabouts {
    fn from(outcode: Outcode) -> Self {
        Self::Outcode(outcode)
    }
}

/// Whether `text` has the form of a whole postcode, also where [`Postcode`] refuses it as one that
/// has no place on the map.
pub fn has_the_form_of_a_postcode(text: &str) -> bool {
    Packed::of(text).is_some_and(|packed| packed.postcode().is_some() || packed.as_str() == "GIR0AA")
}

/// The postcode that somebody means who types the letter O for a nought, or a nought for the letter: there is only one
/// that `text` can be. Only to be asked where no postcode was read as it stands.
///
/// ```
/// use fingerpost::model::whereabouts::with_noughts;
/// let meant = |text: &str| with_noughts(text).map(|postcode| postcode.to_string());
/// assert_eq!(meant("lu1 oab").as_deref(), Some("LU1 0AB"));
/// assert_eq!(meant("CRO 2XX").as_deref(), Some("CR0 2XX"));
/// assert_eq!(meant("0X1 1AA").as_deref(), Some("OX1 1AA"));
/// assert_eq!(meant("LU1 ZAB"), None);
/// ```
pub fn with_noughts(text: &str) -> Option<Postcode> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).take(8).collect();
    let text = Some(text).filter(|text| text.is_ascii())?.to_ascii_uppercase();
    let (out, inward) = text.split_at_checked(text.len().checked_sub(3)?)?;
    // The first half begins with a letter and never ends with this one; the other half begins with a figure.
    let out = out.strip_prefix('0').map_or_else(|| out.to_owned(), |rest| format!("O{rest}"));
    let ends_with_it = out.len() >= 3 && out.ends_with('O');
    let out = if ends_with_it { format!("{}0", &out[..out.len() - 1]) } else { out };
    let inward = inward.strip_prefix('O').map_or_else(|| inward.to_owned(), |rest| format!("0{rest}"));
    format!("{out} {inward}").parse().ok()
}

/// "LU1 2" is not LU12: a space inside the text says where the first half ends.
fn breaks_elsewhere(text: &str, outcode: &Outcode) -> bool {
    text.split_whitespace().next().is_some_and(|first| first.len() < outcode.as_str().len())
}

/// At most seven capitals and digits: what was written, without its spaces.
struct Packed {
    bytes: [u8; 8],
    length: usize,
}

impl Packed {
    fn of(text: &str) -> Option<Self> {
        let mut packed = Self { bytes: [0; 8], length: 0 };
        // Longer text is no postcode however its spaces are counted.
        if text.len() > 64 {
            return None;
        }
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            *packed.bytes.get_mut(packed.length)? =
                u8::try_from(c.to_ascii_uppercase()).ok().filter(u8::is_ascii_alphanumeric)?;
            packed.length += 1;
        }
        (packed.length > 0).then_some(packed)
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.bytes()).expect("capitals and digits only")
    }

    fn special(&self) -> Result<(), Refused> {
        match self.as_str() {
            "GIR0AA" | "GIR" => Err(GIROBANK),
            text if text.starts_with("BF") => Err(FORCES),
            _ => Ok(()),
        }
    }

    fn postcode(&self) -> Option<Postcode> {
        let (out, inward) = self.bytes().split_at_checked(self.length.checked_sub(3)?)?;
        (is_outcode(out) && is_incode(inward)).then(|| {
            let (out, inward) = self.as_str().split_at(out.len());
            Postcode(format!("{out} {inward}"))
        })
    }

    fn outcode(&self) -> Option<Outcode> {
        is_outcode(self.bytes()).then(|| Outcode(self.as_str().to_owned()))
    }

    /// An outcode with one or two characters of the other half behind it.
    fn begins_like_one(&self) -> bool {
        (1..=2).any(|more| {
            self.length.checked_sub(more).is_some_and(|at| {
                let (out, rest) = self.bytes().split_at(at);
                is_outcode(out) && rest[0].is_ascii_digit() && rest[1..].iter().all(u8::is_ascii_uppercase)
            })
        })
    }
}

/// A9, A99, AA9, AA99, A9A or AA9A.
fn is_outcode(text: &[u8]) -> bool {
    let letters = text.iter().take_while(|c| c.is_ascii_uppercase()).count();
    if !(1..=2).contains(&letters) {
        return false;
    }
    match &text[letters..] {
        [first] => first.is_ascii_digit(),
        [first, last] => first.is_ascii_digit() && (last.is_ascii_digit() || last.is_ascii_uppercase()),
        _ => false,
    }
}

/// A digit and two letters that are easily told apart.
fn is_incode(text: &[u8]) -> bool {
    matches!(text, [digit, rest @ ..] if digit.is_ascii_digit() && rest.iter().all(|c| c.is_ascii_uppercase() && !b"CIKMOV".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads<T: FromStr<Err = Refused> + fmt::Display>(text: &str) -> String {
        text.parse::<T>().map_or_else(|refused| refused.to_string(), |read| read.to_string())
    }

    #[test]
    fn postcodes_are_read_however_they_are_spaced() {
        for same in ["lu12aa", "LU1 2AA", " lu1  2aa ", "L U 1 2 A A", "LU1\u{a0}2AA"] {
            assert_eq!(reads::<Postcode>(same), "LU1 2AA");
            assert_eq!(reads::<Whereabouts>(same), "LU1 2AA");
        }
        for bad in ["LU1", "12345", "LU1 2A", "LU1 2CC", "", "N/A", "ÀÉ1 2AA", "LU1 2AA LU1", "ABC1 2AA", "LU123 4AA"] {
            assert_eq!(reads::<Postcode>(bad), NOT_A_POSTCODE.0, "{bad}");
        }
        assert!(" ".repeat(100_000).parse::<Whereabouts>().is_err());
    }

    #[test]
    fn every_form_has_its_parts() {
        for (text, outcode, sector) in [
            ("M1 1AE", "M1", "M1 1"),
            ("B33 8TH", "B33", "B33 8"),
            ("CR2 6XH", "CR2", "CR2 6"),
            ("DN55 1PT", "DN55", "DN55 1"),
            ("W1A 0AX", "W1A", "W1A 0"),
            ("EC1A 1BB", "EC1A", "EC1A 1"),
            ("JE2 3QA", "JE2", "JE2 3"),
            ("GY1 1AA", "GY1", "GY1 1"),
            ("IM1 2PH", "IM1", "IM1 2"),
        ] {
            let postcode: Postcode = text.parse().unwrap();
            assert_eq!((postcode.as_str(), postcode.outcode(), postcode.sector()), (text, outcode, sector));
            let half: Whereabouts = outcode.to_lowercase().parse().unwrap();
            assert_eq!((half.as_str(), half.outcode(), half.sector()), (outcode, outcode, None));
        }
    }

    #[test]
    fn what_is_refused_is_refused_as_what_it_is() {
        assert_eq!(reads::<Whereabouts>("BFPO 58"), FORCES.0);
        assert_eq!(reads::<Postcode>("BF1 2AA"), FORCES.0);
        assert_eq!(reads::<Outcode>("bf1"), FORCES.0);
        assert_eq!(reads::<Whereabouts>("GIR 0AA"), GIROBANK.0);
        for part in ["LU1 2", "LU1 2A", "EC1A 1", "SG18 9"] {
            assert_eq!(reads::<Whereabouts>(part), ONLY_A_PART.0, "{part}");
        }
        for neither in ["Luton", "1", "", "LU", "LU1 2CC", "☃", "E06000032"] {
            assert_eq!(reads::<Whereabouts>(neither), NEITHER.0, "{neither}");
        }
        assert!(has_the_form_of_a_postcode("BF1 2AA"), "the Forces' postcodes are postcodes in form");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_reads_the_same_again(text in "\\PC{0,12}|[A-Za-z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}") {
            if let Ok(read) = text.parse::<Whereabouts>() {
                assert_eq!(read.to_string().parse::<Whereabouts>().unwrap(), read);
                assert!(read.as_str().starts_with(read.outcode()));
                assert!(read.as_str().starts_with(&read.sector().unwrap_or_default()));
            }
        }
    }
}
