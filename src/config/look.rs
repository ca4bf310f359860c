//! A colour that white letters can be read on.

use std::{fmt, str::FromStr};

/// The least contrast between letters and what they stand on (WCAG 2.2, 1.4.3).
const LEAST_CONTRAST: f64 = 4.5;

/// A colour on which white letters can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// A third darker, for pages that are dark.
    #[must_use]
    pub fn darker(self) -> Self {
        Self(self.0.map(|part| part / 3 * 2))
    }

    /// How much white stands out from it, from 1 to 21.
    fn contrast_with_white(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    }
}

impl FromStr for Colour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).unwrap_or_default();
        let parts = hex::decode(digits).ok().and_then(|parts| <[u8; 3]>::try_from(parts).ok());
        let colour = Self(parts.ok_or("six hexadecimal digits after #")?);
        let contrast = colour.contrast_with_white();
        if contrast < LEAST_CONTRAST {
            return Err(format!(
                "white text on it has a contrast of {:.1} and needs {LEAST_CONTRAST}: choose a darker colour",
                // Rounded down: what is refused must not seem to be enough.
                (contrast * 10.0).floor() / 10.0
            ));
        }
        Ok(colour)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", hex::encode(self.0))
    }
}

/// A telephone number as people write it.
#[derive(Clone, Debug)]
pub(super) struct Telephone(pub(super) String);

impl FromStr for Telephone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let is_one = digits >= 3 && text.chars().all(|c| c.is_ascii_digit() || " +-()".contains(c));
        if is_one { Ok(Self(text.trim().to_owned())) } else { Err("digits and spaces, such as 01582 546000".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_letters_can_be_read_on_a_colour() {
        assert_eq!("#0b4f4a".parse::<Colour>().unwrap().to_string(), "#0b4f4a");
        assert_eq!("#0c4b4a".parse::<Colour>().unwrap().darker().to_string(), "#083230");
        assert!("#ffcc00".parse::<Colour>().unwrap_err().contains("darker"));
        assert!("#767676".parse::<Colour>().is_ok() && "#777777".parse::<Colour>().is_err(), "4.54 and 4.48");
        assert!("blue".parse::<Colour>().is_err() && "#12345".parse::<Colour>().is_err() && "#é123".parse::<Colour>().is_err());
    }
}
