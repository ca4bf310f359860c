//! The engine against the vectors, and what must always hold.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    document::{Answers, Checker, Kind, Question},
    *,
};
use crate::self_help::{
    contacts::{Action, Chooser, Contacts, Trust},
    reading,
    store::Part,
};

fn ours() -> Checker {
    serde_json::from_str(Part::Checker.starting()).unwrap()
}

fn cases(body: &str) -> Vec<Case> {
    serde_json::from_str(body).unwrap()
}

fn known() -> Known {
    let contacts: Contacts = serde_json::from_str(Part::Contacts.starting()).unwrap();
    let [_, needs] = crate::search::Words::STARTING;
    let needs = needs.lines().skip(1).filter_map(|row| row.split(',').next()).map(str::to_owned).collect();
    Known { needs, panels: contacts.panels.into_iter().map(|panel| panel.id).collect() }
}

/// Two questions, the second asked only of some, and rules of each form.
fn small() -> Value {
    json!({
        "schema": "support-checker/1", "id": "small",
        "levels": [{"id": "low", "rank": 1, "title": "Low"}, {"id": "high", "rank": 9, "title": "High"}],
        "questions": [
            {"id": "a", "kind": "any", "text": "A?", "options": [
                {"id": "one", "label": "1", "needs": [{"need": "money-debt", "severity": 2}], "tags": ["t"]},
                {"id": "two", "label": "2", "needs": [{"need": "money-debt", "severity": 2}, {"need": "food-emergency", "severity": 2}], "tags": ["t"]},
                {"id": "none", "label": "0", "exclusive": true}]},
            {"id": "b", "kind": "one", "text": "B?", "show_if": {"tag_count": "t", "at_least": 2}, "options": [
                {"id": "yes", "label": "Y", "floor": "high", "urgent": "call_999"}, {"id": "no", "label": "N"}]},
        ],
        "rules": [
            {"id": "blank", "when": {"all": ["a.one", "b.unanswered"]}, "level": "high", "why": "It is not said."},
            {"id": "both", "when": {"count_of": ["a.one", {"any": ["a.two", "b.no"]}], "at_least": 2}, "level": "low", "why": "Both."},
        ],
        "colour": "a member that this version does not know",
    })
}

/// A question with one answer, whose exclusive option is the worst and is named by a rule.
fn worst_is_exclusive() -> Value {
    let mut document = small();
    document["questions"][1] = json!({"id": "b", "kind": "one", "text": "B?", "options": [
        {"id": "yes", "label": "Y", "floor": "high", "urgent": "call_999", "exclusive": true}, {"id": "no", "label": "N"}]});
    document["rules"][0]["when"] = json!("b.yes");
    document
}

fn checker(document: Value) -> Checker {
    serde_json::from_value(document).unwrap()
}

fn answers(given: Value) -> Answers {
    serde_json::from_value(given).unwrap()
}

#[test]
fn our_own_cases_hold_and_nothing_is_wrong_with_our_sample() {
    assert_eq!(super::cases::run(&ours(), &cases(Part::Cases.starting())), []);
    assert_eq!(validate::problems(&ours(), &known()), []);
    assert_eq!(validate::warnings(&ours()), []);
}

