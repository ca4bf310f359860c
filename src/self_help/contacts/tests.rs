//! The right council, and only numbers that somebody has checked.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::*;
use crate::{
    places::Precision,
    self_help::{checker::Pressing, store::Part},
};

fn ours() -> Contacts {
    serde_json::from_str(Part::Contacts.starting()).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A unitary council beside a county with two districts, and a national line with one that stands in.
fn contacts() -> Contacts {
    let line = |id: &str, more: Value| {
        let mut line = json!({"id": id, "title": id, "number": "01632 960000", "jurisdiction": "England", "checked_on": "2026-11-01", "review_by": "2027-01-31"});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    serde_json::from_value(json!({
        "schema": "support-contacts/1",
        "councils": [{"code": "E06000032", "name": "Luton"}, {"code": "E07000096", "name": "Dacorum", "county": "E10000015"}],
        "duties": {
            "homelessness": {"name": "housing", "tier": "district", "fallback": ["shelter"]},
            "children": {"name": "children", "tier": "county", "fallback": ["childline", "police"]},
        },
        "lines": [
            line("luton housing", json!({"duty": "homelessness", "council": "E06000032"})),
            line("luton children", json!({"duty": "children", "council": "E06000032"})),
            line("dacorum housing", json!({"duty": "homelessness", "council": "E07000096"})),
            line("county children", json!({"duty": "children", "council": "E10000015"})),
            line("overdue", json!({"review_by": "2026-11-20", "fallback": "shelter"})),
            line("shelter", json!({})),
            line("childline", json!({"checked_on": null})),
            line("police", json!({"jurisdiction": "United Kingdom"})),
        ],
        "actions": [
            {"id": "first", "title": "1", "body": "1", "levels": ["high"], "needs": ["food"], "checked_on": "2026-11-01"},
            {"id": "anybody", "title": "2", "body": "2", "checked_on": "2026-11-01"},
            {"id": "debt", "title": "3", "body": "3", "needs": ["debt"], "checked_on": "2026-11-01"},
            {"id": "too old", "title": "4", "body": "4", "checked_on": "2026-01-01"},
            {"id": "last", "title": "5", "body": "5", "checked_on": "2026-11-01"},
        ],
    }))
    .unwrap()
}

fn given(area: Option<&Area>, call: &str) -> Vec<String> {
    let contacts = contacts();
    let chooser = Chooser { contacts: &contacts, area, today: day("2026-11-26"), now: None, trust: Trust::Checked };
    chooser.lines(&[call.to_owned()]).iter().map(|line| line.id.clone()).collect()
}

fn area(codes: &[&str]) -> Option<Area> {
    Area::certain(Precision::Postcode, codes.iter().copied())
}

#[test]
fn each_council_does_what_it_does() {
    let luton = area(&["E06000032", "E92000001", "E99999999", "E05002192"]).unwrap();
    assert_eq!(
        (given(Some(&luton), "duty:homelessness"), given(Some(&luton), "duty:children")),
        (vec!["luton housing".to_owned()], vec!["luton children".to_owned()])
    );
    let hemel = area(&["E07000096", "E10000015", "E92000001"]).unwrap();
    assert_eq!(
        (given(Some(&hemel), "duty:homelessness"), given(Some(&hemel), "duty:children")),
        (vec!["dacorum housing".to_owned()], vec!["county children".to_owned()])
    );
    // Chosen from the list, the county is the one that the list says.
    let chosen = Area::of_council("E07000096", &contacts()).unwrap();
    assert_eq!(given(Some(&chosen), "duty:children"), ["county children"]);
}

#[test]
fn a_neighbour_never_gets_another_councils_number() {
    let central_bedfordshire = area(&["E06000056", "E92000001"]).unwrap();
    assert_eq!(given(Some(&central_bedfordshire), "duty:homelessness"), ["shelter"]);
    assert_eq!(given(Some(&central_bedfordshire), "duty:children"), ["police"], "nobody has checked the line before it");
    assert_eq!(given(Some(&central_bedfordshire), "luton housing"), Vec::<String>::new(), "not by its name, either");
}

#[test]
fn without_a_place_the_line_is_a_national_one() {
    assert_eq!(given(None, "duty:homelessness"), ["shelter"]);
    let contacts = contacts();
    let chooser = Chooser { contacts: &contacts, area: None, today: day("2026-11-26"), now: None, trust: Trust::Checked };
    assert!(chooser.would_know_better(&["duty:homelessness".to_owned()]));
    assert!(!chooser.would_know_better(&["shelter".to_owned()]));
}

#[test]
fn a_place_that_may_be_in_two_councils_is_in_none() {
    assert_eq!(area(&["E06000032", "E06000056"]), None);
    for precision in [Precision::Sector, Precision::Outcode] {
        assert_eq!(Area::certain(precision, ["E06000032"]), None, "there may be postcodes around it that nobody listed");
    }
    assert_eq!(area(&["E06000032", "E07000099", "E10000015"]), None);
    assert_eq!(area(&[]), None);
    assert_eq!(area(&["E99999999", "E10000015", "E05000001"]), None);
    assert_eq!(area(&["E07000096", "E10000015", "E10000003"]).unwrap().county, None);
}

#[test]
fn an_overdue_line_is_replaced_by_one_that_was_checked() {
    assert_eq!(given(None, "overdue"), ["shelter"]);
    let contacts = contacts();
    let everything = Chooser { contacts: &contacts, area: None, today: day("2026-11-26"), now: None, trust: Trust::Everything };
    assert_eq!(everything.lines(&["overdue".to_owned()])[0].id, "overdue", "a demonstration shows it as it is");
    let later = Chooser { today: day("2027-02-01"), now: None, trust: Trust::Checked, ..everything };
    assert!(later.lines(&["overdue".to_owned(), "police".to_owned()]).is_empty(), "better none than a wrong one");
}

#[test]
fn a_line_that_is_only_for_some_people_is_given_beside_the_others_and_after_what_is_for_everybody() {
    let mut ours = ours();
    let chosen = |contacts: &Contacts, calls: &[&str]| -> (Vec<String>, Option<Vec<String>>) {
        let chooser = Chooser { contacts, area: None, today: day("2026-11-28"), now: None, trust: Trust::Checked };
        let calls: Vec<String> = calls.iter().map(|call| (*call).to_owned()).collect();
        let ids = |lines: Vec<&document::Line>| lines.iter().map(|line| line.id.clone()).collect::<Vec<_>>();
        (ids(chooser.first(&calls)), chooser.beside_the_emergency_number(&calls).map(ids))
    };
    let first = |contacts: &Contacts, calls: &[&str]| chosen(contacts, calls).0;
    let three = ["domestic-abuse", "mens-advice", "lgbt-abuse"];
    assert_eq!(first(&ours, &three), three, "nobody is asked who they are");
    assert_eq!(first(&ours, &["domestic-abuse", "samaritans", "shelter"]), ["samaritans", "domestic-abuse"]);
    assert_eq!(first(&ours, &["samaritans", "mens-advice"]), ["samaritans"], "one for everybody settles it");
    let beside = chosen(&ours, &["police", "domestic-abuse", "mens-advice", "police-101", "shelter"]).1;
    assert_eq!(beside.unwrap(), ["police-101", "domestic-abuse", "mens-advice"]);
    assert_eq!(chosen(&ours, &["police"]), (vec!["police".to_owned()], None));
    let women = ours.lines.iter_mut().find(|line| line.id == "domestic-abuse").unwrap();
    women.dated = Dated::default();
    assert_eq!(first(&ours, &three), ["police", "mens-advice", "lgbt-abuse"], "999 only stands in");
}

#[test]
fn each_line_of_ours_says_when_somebody_answers_or_to_check_first() {
    let mut ours = ours();
    let silent = |contacts: &Contacts| -> Vec<String> {
        let found = to_look_at(contacts, day("2026-11-28")).into_iter();
        found.filter(|finding| finding.problem.contains("when somebody answers")).map(|finding| finding.at).collect()
    };
    assert!(ours.lines.iter().all(|line| line.hours.is_some()));
    assert_eq!(silent(&ours), Vec::<String>::new());
    let line = ours.lines.iter_mut().find(|line| line.id == "shelter").unwrap();
    line.hours = Some(" ".to_owned());
    assert_eq!(silent(&ours), ["lines.shelter"], "a council is told which one does not");
}

#[test]
fn a_line_of_another_nation_is_not_given() {
    let cardiff = area(&["W06000015", "W92000004"]).unwrap();
    assert_eq!(given(Some(&cardiff), "shelter"), Vec::<String>::new());
    assert_eq!(given(Some(&cardiff), "police"), ["police"]);
}

#[test]
fn first_steps_are_for_the_worst_need_and_at_most_three() {
    let contacts = contacts();
    let chooser = Chooser { contacts: &contacts, area: None, today: day("2026-11-26"), now: None, trust: Trust::Checked };
    let steps = |level: &str, needs: &[&str]| -> Vec<String> {
        let needs: Vec<Pressing> = (0..).zip(needs).map(|(rank, need)| Pressing { need: (*need).to_owned(), rank }).collect();
        chooser.steps(level, &needs, &[]).iter().map(|step| step.id.clone()).collect()
    };
    assert_eq!(steps("high", &["debt", "food"]), ["debt", "first", "anybody"]);
    assert_eq!(steps("low", &["food"]), ["anybody", "last"]);
}

#[test]
fn a_check_is_good_for_as_long_as_it_says_or_ninety_days() {
    let dated = |checked: &str, review: Option<&str>| Dated {
        checked_on: Some(day(checked)),
        review_by: review.map(day),
        ..Dated::default()
    };
    let standing = |dated: Dated, today| dated.standing(day(today));
    assert_eq!(standing(dated("2026-01-01", None), "2026-04-01"), Standing::Checked);
    assert_eq!(standing(dated("2026-01-01", None), "2026-04-02"), Standing::Overdue);
    assert_eq!(standing(dated("2026-01-01", Some("2026-01-05")), "2026-01-06"), Standing::Overdue);
    assert_eq!(standing(dated("2026-01-02", None), "2026-01-01"), Standing::Unchecked);
    assert_eq!(standing(Dated::default(), "2026-01-01"), Standing::Unchecked);
    let last = Dated { checked_on: Some(NaiveDate::MAX), ..Dated::default() };
    assert_eq!((last.standing(day("2026-01-01")), last.good_until()), (Standing::Unchecked, Some(NaiveDate::MAX)));
}

#[test]
fn nothing_is_wrong_with_our_contacts_and_mistakes_are_told() {
    assert_eq!(problems(&ours()), []);
    let mut wrong = ours();
    wrong.panels[0].call = vec!["luton-homelessness".to_owned(), "duty:dragons".to_owned(), "nobody".to_owned()];
    wrong.lines[0].duty = Some("homelessness".to_owned());
    let said: Vec<String> = problems(&wrong).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "lines[0]: a council's line must have both duty and council, a national line neither",
            "panels[0].call: \"luton-homelessness\" is a council's own line, which is only chosen by duty and place",
            "panels[0].call: there is no duty \"dragons\"",
            "panels[0].call: there is no line \"nobody\"",
        ]
    );
}

