//! Languages by name and by code: feeds write one, the other or both, and mean the same.

use super::text::fold;

/// Languages that are spoken or signed here: the code of ISO 639-1 (of 639-3 where there is none), other
/// codes, and names in English and their own, folded. The first name is the one that is shown.
const LANGUAGES: [(&str, &[&str], &[&str]); 44] = [
    ("en", &["eng"], &["English"]),
    ("cy", &["cym", "wel"], &["Welsh", "cymraeg"]),
    ("gd", &["gla"], &["Scottish Gaelic"]),
    ("ga", &["gle"], &["Irish"]),
    ("bfi", &["sgn-gb", "bsl"], &["British Sign Language"]),
    ("am", &["amh"], &["Amharic"]),
    ("ar", &["ara"], &["Arabic"]),
    ("bg", &["bul"], &["Bulgarian"]),
    ("bn", &["ben"], &["Bengali", "Bangla"]),
    ("cs", &["ces", "cze"], &["Czech"]),
    ("de", &["deu", "ger"], &["German", "deutsch"]),
    ("el", &["ell", "gre"], &["Greek"]),
    ("es", &["spa"], &["Spanish", "español"]),
    ("fa", &["fas", "per"], &["Persian", "Farsi"]),
    ("fr", &["fra", "fre"], &["French", "français"]),
    ("gu", &["guj"], &["Gujarati"]),
    ("hi", &["hin"], &["Hindi"]),
    ("hu", &["hun"], &["Hungarian"]),
    ("it", &["ita"], &["Italian", "italiano"]),
    ("ku", &["kur", "ckb", "kmr"], &["Kurdish", "Sorani", "Kurmanji"]),
    ("lt", &["lit"], &["Lithuanian"]),
    ("lv", &["lav"], &["Latvian"]),
    ("ml", &["mal"], &["Malayalam"]),
    ("ne", &["nep"], &["Nepali"]),
    ("pa", &["pan"], &["Punjabi", "Panjabi"]),
    ("pl", &["pol"], &["Polish", "polski"]),
    ("prs", &[], &["Dari"]),
    ("ps", &["pus"], &["Pashto"]),
    ("pt", &["por"], &["Portuguese", "português"]),
    ("ro", &["ron", "rum"], &["Romanian"]),
    ("rom", &[], &["Romani", "Romany"]),
    ("ru", &["rus"], &["Russian"]),
    ("sk", &["slk", "slo"], &["Slovak"]),
    ("so", &["som"], &["Somali"]),
    ("sq", &["sqi", "alb"], &["Albanian"]),
    ("syl", &[], &["Sylheti"]),
    ("ta", &["tam"], &["Tamil"]),
    ("ti", &["tir"], &["Tigrinya"]),
    ("tr", &["tur"], &["Turkish"]),
    ("uk", &["ukr"], &["Ukrainian"]),
    ("ur", &["urd"], &["Urdu"]),
    ("vi", &["vie"], &["Vietnamese"]),
    ("yue", &[], &["Cantonese"]),
    ("zh", &["zho", "chi", "cmn"], &["Chinese", "Mandarin"]),
];

/// Every language that is known here, by name.
pub fn all() -> Vec<Language> {
    let mut all: Vec<Language> = LANGUAGES.iter().map(|(code, _, names)| Language { code, name: names[0] }).collect();
    all.sort_unstable_by_key(|language| language.name);
    all
}

/// A language that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// ISO 639 code.
    pub code: &'static str,
    /// Name in English.
    pub name: &'static str,
}

/// The language that a name or a code stands for; `pl-PL` is `pl`.
pub fn known(name_or_code: &str) -> Option<Language> {
    let whole = name_or_code.trim().to_lowercase().replace('_', "-");
    let folded = fold(name_or_code);
    let means = |(code, codes, names): &&(&'static str, &[&str], &[&'static str])| {
        let is_code = |written: &str| *code == written || codes.contains(&written);
        is_code(&whole)
            || whole.split_once('-').is_some_and(|(main, _)| is_code(main))
            || names.iter().any(|name| fold(name) == folded)
    };
    LANGUAGES.iter().find(means).map(|(code, _, names)| Language { code, name: names[0] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_its_names_and_codes() {
        for written in ["Polish", "polski", "pl", "PL", "pl-PL", "pol", " POLISH "] {
            assert_eq!(known(written).map(|known| known.code), Some("pl"), "{written}");
        }
        for (written, code) in
            [("BSL", "bfi"), ("British sign language", "bfi"), ("Farsi", "fa"), ("Panjabi", "pa"), ("sgn-GB", "bfi")]
        {
            assert_eq!(known(written).map(|known| known.code), Some(code), "{written}");
        }
        assert_eq!((known("Klingon"), known("")), (None, None));
    }
}
