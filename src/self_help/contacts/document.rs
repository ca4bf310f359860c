//! Contacts as a document: `support-contacts/1`.

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{model::text::fold, self_help::budget::Situation};

/// The `schema` of the document.
pub const SCHEMA: &str = "support-contacts/1";
/// The number that nobody has to check.
const EMERGENCY: &str = "999";
/// How long a check is good for where the record does not say, in days.
const GOOD_FOR: u64 = 90;

/// Who to call and what to do first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contacts {
    /// `support-contacts/1`.
    pub schema: String,
    /// Councils that people can choose, and whose lines are listed here.
    #[serde(default)]
    pub councils: Vec<Council>,
    /// Council duties, by name: which kind of council has the duty, and who to call if its line is not known.
    #[serde(default)]
    pub duties: BTreeMap<String, Duty>,
    /// Phone lines.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// Panels of urgent help.
    #[serde(default)]
    pub panels: Vec<Panel>,
    /// First steps, the most important first.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// What to do about money, the most important first: shown beside a budget.
    #[serde(default)]
    pub tips: Vec<Tip>,
    /// Debts to pay before others, the most important first: shown beside a budget.
    #[serde(default)]
    pub first_debts: Vec<FirstDebt>,
    /// Who to talk to on each level: the first line that can be shown.
    #[serde(default)]
    pub talk: BTreeMap<String, Vec<Call>>,
    /// Numbers by what is wrong, the worst first: the list of numbers, and what stands above the results of a search
    /// by somebody who may be in danger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<Trouble>,
    /// Who to call when the checker is unavailable: every line that can be shown.
    #[serde(default)]
    pub always: Vec<Call>,
}

/// Something that cannot wait, and who to call about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trouble {
    /// Its name for programs.
    pub id: String,
    /// What is wrong, to the person it happens to.
    pub title: String,
    /// Needs that a search by somebody in this trouble is understood as; without any it is only in the list of numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["health-crisis"]]))]
    pub needs: Vec<String>,
    /// Who to call, most important first.
    pub call: Vec<Call>,
}

/// A council.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CheckerCouncil")]
pub struct Council {
    /// Its GSS code.
    #[schemars(extend("examples" = ["E06000032"]))]
    pub code: String,
    /// Its name.
    pub name: String,
    /// For a district: the code of its county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub county: Option<String>,
}

/// What follows the name of a place in the name of its council, folded.
const KINDS_OF_COUNCIL: [&str; 6] =
    [" council", " borough council", " city council", " county council", " district council", " metropolitan borough council"];

impl Council {
    /// Whether an organisation of this name is this council: "Luton Borough Council" is Luton's.
    pub fn is_called(&self, organisation: &str) -> bool {
        let (own, said) = (fold(&self.name), fold(organisation));
        let rest = said.strip_prefix(&own).filter(|_| !own.is_empty());
        // "Luton Council of Faiths" is a charity.
        let is_council = |behind: &str| ![" of ", " for ", " on "].iter().any(|word| behind.starts_with(word));
        rest.is_some_and(|rest| KINDS_OF_COUNCIL.iter().any(|kind| rest.strip_prefix(kind).is_some_and(is_council)))
    }
}

/// Which kind of council has a duty where two share the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "CouncilTier")]
pub enum Tier {
    /// The district.
    District,
    /// The county.
    County,
}

impl Tier {
    /// What this kind of council is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::County => "county",
        }
    }
}

/// A duty of councils.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CouncilDuty")]
pub struct Duty {
    /// Its name for people.
    pub name: String,
    /// Which council has it where two share the work.
    pub tier: Tier,
    /// Who to call if the location, or its council's line, is not known.
    #[serde(default)]
    pub fallback: Vec<String>,
}

/// A phone line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PhoneLine")]
pub struct Line {
    /// Its name for programs.
    pub id: String,
    /// The organisation it belongs to.
    pub title: String,
    /// What else people call it: a search for its title or one of these shows its number first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["CAB", "Citizens Advice Bureau"]]))]
    pub names: Vec<String>,
    /// The number, as people read it.
    pub number: String,
    /// The word to text, if it takes text messages instead of calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// What else to know before calling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The duty it is for, if it is a council's line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
    /// Code of the council it belongs to; a line without one is national.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub council: Option<String>,
    /// Where it can be used, such as `England` or `United Kingdom`.
    #[serde(default)]
    pub jurisdiction: String,
    /// The line to show instead when this one cannot be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Whether it has been checked, and until when the check is valid.
    #[serde(flatten)]
    pub dated: Dated,
}

/// Whether something has been checked, and until when the check is valid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dated {
    /// Its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// The date it was checked. Without this it has not been checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_on: Option<NaiveDate>,
    /// How, such as "rang it".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_how: Option<String>,
    /// The date by which it must be checked again; 90 days after the check if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_by: Option<NaiveDate>,
}