#[test]
fn numbers_that_nobody_has_checked_are_marked_so_and_never_live() {
    let mut ours = ours();
    let national = |line: &&document::Line| line.council.is_none();
    assert!(ours.lines.iter().filter(national).all(|line| line.dated.checked_how.is_some()), "each says how it was checked");
    let shelter = ours.lines.iter_mut().find(|line| line.id == "shelter").unwrap();
    (shelter.dated.checked_on, shelter.dated.review_by) = (None, None);
    let live = Chooser { contacts: &ours, area: None, today: day("2026-11-28"), now: None, trust: Trust::Checked };
    let numbers: Vec<&str> = live.lines(&ours.always).iter().map(|line| line.id.as_str()).collect();
    assert_eq!(
        numbers,
        ["samaritans", "domestic-abuse", "nhs-111", "police", "loan-sharks", "national-debtline", "citizens-advice"]
    );
    let of_councils = ours.lines.iter().filter(|line| line.council.is_some());
    assert!(of_councils.clone().count() > 0);
    assert!(
        of_councils.clone().all(|line| line.number.starts_with("01632 960") && line.dated.checked_on.is_none()),
        "they are made up"
    );
}

#[test]
fn the_emergency_number_is_given_on_every_day() {
    let mut contacts = contacts();
    contacts.lines = vec![document::Line { dated: Dated::default(), ..document::Line::emergency().clone() }];
    contacts.panels = serde_json::from_value(json!([
        {"id": "danger", "title": "Ring", "body": [], "call": ["emergency"]},
        {"id": "housing", "title": "Ring", "body": [], "call": ["duty:homelessness"]},
    ]))
    .unwrap();
    let chooser = Chooser { contacts: &contacts, area: None, today: day("2099-01-01"), now: None, trust: Trust::Checked };
    for panel in &contacts.panels {
        assert_eq!(chooser.urgent(panel)[0].number, "999", "{}", panel.id);
    }
    assert_eq!(chooser.talk(&[])[0].number, "999");
}

