//! The sums against the vectors, and at their edges.

use proptest::prelude::*;

use super::*;

#[test]
fn a_hundred_pounds_however_often() {
    let monthly = Often::ALL.map(|(often, ..)| pounds(monthly(10_000 * often.times())));
    assert_eq!(monthly, ["£433.33", "£216.67", "£108.33", "£200.00", "£100.00", "£83.33", "£33.33", "£25.00", "£16.67", "£8.33"]);
}

#[test]
fn halves_are_rounded_away_from_zero() {
    assert_eq!([6, 18, -6, -18, 5, -5].map(super::monthly), [1, 2, -1, -2, 0, 0]);
    assert_eq!([26, -26, 25].map(weekly), [1, -1, 0]);
}

#[test]
fn amounts_are_read_as_people_write_them() {
    let good = [
        ("1234", 123_400),
        ("£1,234.5", 123_450),
        ("450.50", 45_050),
        ("1,250", 125_000),
        ("£1,250.00", 125_000),
        ("£ 1 234.56", 123_456),
        ("0.5", 50),
        (".5", 50),
        ("7.", 700),
        ("1200,50", 120_050),
        ("1 200,50", 120_050),
        ("007", 700),
        ("1,000,000", MOST),
        ("1 200,50 £", 120_050),
        ("۱۲۰", 12_000),
        ("£١٬٢٣٤٫٥", 123_450),
    ];
    for (written, pence) in good {
        assert_eq!(amount(written), Ok(Some(pence)), "{written:?}");
    }
    assert_eq!(["", " ", "\u{a0}\t"].map(amount), [Ok(None); 3]);
    assert_eq!(["-1", "−1", "5–6"].map(amount), [Err(Refused::Negative); 3]);
    assert_eq!(["1000000.01", "1,000,001", "99999999999999999999"].map(amount), [Err(Refused::TooMuch); 3]);
    let how_often =
        ["100pw", "100 pw", "£100 a week", "450PCM", "20/wk", "1,250.50 per month", "100 p/w", "300 pa", "80 each fortnight"];
    for written in how_often {
        assert_eq!(amount(written), Err(Refused::HowOften), "{written:?}");
    }
    let unclear = [
        "abc",
        "1.234",
        "1,5",
        "1,234,56",
        "1,2345",
        ",123",
        "1..2",
        "£",
        ".",
        "££1",
        "£1£",
        "1e3",
        "１２",
        "0x10",
        "+5",
        "pw",
        "100 twice",
    ];
    for written in unclear {
        assert_eq!(amount(written), Err(Refused::Unclear), "{written:?}");
    }
}

#[test]
fn one_wrong_field_loses_nothing_of_the_others() {
    let form = Form::new([
        ("in-wages", "1850"),
        ("in-wages-how", "monthly"),
        ("out-food", "lots"),
        ("out-home-other1", "-3"),
        ("out-home-other1-name", "Alarm"),
    ]);
    let (budget, mistakes) = form.read();
    assert_eq!(budget.totals(), Totals { income: 2_220_000, spending: 0, debts: 0 });
    let said: Vec<(&str, &str)> = mistakes.iter().map(|mistake| (mistake.field.as_str(), mistake.label.as_str())).collect();
    assert_eq!(said, [("out-home-other1", "Alarm"), ("out-food", "Food and cleaning")]);
    assert_eq!(form.field("out-food"), "lots");
}

#[test]
fn what_is_left_is_said_in_a_sentence() {
    let said = |after| Totals { income: after, spending: 0, debts: 0 }.said();
    assert_eq!(said(240_460), ("You have about £{about} a month left.", 200));
    assert_eq!(said(-64_000), ("You are short by about £{about} a month.", 53));
    assert_eq!(said(0), ("You just break even.", 0));
    assert_eq!([said(120).0, said(-120).0], ["You have less than £1 a month left.", "You are short by less than £1 a month."]);
}

#[test]
fn what_a_budget_shows_follows_from_the_figures() {
    use Situation::{DearHome, EnergyDebt, LeftForDebts, PriorityDebt, Short};
    let shown = |fields: &[(&str, &str)]| -> Vec<Situation> {
        let (budget, mistakes) = Form::new(fields.iter().copied()).read();
        assert!(mistakes.is_empty());
        situations(&budget)
    };
    assert!(shown(&[]).is_empty());
    assert!(shown(&[("in-wages", "1000"), ("out-rent", "350")]).is_empty(), "35% is not over 35%");
    assert_eq!(shown(&[("in-wages", "1000"), ("out-rent", "350.01")]), [DearHome]);
    assert_eq!(shown(&[("in-wages", "1000"), ("out-food", "1000.01")]), [Short]);
    assert_eq!(shown(&[("in-wages", "1000"), ("debt-energy-owed", "80")]), [PriorityDebt, EnergyDebt, LeftForDebts]);
    assert_eq!(shown(&[("in-wages", "1000"), ("debt-cards", "20")]), [LeftForDebts]);
}

#[test]
fn debts_that_press_stand_first() {
    let seconds = DEBTS.iter().skip_while(|debt| debt.pressing);
    assert!(seconds.clone().count() > 0 && seconds.clone().all(|debt| !debt.pressing));
}

proptest! {
    #[test]
    fn no_text_makes_reading_an_amount_panic(text in ".{0,40}") {
        if let Ok(Some(pence)) = amount(&text) {
            prop_assert!((0..=MOST).contains(&pence));
        }
    }

    #[test]
    fn what_is_shown_can_be_typed_in_again(pence in 0..=MOST) {
        prop_assert_eq!(amount(&pounds(pence)), Ok(Some(pence)));
    }

    #[test]
    fn the_order_of_lines_makes_no_difference(amounts in prop::collection::vec((0..=MOST, 0..10_usize), 0..40)) {
        let parts: Vec<Part> = amounts.iter().map(|(pence, often)| Part { group: "test", line: String::new(), side: Side::Out, yearly: pence * Often::ALL[*often].0.times() }).collect();
        let there = Budget { parts: parts.clone(), debts: Vec::new() }.totals();
        let back = Budget { parts: parts.into_iter().rev().collect(), debts: Vec::new() }.totals();
        prop_assert_eq!(there, back);
    }
}
