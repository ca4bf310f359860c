//! Whether contacts can be used.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{
    area,
    dated::{Dated, Standing},
    document::{Call, Contacts, Line, SCHEMA},
};
use crate::self_help::{budget::DEBTS, checker::Finding};

/// Everything that is wrong with the contacts.
pub fn problems(contacts: &Contacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if contacts.schema != SCHEMA {
        found.push(Finding::new("schema", format!("is {:?}, expected {SCHEMA:?}", contacts.schema)));
    }
    let codes: Vec<&str> = contacts.councils.iter().map(|council| council.code.as_str()).collect();
    unique("councils", &codes, &mut found);
    for (at, council) in contacts.councils.iter().enumerate() {
        for (member, code) in [("code", Some(&council.code)), ("county", council.county.as_ref())] {
            if let Some(code) = code.filter(|code| !is_area_code(code)) {
                found.push(Finding::new(
                    format!("councils[{at}].{member}"),
                    format!("{code:?} is not an area code such as E06000032"),
                ));
            }
        }
    }
    unique("lines", &contacts.lines.iter().map(|line| line.id.as_str()).collect::<Vec<_>>(), &mut found);
    unique("panels", &contacts.panels.iter().map(|panel| panel.id.as_str()).collect::<Vec<_>>(), &mut found);
    unique("actions", &contacts.actions.iter().map(|action| action.id.as_str()).collect::<Vec<_>>(), &mut found);
    unique("tips", &contacts.tips.iter().map(|tip| tip.id.as_str()).collect::<Vec<_>>(), &mut found);
    unique("first_debts", &contacts.first_debts.iter().map(|first| first.debt.as_str()).collect::<Vec<_>>(), &mut found);
    for (at, first) in contacts.first_debts.iter().enumerate() {
        if !DEBTS.iter().any(|debt| debt.id == first.debt) {
            found.push(Finding::new(format!("first_debts[{at}].debt"), format!("the budget has no debt {:?}", first.debt)));
        }
    }
    lines(contacts, &mut found);
    for (name, duty) in &contacts.duties {
        for line in &duty.fallback {
            national(contacts, &format!("duties.{name}.fallback"), line, &mut found);
        }
    }
    for (at, panel) in contacts.panels.iter().enumerate() {
        calls(contacts, &format!("panels[{at}].call"), &panel.call, &mut found);
        if panel.call.is_empty() {
            found.push(Finding::new(format!("panels[{at}].call"), "urgent help needs a number to call"));
        }
    }
    for (at, action) in contacts.actions.iter().enumerate() {
        calls(contacts, &format!("actions[{at}].call"), &action.call, &mut found);
        if let Some(page) = action.page.as_ref().filter(|page| !is_ours(page)) {
            found.push(Finding::new(format!("actions[{at}].page"), format!("{page:?} is not a page of this site")));
        }
    }
    for (at, tip) in contacts.tips.iter().enumerate() {
        calls(contacts, &format!("tips[{at}].call"), &tip.call, &mut found);
    }
    for (level, talk) in &contacts.talk {
        calls(contacts, &format!("talk.{level}"), talk, &mut found);
    }
    unique("troubles", &contacts.troubles.iter().map(|trouble| trouble.id.as_str()).collect::<Vec<_>>(), &mut found);
    for (at, trouble) in contacts.troubles.iter().enumerate() {
        calls(contacts, &format!("troubles[{at}].call"), &trouble.call, &mut found);
    }
    calls(contacts, "always", &contacts.always, &mut found);
    found
}

/// What can be used and should be looked at: lines that nobody would ever be given, then what nobody
/// has checked lately, then lines that do not say when somebody answers.
pub fn to_look_at(contacts: &Contacts, today: NaiveDate) -> Vec<Finding> {
    let of_the_other_tier = contacts.lines.iter().filter_map(|line| {
        let (duty, code) = (contacts.duties.get(line.duty.as_ref()?)?, line.council.as_ref()?);
        let problem =
            format!("is never shown: a {} does not do this where two councils share the work", area::tier_of(code)?.name());
        (area::tier_of(code)? != duty.tier).then(|| Finding::new(format!("lines.{}", line.id), problem))
    });
    let says_no_hours = |line: &&Line| line.hours.as_ref().is_none_or(|hours| hours.trim().is_empty()) && !line.is_emergency();
    let without_hours = contacts.lines.iter().filter(says_no_hours).map(|line| {
        let problem = "does not say when somebody answers: give hours, or say to check them first";
        Finding::new(format!("lines.{}", line.id), problem)
    });
    let of_dates = not_given(contacts, today).into_iter().chain(given_unchecked(contacts, today));
    of_the_other_tier.chain(of_dates).chain(without_hours).collect()
}