/// Each text that somebody reads of a document, with where it stands: the paragraphs of a list belong together.
fn texts_of(part: Part) -> Vec<(String, String)> {
    fn walk(value: &Value, at: &str, texts: &mut Vec<(String, String)>) {
        // What only programs or councils read.
        const NOT_READ: [&str; 8] = ["id", "schema", "needs", "tags", "call", "always", "checked_how", "jurisdiction"];
        match value {
            Value::Object(members) => {
                let own = members.get("id").and_then(Value::as_str).unwrap_or_default();
                for (name, member) in members.iter().filter(|(name, _)| !NOT_READ.contains(&name.as_str())) {
                    walk(member, &format!("{at} {own} {name}"), texts);
                }
            }
            Value::Array(items) if items.iter().all(Value::is_string) => {
                let paragraphs: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                texts.push((at.to_owned(), paragraphs.join(" ")));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, at, texts)),
            Value::String(text) => texts.push((at.to_owned(), text.clone())),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    walk(&serde_json::from_str(part.starting()).unwrap(), part.name(), &mut texts);
    texts
}

#[test]
fn each_text_of_our_sample_alone_is_no_harder_to_read_than_a_text_for_children_of_eleven() {
    let mut measured = 0;
    for (at, text) in [Part::Checker, Part::Contacts].into_iter().flat_map(texts_of) {
        let Some(age) = reading::age(&text) else { continue };
        // A label is one line: "a housing association" has no easier name.
        let most = if at.ends_with("label") || at.ends_with("label_helper") { 13.0 } else { 11.0 };
        assert!(age <= most, "{at} is for people of {age:.1}: {text}");
        measured += 1;
    }
    assert!(measured > 100, "only {measured} texts were measured");
}

#[test]
fn a_case_that_does_not_hold_says_how() {
    let wrong = [Case {
        about: Some("food".to_owned()),
        answers: answers(json!({"today": ["food"]})),
        level: Some("emergency".to_owned()),
        needs: Some(vec![]),
        ..Case::default()
    }];
    let said: Vec<String> = super::cases::run(&ours(), &wrong).iter().map(ToString::to_string).collect();
    assert_eq!(said, ["cases[0] (food): the level is community, not emergency; needs is [food-emergency], not []"]);
    assert_eq!(super::cases::run(&ours(), &[]).len(), 1, "nothing was tried");
}

#[test]
fn a_case_that_asserts_nothing_does_not_hold() {
    let hollow = cases(r#"[{"answers": {"safe": ["danger"]}}, {"about": "empty", "answers": {}, "urgent": []}]"#);
    let said: Vec<String> = super::cases::run(&ours(), &hollow).iter().map(ToString::to_string).collect();
    assert_eq!(said, ["cases[0]: says nothing that must come out of it: give at least one of level, urgent, rules and needs"]);
}

#[test]
fn a_misspelt_member_of_a_case_is_refused_with_what_and_where() {
    let body =
        r#"[{"answers": {}, "level": "self_help"}, {"answers": {"safe": ["danger"]}, "level": "emergency", "urgnet": []}]"#;
    let refused = crate::self_help::cases_of(body).unwrap_err().to_string();
    assert!(
        refused.starts_with("cases[1].urgnet: unknown field `urgnet`, expected one of `about`, `answers`, `level`"),
        "{refused}"
    );
    assert!(crate::self_help::cases_of("{}").unwrap_err().to_string().starts_with("cases: "), "and a list it must be");
}

#[test]
fn a_condition_that_says_more_than_it_may_is_refused() {
    let both = json!({"all": ["a.one"], "any": ["a.two"]});
    for condition in [both, json!({"any": ["a.one"], "not": "a.two"}), json!({"tag_count": "t", "at_least": 1, "at_most": 1})] {
        let mut document = small();
        document["rules"][0]["when"] = condition.clone();
        let refused = serde_json::from_value::<Checker>(document).unwrap_err().to_string();
        assert!(refused.contains("and nothing else"), "{condition}: {refused}");
    }
}

#[test]
fn answers_to_what_was_not_asked_do_not_count() {
    let small = checker(small());
    let hidden = small.evaluate(&answers(json!({"a": ["one"], "b": ["yes"], "zzz": ["one"]})));
    assert_eq!(
        (hidden.level.as_str(), hidden.urgent.len(), hidden.rules.len()),
        ("low", 0, 0),
        "b is not asked, so it is not unanswered either"
    );
    let shown = small.evaluate(&answers(json!({"a": ["one", "two"], "b": ["yes", "maybe"]})));
    assert_eq!((shown.level.as_str(), shown.urgent), ("high", vec!["call_999".to_owned()]));
    assert_eq!(small.evaluate(&answers(json!({"a": ["one", "two"]}))).rules, ["blank", "both"]);
}

#[test]
fn needs_are_ordered_by_the_worst_then_by_the_sum_then_by_name() {
    let outcome = checker(small()).evaluate(&answers(json!({"a": ["two", "one"]})));
    assert_eq!(outcome.needs, ["money-debt", "food-emergency"]);
    assert_eq!(outcome.severities["money-debt"], 2);
    assert_eq!(outcome.tags, ["t"]);
}

#[test]
fn none_of_these_is_dropped_beside_one_of_these() {
    let outcome = checker(small()).evaluate(&answers(json!({"a": ["none", "one", "two"], "b": ["no"]})));
    assert_eq!(outcome.rules, ["both"]);
    assert_eq!(checker(small()).evaluate(&answers(json!({"a": ["none"]}))).needs, Vec::<String>::new());
}

#[test]
fn of_two_answers_where_one_is_asked_for_both_count() {
    let document = checker(worst_is_exclusive());
    let outcome = document.evaluate(&answers(json!({"b": ["yes", "no"]})));
    assert_eq!((outcome.level.as_str(), outcome.urgent), ("high", vec!["call_999".to_owned()]));
}

#[test]
fn what_the_level_comes_from_is_seen_to_first() {
    let ours = ours();
    let given = answers(json!({"safe": ["afraid"], "today": ["food"], "risk": ["notice"], "who": ["kids"]}));
    let outcome = ours.evaluate(&given);
    assert_eq!(outcome.needs[0], "food-emergency", "by name among those that are as bad");
    assert_eq!(ours.pressing_needs(&given, &outcome)[0].need, "safety-domestic-abuse");
    let given = answers(json!({"today": ["food"], "bills": ["bailiff"], "who": ["kids"]}));
    let outcome = ours.evaluate(&given);
    assert_eq!(ours.pressing_needs(&given, &outcome)[0].need, "food-emergency", "a rule leads to the answers that it names");
}

#[test]
fn no_step_for_a_lesser_need_takes_the_place_of_one_for_a_worse_need() {
    let contacts: Contacts = serde_json::from_str(Part::Contacts.starting()).unwrap();
    let chooser = Chooser { contacts: &contacts, area: None, today: chrono::NaiveDate::MIN, now: None, trust: Trust::Everything };
    let ours = ours();
    for case in cases(Part::Cases.starting()) {
        let outcome = ours.evaluate(&case.answers);
        let needs = ours.pressing_needs(&case.answers, &outcome);
        let steps = chooser.steps(&outcome.level, &needs, &outcome.tags);
        let rank = |step: &Action| needs.iter().filter(|own| step.needs.contains(&own.need)).map(|own| own.rank).min();
        let last = steps.iter().filter_map(|step| rank(step)).max().unwrap_or(0);
        let is_there = |need: &str| contacts.actions.iter().any(|step| step.needs.iter().any(|own| own == need));
        for need in needs.iter().filter(|own| own.rank < last).map(|own| &own.need).filter(|need| is_there(need)) {
            assert!(steps.iter().any(|step| step.needs.contains(need)), "{:?}: nothing about {need}", case.about);
        }
    }
}

#[test]
fn a_mistake_is_told_with_where_it_stands() {
    let said = |change: &dyn Fn(&mut Value)| -> Vec<String> {
        let mut document = small();
        change(&mut document);
        validate::problems(&checker(document), &known()).iter().map(ToString::to_string).collect()
    };
    assert_eq!(said(&|_| {}), Vec::<String>::new());
    let one = |change: &dyn Fn(&mut Value)| -> String {
        let said = said(change);
        assert_eq!(said.len(), 1, "{said:?}");
        said.into_iter().next().unwrap()
    };
    assert_eq!(one(&|d| d["schema"] = json!("other/1")), "schema: is \"other/1\", expected \"support-checker/1\"");
    let twice = said(&|d| d["questions"][0]["options"][1]["id"] = json!("one"));
    assert_eq!(
        twice,
        [
            "questions[0].options[1].id: \"one\" is already at questions[0].options[0]",
            "rules[1].when.count_of[1].any[0]: names a.two, which is not an option"
        ]
    );
    assert_eq!(
        one(&|d| d["questions"][0]["options"][0]["needs"][0]["need"] = json!("unicorns")),
        "questions[0].options[0].needs[0].need: there is no need \"unicorns\""
    );
    assert_eq!(
        one(&|d| d["questions"][0]["options"][0]["needs"][0]["severity"] = json!(4)),
        "questions[0].options[0].needs[0].severity: is 4, expected 1, 2 or 3"
    );
    assert_eq!(
        one(&|d| d["questions"][1]["options"][0]["urgent"] = json!("nothing")),
        "questions[1].options[0].urgent: there is no panel \"nothing\" with a number to call"
    );
    assert_eq!(
        one(&|d| d["questions"][0]["options"][0]["floor"] = json!("top")),
        "questions[0].options[0].floor: there is no level \"top\""
    );
    assert_eq!(
        one(&|d| d["questions"][0]["show_if"] = json!("b.yes")),
        "questions[0].show_if: names the question \"b\", which does not come before this"
    );
    assert!(
        one(&|d| d["rules"][0]["when"] = json!("a.unanswered"))
            .starts_with("rules[0].when: a.unanswered: a question with several answers")
    );
    assert!(
        one(&|d| d["questions"][0]["options"][2]["floor"] = json!("high"))
            .starts_with("questions[0].options[2]: an exclusive option")
    );
    assert_eq!(one(&|d| d["rules"][1]["when"]["count_of"][1]["any"] = json!([])), "rules[1].when.count_of[1]: is empty");
    assert_eq!(
        one(&|d| d["questions"][1]["options"][0]["urgent"] = Value::Null),
        "questions: no answer leads to the highest level with a panel of urgent help"
    );
    let many: Vec<Value> = (0..15)
        .map(|n| json!({"id": format!("q{n}"), "kind": "any", "text": "?", "options": [{"id": "x", "label": "x"}]}))
        .collect();
    assert!(
        said(&|d| d["questions"].as_array_mut().unwrap().extend(many.clone()))
            .iter()
            .any(|said| said.contains("the limit is 1 to 14"))
    );
}

#[test]
fn there_is_no_way_to_say_not() {
    let mut document = small();
    document["rules"][0]["when"] = json!({"not": "a.one"});
    assert!(serde_json::from_value::<Checker>(document).is_err());
}

/// Any answers to a checker, some of them nonsense.
fn any_answers(checker: &Checker) -> impl Strategy<Value = Answers> + use<> {
    let questions: Vec<(String, Vec<String>, Kind)> = checker
        .questions
        .iter()
        .map(|question| {
            (
                question.id.clone(),
                question.options.iter().map(|option| option.id.clone()).chain(["nonsense".to_owned()]).collect(),
                question.kind,
            )
        })
        .collect();
    let each: Vec<_> = questions
        .into_iter()
        .map(|(id, options, kind)| {
            // A form sends one answer to such a question; somebody's own may send more.
            let most = if kind == Kind::One { options.len().min(3) } else { options.len() };
            (Just(id), prop::sample::subsequence(options, 0..=most))
        })
        .collect();
    each.prop_map(|answers| answers.into_iter().collect())
}

fn rank(checker: &Checker, outcome: &Outcome) -> i64 {
    checker.level(&outcome.level).unwrap().rank
}

/// Tick every option that is not ticked yet, one after the other, and see what becomes of the level.
fn ticking_more_never_lowers(checker: &Checker, answers: &Answers) -> Result<(), TestCaseError> {
    let before = checker.evaluate(answers);
    let urgent: BTreeSet<_> = before.urgent.iter().collect();
    // The first answer to a question that takes one may say more surely that it is not so bad.
    let is_answered = |question: &&Question| {
        question.options.iter().any(|own| answers.get(&question.id).is_some_and(|given| given.contains(&own.id)))
    };
    for question in checker.questions.iter().filter(|question| question.kind == Kind::Any || is_answered(question)) {
        for option in &question.options {
            let mut more = answers.clone();
            more.entry(question.id.clone()).or_default().push(option.id.clone());
            let after = checker.evaluate(&more);
            prop_assert!(rank(checker, &after) >= rank(checker, &before), "{}.{} lowers the level", question.id, option.id);
            prop_assert!(urgent.is_subset(&after.urgent.iter().collect()), "{}.{} closes a panel", question.id, option.id);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn ticking_more_never_lowers_the_level(given in any_answers(&ours())) {
        ticking_more_never_lowers(&ours(), &given)?;
    }

    #[test]
    fn ticking_more_never_lowers_the_level_of_another_checker(given in any_answers(&checker(small()))) {
        ticking_more_never_lowers(&checker(small()), &given)?;
    }

    #[test]
    fn ticking_more_never_lowers_the_level_where_the_exclusive_answer_is_the_worst(given in any_answers(&checker(worst_is_exclusive()))) {
        ticking_more_never_lowers(&checker(worst_is_exclusive()), &given)?;
    }

    #[test]
    fn a_question_that_is_left_open_is_never_better_than_not_knowing(given in any_answers(&ours())) {
        let (mut open, mut unsure) = (given.clone(), given);
        open.remove("when");
        unsure.insert("when".to_owned(), vec!["unsure".to_owned()]);
        let ours = ours();
        prop_assert!(rank(&ours, &ours.evaluate(&open)) >= rank(&ours, &ours.evaluate(&unsure)));
    }
}