/// What a check is worth on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was checked, and that is still good.
    Checked,
    /// It was checked, too long ago.
    Overdue,
    /// Nobody has checked it.
    Unchecked,
}

impl Dated {
    /// The last day on which the check is good.
    pub fn good_until(&self) -> Option<NaiveDate> {
        let checked = self.checked_on?;
        Some(self.review_by.unwrap_or(checked + Days::new(GOOD_FOR)))
    }

    /// What the check is worth on this day. One that is dated tomorrow or later is none.
    pub fn standing(&self, today: NaiveDate) -> Standing {
        match (self.checked_on, self.good_until()) {
            (Some(checked), Some(until)) if checked <= today => {
                if today <= until {
                    Standing::Checked
                } else {
                    Standing::Overdue
                }
            }
            _ => Standing::Unchecked,
        }
    }
}

/// Who to call: the id of a line, or `duty:NAME` for the line of the local council.
pub type Call = String;

/// Urgent help: what to do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UrgentPanel")]
pub struct Panel {
    /// Its name for programs.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What to do, one paragraph per item.
    pub body: Vec<String>,
    /// Who to call, most important first.
    pub call: Vec<Call>,
    /// What to say on the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// The heading for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_helper: Option<String>,
    /// What a helper should do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_helper: Option<Vec<String>>,
    /// What a helper should say on the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say_helper: Option<String>,
    /// Where it applies.
    #[serde(default)]
    pub jurisdiction: String,
    /// Whether it has been checked.
    #[serde(flatten)]
    pub dated: Dated,
}

/// A first step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FirstStep")]
pub struct Action {
    /// Its name for programs.
    pub id: String,
    /// What to do.
    pub title: String,
    /// How.
    pub body: String,
    /// What to do, for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_helper: Option<String>,
    /// How, for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_helper: Option<String>,
    /// Levels on which it is shown; all levels if none are named.
    #[serde(default)]
    pub levels: Vec<String>,
    /// Needs it is for; all needs if none are named.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Tags of answers, such as `under18`: only somebody who gave one of these answers is told. Anybody
    /// where it names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Who to call for it.
    #[serde(default)]
    pub call: Vec<Call>,
    /// A page of this site that it leads to, such as `/help/budget`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Where it applies.
    #[serde(default)]
    pub jurisdiction: String,
    /// Whether it has been checked.
    #[serde(flatten)]
    pub dated: Dated,
}

/// What to do about something that a budget shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BudgetTip")]
pub struct Tip {
    /// Its name for programs.
    pub id: String,
    /// What the budget must show.
    pub when: Situation,
    /// What to do.
    pub title: String,
    /// Why and how.
    pub body: String,
    /// Who to call about it: ids of lines, or `duty:NAME` for the line of the local council; the first that can be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["citizens-advice"]]))]
    pub call: Vec<Call>,
    /// Where it holds.
    #[serde(default)]
    pub jurisdiction: String,
    /// Whether it was checked.
    #[serde(flatten)]
    pub dated: Dated,
}

/// A debt to pay before others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FirstDebt {
    /// The kind of debt, as the budget has it, such as `rent`.
    pub debt: String,
    /// Why it comes first.
    pub why: String,
    /// Where it holds.
    #[serde(default)]
    pub jurisdiction: String,
    /// Whether it was checked.
    #[serde(flatten)]
    pub dated: Dated,
}

impl Line {
    /// Whether it is the emergency number, which is not looked up and does not change.
    pub fn is_emergency(&self) -> bool {
        self.number.trim() == EMERGENCY
    }

    /// What the check of it is worth on this day.
    pub fn standing(&self, today: NaiveDate) -> Standing {
        if self.is_emergency() { Standing::Checked } else { self.dated.standing(today) }
    }

    /// The emergency number as a line of its own, for where there would be none.
    pub fn emergency() -> &'static Self {
        static LINE: LazyLock<Line> = LazyLock::new(|| Line {
            id: "emergency".to_owned(),
            title: "Police, ambulance and fire".to_owned(),
            names: Vec::new(),
            number: EMERGENCY.to_owned(),
            text: None,
            hours: Some("Any time, free".to_owned()),
            about: None,
            duty: None,
            council: None,
            jurisdiction: "United Kingdom".to_owned(),
            fallback: None,
            dated: Dated::default(),
        });
        &LINE
    }
}

impl Contacts {
    /// The line with this id.
    pub fn line(&self, id: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }

    /// The panel with this id.
    pub fn panel(&self, id: &str) -> Option<&Panel> {
        self.panels.iter().find(|panel| panel.id == id)
    }

    /// The council with this code.
    pub fn council(&self, code: &str) -> Option<&Council> {
        self.councils.iter().find(|council| council.code == code)
    }
}