/// Lines, steps, tips and the order of debts that are not given on this day: nobody has checked them, or not lately.
pub fn not_given(contacts: &Contacts, today: NaiveDate) -> Vec<Finding> {
    let lines = contacts.lines.iter().filter(|line| !line.is_emergency()).map(|line| (format!("lines.{}", line.id), &line.dated));
    let actions = contacts.actions.iter().map(|action| (format!("actions.{}", action.id), &action.dated));
    let tips = contacts.tips.iter().map(|tip| (format!("tips.{}", tip.id), &tip.dated));
    let debts = contacts.first_debts.iter().map(|first| (format!("first_debts.{}", first.debt), &first.dated));
    lines.chain(actions).chain(tips).chain(debts).filter_map(|(at, dated)| unchecked(at, dated, today)).collect()
}

/// Panels of urgent help whose texts nobody has checked, or not lately. They are given all the same:
/// to say nothing to somebody in danger would be worse.
pub fn given_unchecked(contacts: &Contacts, today: NaiveDate) -> Vec<Finding> {
    let panels = contacts.panels.iter().map(|panel| (format!("panels.{}", panel.id), &panel.dated));
    panels.filter_map(|(at, dated)| unchecked(at, dated, today)).collect()
}

fn unchecked(at: String, dated: &Dated, today: NaiveDate) -> Option<Finding> {
    let problem = match dated.standing(today) {
        Standing::Checked => return None,
        Standing::Unchecked => "it has not been checked (checked_on is missing or in the future)".to_owned(),
        Standing::Overdue => {
            format!("its check expired on {}", dated.good_until().map(|day| day.to_string()).unwrap_or_default())
        }
    };
    Some(Finding::new(at, problem))
}

fn lines(contacts: &Contacts, found: &mut Vec<Finding>) {
    for (at, line) in contacts.lines.iter().enumerate() {
        let path = format!("lines[{at}]");
        if !line.number.chars().any(|c| c.is_ascii_digit()) {
            found.push(Finding::new(format!("{path}.number"), format!("{:?} is not a phone number", line.number)));
        }
        match (&line.duty, &line.council) {
            (Some(duty), Some(code)) => {
                if !contacts.duties.contains_key(duty) {
                    found.push(Finding::new(format!("{path}.duty"), format!("there is no duty {duty:?}")));
                }
                if !is_area_code(code) {
                    found
                        .push(Finding::new(format!("{path}.council"), format!("{code:?} is not an area code such as E06000032")));
                }
            }
            (None, None) => {}
            _ => found
                .push(Finding::new(path.clone(), "a council's line must have both duty and council, a national line neither")),
        }
        if let Some(other) = &line.fallback {
            national(contacts, &format!("{path}.fallback"), other, found);
        }
    }
}

fn calls(contacts: &Contacts, path: &str, calls: &[Call], found: &mut Vec<Finding>) {
    for call in calls {
        match call.strip_prefix("duty:") {
            Some(duty) if contacts.duties.contains_key(duty) => {}
            Some(duty) => found.push(Finding::new(path, format!("there is no duty {duty:?}"))),
            None => national(contacts, path, call, found),
        }
    }
}

/// Only a national line may be named by its id: a council's is chosen by where somebody is.
fn national(contacts: &Contacts, path: &str, id: &str, found: &mut Vec<Finding>) {
    match contacts.line(id) {
        None => found.push(Finding::new(path, format!("there is no line {id:?}"))),
        Some(line) if line.council.is_some() => {
            found.push(Finding::new(path, format!("{id:?} is a council's own line, which is only chosen by duty and place")));
        }
        Some(_) => {}
    }
}

fn unique(path: &str, ids: &[&str], found: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for (at, id) in ids.iter().enumerate() {
        if !seen.insert(*id) {
            found.push(Finding::new(format!("{path}[{at}]"), format!("{id:?} appears twice")));
        }
    }
}

/// A path of this site. Browsers take a backslash for `/`, and `//` leads to another site.
fn is_ours(page: &str) -> bool {
    page.starts_with('/') && !page.starts_with("//") && !page.contains('\\')
}

fn is_area_code(code: &str) -> bool {
    code.len() == 9 && code.starts_with(|c: char| c.is_ascii_uppercase()) && code[1..].bytes().all(|b| b.is_ascii_digit())
}
