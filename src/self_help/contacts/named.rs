//! Lines by what people call them: whoever looks for the Samaritans wants their number, not every listing that has
//! the word.

use super::{
    choose::Chooser,
    document::{Action, Contacts, Line},
};
use crate::model::text::fold;

/// Words around a name that are no part of it.
const AROUND: &str = "a call contact do for free get helpline hotline how i in is local me my national near number of on \
                      phone please ring speak tel telephone text the to uk what";
/// A name has to be so long, in letters, to be understood with a slip in it.
const LONG_ENOUGH_FOR_A_SLIP: usize = 7;

/// Written as a word of its own or not: "child line".
const LINE: &str = "line";

/// The words of a name without those around it.
fn core(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in fold(text).split(' ').filter(|word| !word.is_empty() && AROUND.split(' ').all(|around| around != *word)) {
        match words.last_mut() {
            Some(before) if word == LINE => before.push_str(LINE),
            None if word == LINE => {}
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Whether somebody who asks so means what is called so: "samaritans number", "samaratans", "citizens advice luton".
/// A name of one word is meant only where nothing else is asked for: a bus shelter is not Shelter.
fn means(asked: &[String], name: &[String]) -> bool {
    let (said, own) = (asked.concat(), name.concat());
    let slip = || {
        let is_long = own.chars().count() >= LONG_ENOUGH_FOR_A_SLIP;
        is_long && own.chars().any(char::is_alphabetic) && strsim::osa_distance(&said, &own) <= 1
    };
    let is_said = said == own || said.strip_suffix(LINE) == Some(own.as_str());
    !own.is_empty() && (is_said || slip() || (name.len() > 1 && asked.starts_with(name)))
}

impl Line {
    fn is_called(&self, asked: &[String]) -> bool {
        let number: String = self.number.chars().filter(char::is_ascii_digit).collect();
        number == asked.concat() || [&self.title].into_iter().chain(&self.names).any(|name| means(asked, &core(name)))
    }
}

impl<'a> Chooser<'a> {
    /// The national lines that somebody means who searches for these words, each as it may be given today: itself, or
    /// what stands in for it. 999 stands in for none here: whoever looks for Shelter does not look for the police.
    pub fn named(&self, words: &str) -> Vec<&'a Line> {
        let asked = core(words);
        let contacts: &'a Contacts = self.contacts;
        let meant = contacts.lines.iter().filter(|line| line.council.is_none() && !asked.is_empty() && line.is_called(&asked));
        let mut given: Vec<&Line> = Vec::new();
        for meant in meant {
            // Closed or not, it is first: whoever looks for it is told so beside its number.
            let own = self.lines_for(&meant.id);
            let instead = self.answering_instead(&meant.id, &own);
            let usable = own.into_iter().chain(instead);
            let fits =
                |line: &&Line| line.is_emergency() == meant.is_emergency() && given.iter().all(|there| there.id != line.id);
            given.extend(usable.filter(fits).collect::<Vec<_>>());
        }
        given
    }

    /// Lines about one of these needs: those of what cannot wait, then those of first steps, each once.
    pub fn about(&self, needs: &[&str]) -> Vec<&'a Line> {
        let contacts: &'a Contacts = self.contacts;
        let helps = |own: &[String]| own.iter().any(|need| needs.contains(&need.as_str()));
        let of_troubles = contacts.troubles.iter().filter(|trouble| helps(&trouble.needs)).flat_map(|trouble| &trouble.call);
        let fits = |step: &&Action| helps(&step.needs) && self.holds_here(&step.jurisdiction);
        let mut steps: Vec<&Action> = contacts.actions.iter().filter(fits).collect();
        // What is for fewer needs is more about this one.
        steps.sort_by_key(|step| step.needs.len());
        self.lines(&of_troubles.chain(steps.iter().flat_map(|step| &step.call)).cloned().collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_meant_with_the_words_around_it_and_with_a_slip_and_not_inside_of_something_else() {
        let is = |asked: &str, name: &str| means(&core(asked), &core(name));
        for (asked, name) in [
            ("samaritans", "Samaritans"),
            ("ring the samaritans", "Samaritans"),
            ("samaratans phone number", "Samaritans"),
            ("citizen advice", "Citizens Advice"),
            ("citizens advice luton", "Citizens Advice"),
            ("mens advice line", "Men’s Advice Line"),
            ("child line", "Childline"),
            ("step change", "StepChange"),
        ] {
            assert!(is(asked, name), "{asked}");
        }
        for (asked, name) in [
            ("bus shelter", "Shelter"),
            ("animal shelter", "Shelter"),
            ("advice", "Citizens Advice"),
            ("phone", "Samaritans"),
            ("shot", "Shout"),
            ("gas bill", "Gas emergency"),
        ] {
            assert!(!is(asked, name), "{asked}");
        }
    }
}