#[test]
fn a_council_whose_number_is_not_known_is_said_to_be_missing() {
    let contacts = contacts();
    let lacks = |code: &str, call: &str| {
        let area = area(&[code]);
        let chooser =
            Chooser { contacts: &contacts, area: area.as_ref(), today: day("2026-11-26"), now: None, trust: Trust::Checked };
        chooser.lacks_the_council(&[call.to_owned()])
    };
    assert!(lacks("E06000056", "duty:homelessness") && lacks("S12000042", "duty:homelessness"));
    assert!(!lacks("E06000032", "duty:homelessness") && !lacks("E06000056", "shelter"));
}

#[test]
fn a_county_is_not_where_somebody_lives() {
    let mut contacts = contacts();
    contacts.councils.push(Council { code: "E10000015".to_owned(), name: "Hertfordshire".to_owned(), county: None });
    assert_eq!(Area::of_council("E10000015", &contacts), None);
    assert!(!contacts.councils[2].answers_for_a_place() && contacts.councils[1].answers_for_a_place());
}

#[test]
fn a_line_that_nobody_would_be_given_is_pointed_out_and_a_step_leads_nowhere_else() {
    let mut contacts = contacts();
    contacts.lines[3].council = Some("E07000096".to_owned());
    let said: Vec<String> = to_look_at(&contacts, day("2026-11-26")).iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "lines.county children: is never shown: a district does not do this where two councils share the work");
    for page in ["//evil.example", "/\\evil.example", "evil.example"] {
        contacts.actions[0].page = Some(page.to_owned());
        assert!(problems(&contacts).iter().any(|problem| problem.at == "actions[0].page"), "{page}");
    }
}
