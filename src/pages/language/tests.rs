//! The catalogues against the templates: what is said is translated, and nothing else is kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::{catalogue::Said, *};

/// Public pages are all of `src/pages` but for these, which are for people who are signed in, or speak
/// English only, or say nothing.
const OTHERS: [&str; 20] = [
    "account",
    "brand.rs",
    "call_back.rs",
    "data.rs",
    "desk",
    "desk.rs",
    "differences",
    "differences.rs",
    "editing",
    "embed.rs",
    "fields.rs",
    "files.rs",
    "language",
    "moderation",
    "pictures.rs",
    "poster.rs",
    "preview.rs",
    "tests.rs",
    "unfinished.rs",
    "upkeep",
];
/// What pages show of other modules.
const BESIDE: [&str; 8] = [
    "content/support_contacts.json",
    "src/self_help/budget/lines.rs",
    "src/self_help/budget/money.rs",
    "src/self_help/budget/sums.rs",
    "src/self_help/editions.rs",
    "src/self_help/contacts/area.rs",
    "src/model/schedule.rs",
    "src/model/holidays.rs",
];
/// Texts of the public pages that stay English, and why.
const ENGLISH: [(&str, &str); 36] = [
    ("good now", "names of styles"),
    ("local authority", "what a council writes of itself, compared"),
    ("You cannot do that", "an error of pages for people who are signed in"),
    ("It has changed in the meantime", "the same"),
    (" What you sent was not saved.", "the same"),
    ("Go back, reload the page, then try again.", "the same"),
    ("That could not be saved", "the same"),
    ("Go back: what you entered is still there.", "the same"),
    ("see /openapi.json for every address", "detail of a problem: for programs, and shown as English"),
    ("a whole number from 1", "the same"),
    ("the form is not application/x-www-form-urlencoded", "the same"),
    ("the form is not UTF-8, or is too long", "the same"),
    ("a date such as 2026-12-01", "the same"),
    ("this week is outside the calendar", "the same"),
    ("Directory", "the menu of people who are signed in"),
    ("Your listings", "the same"),
    ("Waiting", "the same"),
    ("You", "the same"),
    ("Second step", "the same"),
    ("Sign out", "the same"),
    ("Open Government Licence v3.0", "a name"),
    ("JSON", "a name"),
    ("GET", "a name"),
    ("English", "its own name"),
    ("license noreferrer", "an attribute"),
    ("light dark", "an attribute"),
    ("field wrong", "a class"),
    ("notice emergency", "a class"),
    ("notice weather", "a class"),
    ("notice news", "a class"),
    ("there is no guide called {slug}", "detail of a problem"),
    ("there is no page about {slug}", "the same"),
    ("money wrong", "a class"),
    ("the schema bounds intervals at 1,000", "why a lint does not hold"),
    ("Polski", "its own name"),
    (", something else", "cut off, and said without the comma"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Sources of the public pages.
fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src/pages")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if OTHERS.contains(&name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The texts between quotation marks of a source, comments and tests left out, each with whether it is
/// the value of an attribute.
fn literals(path: &Path) -> Vec<(String, bool)> {
    let source = fs::read_to_string(path).unwrap();
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('"') {
            let mut text = String::new();
            let mut letters = after.char_indices();
            let mut end = after.len();
            while let Some((at, letter)) = letters.next() {
                match letter {
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    '\\' => text.extend(letters.next().map(|(_, escaped)| escaped)),
                    letter => text.push(letter),
                }
            }
            found.push((text, before.ends_with('=')));
            rest = &after[end..];
        }
    }
    found
}

/// Whether it looks like something that people read.
fn reads_like_words(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let is_word =
        |word: &&str| word.chars().all(|letter| letter.is_ascii_lowercase() || "’.,:;?!…".contains(letter)) && word.len() > 1;
    let begins = text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().nth(1).is_some_and(|second| second.is_ascii_lowercase() || second == ' ');
    let is_code = text.contains(['<', '=', '/', '_', '%']) && !text.contains(". ");
    (begins || words.windows(2).any(|pair| pair.iter().all(is_word))) && !is_code
}

fn holes(text: &str) -> BTreeSet<&str> {
    pieces(text).into_iter().filter_map(|piece| if let Piece::Hole(name) = piece { Some(name) } else { None }).collect()
}

/// Every key, with the words of both languages by their form.
fn translated() -> BTreeMap<String, Vec<(Language, String, String)>> {
    let mut all: BTreeMap<String, Vec<(Language, String, String)>> = BTreeMap::new();
    for language in Language::TRANSLATIONS {
        for (english, said) in &language.catalogue().unwrap().strings {
            let forms = match said {
                Said::Plain(said) => vec![(language, String::new(), said.clone())],
                Said::Forms(forms) => forms.iter().map(|(form, said)| (language, form.clone(), said.clone())).collect(),
            };
            all.entry(english.clone()).or_default().extend(forms);
        }
    }
    all
}

#[test]
fn each_catalogue_says_whose_it_is_and_that_nobody_has_checked_it() {
    for language in Language::TRANSLATIONS {
        let catalogue = language.catalogue().unwrap();
        assert_eq!(
            (catalogue.language.as_str(), catalogue.status.as_str()),
            (language.tag(), "draft, to be reviewed by a speaker")
        );
    }
}

#[test]
fn what_public_pages_say_is_in_every_catalogue() {
    let all = translated();
    let english: BTreeSet<&str> = ENGLISH.iter().map(|(text, _)| *text).collect();
    let mut missing = BTreeSet::new();
    for path in pages() {
        let texts = literals(&path);
        // Of one and many, many is the key.
        let follows: BTreeMap<&str, &str> = texts.windows(2).map(|pair| (pair[0].0.as_str(), pair[1].0.as_str())).collect();
        for (text, is_attribute) in &texts {
            let is_one = follows.get(text.as_str()).is_some_and(|many| all.get(*many).is_some_and(|said| said.len() > 2));
            if reads_like_words(text) && !is_attribute && !is_one && !english.contains(text.as_str()) && !all.contains_key(text) {
                missing.insert(format!("{}: {text}", path.strip_prefix(root()).unwrap().display()));
            }
        }
        // What is asked for by name must be there whatever it looks like.
        let source = fs::read_to_string(&path).unwrap();
        for call in ["say(\"", "say_with(\"", "weave(\"", "say_of_day(\"", "say_tenths(\"", "mistaken_title(\""] {
            for (at, _) in source.match_indices(call) {
                let text = source[at + call.len()..].split('"').next().unwrap();
                if !all.contains_key(text) {
                    missing.insert(format!("{}: {text}", path.strip_prefix(root()).unwrap().display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "say these with `say`, and put them into content/strings/*.toml: {missing:#?}");
    for (text, said) in &all {
        let languages: BTreeSet<&str> = said.iter().map(|(language, ..)| language.tag()).collect();
        assert_eq!(languages.len(), Language::TRANSLATIONS.len(), "only in {languages:?}: {text}");
    }
}

#[test]
fn nothing_is_translated_that_nobody_says() {
    let mut said: BTreeSet<String> = pages()
        .iter()
        .chain(&BESIDE.map(|path| root().join(path)))
        .flat_map(|path| literals(path))
        .map(|(text, _)| text)
        .collect();
    let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    said.extend(days.map(|day| format!("{day}s")));
    let idle: Vec<String> = translated().into_keys().filter(|text| !said.contains(text)).collect();
    assert!(idle.is_empty(), "no page says these any more: {idle:#?}");
}

#[test]
fn translations_have_the_holes_of_what_they_translate() {
    let plural = |language: Language| (0..=120).map(|number| language.form_for(number)).collect::<BTreeSet<_>>();
    let genders = BTreeSet::from(["feminine", "masculine"]);
    for (english, said) in translated() {
        let mut forms: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (language, form, text) in &said {
            let mut expected = holes(&english);
            let counts = plural(*language).contains(form.as_str()) || form == "other";
            if counts {
                expected.insert("n");
            }
            // "every week" needs no number.
            let without: BTreeSet<&str> = expected.iter().copied().filter(|hole| *hole != "n").collect();
            let found = holes(text);
            assert!(found == expected || (form == "one" && found == without), "{}: {english} -> {text}", language.tag());
            assert!(!text.trim().is_empty() && (text.trim() == text || english == ", "), "{}: {english}", language.tag());
            if !form.is_empty() {
                forms.entry(language.tag()).or_default().insert(form);
            }
        }
        for language in Language::TRANSLATIONS {
            let Some(found) = forms.get(language.tag()) else { continue };
            let mut whole = found.clone();
            whole.remove("other");
            let mut needed = plural(language);
            needed.remove("other");
            assert!(whole == needed || *found == genders, "{}: {english} has {found:?}", language.tag());
        }
    }
}

#[test]
fn numbers_take_the_form_that_their_language_gives_them() {
    let polish: Vec<&str> = [0, 1, 2, 4, 5, 12, 14, 21, 22, 25, 102, 112].map(|number| Language::Polish.form_for(number)).into();
    assert_eq!(polish, ["many", "one", "few", "few", "many", "many", "many", "many", "few", "many", "few", "many"]);
    assert_eq!([0, 1, 2].map(|number| Language::Urdu.form_for(number)), ["other", "one", "other"]);
}

#[test]
fn what_has_no_language_is_english() {
    assert_eq!((spoken(), say("Find help near you")), (Language::English, "Find help near you"));
    assert_eq!(say_with("Page {number} of {all}", &[("number", "2"), ("all", "3")]), "Page 2 of 3");
    assert_eq!(weave("Ring {number}.", &[("number", html! { b { "999" } })]).into_string(), "Ring <b>999</b>.");
    assert_eq!(as_written("Food bank").into_string(), "Food bank");
}
