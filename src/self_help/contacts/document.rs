//! Contacts as a document: `support-contacts/1`.

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `schema` of the document.
pub const SCHEMA: &str = "support-contacts/1";
/// The number that nobody has to check.
const EMERGENCY: &str = "999";
/// How long a check is good for where the record does not say, in days.
const GOOD_FOR: u64 = 90;

/// Whom to ring and what to do first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contacts {
    /// `support-contacts/1`.
    pub schema: String,
    /// Councils whose lines stand here, and that people can say they live in.
    #[serde(default)]
    pub councils: Vec<Council>,
    /// What councils do, by name: which kind of council does it, and whom to ring where its line is
    /// not known.
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
    /// Whom to talk to on each level: the first that can be given.
    #[serde(default)]
    pub talk: BTreeMap<String, Vec<Call>>,
    /// Whom to ring when the checker is not there: every one that can be given.
    #[serde(default)]
    pub always: Vec<Call>,
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
    /// Of a district: the code of the county above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub county: Option<String>,
}

/// Which kind of council does something where two share the work.
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
    /// What such a council is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::County => "county",
        }
    }
}

/// Something that councils do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CouncilDuty")]
pub struct Duty {
    /// What it is called.
    pub name: String,
    /// Who does it where two councils share the work.
    pub tier: Tier,
    /// Whom to ring where the place, or its council's line, is not known.
    #[serde(default)]
    pub fallback: Vec<String>,
}

/// A phone line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PhoneLine")]
pub struct Line {
    /// Its name for programs.
    pub id: String,
    /// Whose it is.
    pub title: String,
    /// The number, as people read it.
    pub number: String,
    /// What to text where it takes texts and no calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When somebody answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// What else to know before ringing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Which duty it is for, where it is a council's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
    /// Code of the council that it belongs to; national without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub council: Option<String>,
    /// Where it can be used, such as `England` or `United Kingdom`.
    #[serde(default)]
    pub jurisdiction: String,
    /// Line to give instead when this one cannot be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Whether it was checked, and until when that is good.
    #[serde(flatten)]
    pub dated: Dated,
}

/// Whether something was checked, and until when that is good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dated {
    /// Where it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// The day on which somebody checked it. Without one nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_on: Option<NaiveDate>,
    /// How, such as "rang it".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_how: Option<String>,
    /// The day by which it must be checked again; 90 days after the check where it does not say.
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

/// Whom to ring: the id of a line, or `duty:NAME` for the line of the council of the place.
pub type Call = String;

/// Urgent help: what to do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UrgentPanel")]
pub struct Panel {
    /// Its name for programs.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What to do, one paragraph each.
    pub body: Vec<String>,
    /// Whom to ring, the first first.
    pub call: Vec<Call>,
    /// What can be said on the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// The heading to a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_helper: Option<String>,
    /// What a helper does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_helper: Option<Vec<String>>,
    /// What a helper can say on the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say_helper: Option<String>,
    /// Where it holds.
    #[serde(default)]
    pub jurisdiction: String,
    /// Whether it was checked.
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
    /// What to do, to a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_helper: Option<String>,
    /// How, to a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_helper: Option<String>,
    /// Levels on which it is told; every one where it names none.
    #[serde(default)]
    pub levels: Vec<String>,
    /// Needs that it is for; anybody's where it names none.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Whom to ring for it.
    #[serde(default)]
    pub call: Vec<Call>,
    /// A page of ours that it leads to, such as `/help/budget`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
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
