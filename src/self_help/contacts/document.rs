//! Contacts as a document: `support-contacts/1`.

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dated::{Dated, Standing};
use crate::{model::text::fold, self_help::budget::Situation};

/// The `schema` of the document.
pub const SCHEMA: &str = "support-contacts/1";
/// The number that nobody has to check.
const EMERGENCY: &str = "999";

/// Who to call and what to do first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contacts {
    /// The format of the document: `support-contacts/1`.
    #[schemars(extend("examples" = ["support-contacts/1"]))]
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
    /// Who to talk to, by id of the level: the first line that can be shown. Each is the id of a line, or `duty:NAME` for
    /// the line of the local council.
    #[serde(default)]
    #[schemars(extend("examples" = [{"council_now": ["duty:homelessness", "citizens-advice"]}]))]
    pub talk: BTreeMap<String, Vec<Call>>,
    /// Numbers by what is wrong, the worst first: the list of numbers, and what stands above the results of a search
    /// by somebody who may be in danger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<Trouble>,
    /// Who to call when the checker is unavailable: every line that can be shown, by id.
    #[serde(default)]
    #[schemars(extend("examples" = [["citizens-advice"]]))]
    pub always: Vec<Call>,
}

/// Something that cannot wait, and who to call about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trouble {
    /// Its name for programs: a short word.
    #[schemars(extend("examples" = ["bed"]))]
    pub id: String,
    /// What is wrong, in a sentence to the person it happens to.
    #[schemars(extend("examples" = ["You have nowhere to sleep, or are being put out of your home"]))]
    pub title: String,
    /// Needs that a search by somebody in this trouble is understood as; without any it is only in the list of numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["health-crisis"]]))]
    pub needs: Vec<String>,
    /// Who to call, most important first: ids of lines, or `duty:NAME` for the line of the local council.
    #[schemars(extend("examples" = [["duty:homelessness", "citizens-advice"]]))]
    pub call: Vec<Call>,
}

/// A council.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CheckerCouncil")]
pub struct Council {
    /// Its GSS code: a letter and eight digits.
    #[schemars(extend("examples" = ["E06000032"]))]
    pub code: String,
    /// Its name, without the word council.
    #[schemars(extend("examples" = ["Luton"]))]
    pub name: String,
    /// For a district: the GSS code of its county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["E10000015"]))]
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
    /// Its name for people, as it stands in a sentence.
    #[schemars(extend("examples" = ["housing and homelessness"]))]
    pub name: String,
    /// Which council has it where two share the work.
    pub tier: Tier,
    /// Who to call if the location, or its council's line, is not known: ids of national lines.
    #[serde(default)]
    #[schemars(extend("examples" = [["citizens-advice"]]))]
    pub fallback: Vec<String>,
}

/// A phone line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PhoneLine")]
pub struct Line {
    /// Its name for programs.
    #[schemars(extend("examples" = ["luton-homelessness"]))]
    pub id: String,
    /// The organisation it belongs to, in a few words.
    #[schemars(extend("examples" = ["Luton Council, housing help"]))]
    pub title: String,
    /// What else people call it: a search for its title or one of these shows its number first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["CAB", "Citizens Advice Bureau"]]))]
    pub names: Vec<String>,
    /// The phone number, as people read it; of a line for text messages, the number to text.
    #[schemars(extend("examples" = ["01632 960123"]))]
    pub number: String,
    /// The word to text, if it takes text messages instead of calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["HELLO"]))]
    pub text: Option<String>,
    /// When it is answered, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Monday to Friday, 9am to 5pm"]))]
    pub hours: Option<String>,
    /// Who it is for, as it follows the word "for", if it is not for everybody. Nobody is asked who they are, so the
    /// lines after it are shown, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["women"]))]
    pub only_for: Option<String>,
    /// What else to know before calling, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Choose 2 for housing."]))]
    pub about: Option<String>,
    /// The name of the duty it is for, if it is a council's line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["homelessness"]))]
    pub duty: Option<String>,
    /// GSS code of the council it belongs to; a line without one is national.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["E06000032"]))]
    pub council: Option<String>,
    /// Where it can be used, such as `England` or `United Kingdom`.
    #[serde(default)]
    #[schemars(extend("examples" = ["England"]))]
    pub jurisdiction: String,
    /// Id of the line to show instead when this one cannot be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["citizens-advice"]))]
    pub fallback: Option<String>,
    /// Whether it has been checked, and until when the check is valid.
    #[serde(flatten)]
    pub dated: Dated,
}

/// Who to call: the id of a line, or `duty:NAME` for the line of the local council.
pub type Call = String;

/// Urgent help: what to do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UrgentPanel")]
pub struct Panel {
    /// Its name for programs.
    #[schemars(extend("examples" = ["nowhere_tonight"]))]
    pub id: String,
    /// Its heading.
    #[schemars(extend("examples" = ["Ring the council now"]))]
    pub title: String,
    /// What to do, one paragraph per item.
    #[schemars(extend("examples" = [["Tell them that you have nowhere to sleep tonight.", "Say if you are pregnant, ill, under 18, or have children with you."]]))]
    pub body: Vec<String>,
    /// Who to call, most important first: ids of lines, or `duty:NAME` for the line of the local council.
    #[schemars(extend("examples" = [["duty:homelessness", "citizens-advice"]]))]
    pub call: Vec<Call>,
    /// What to say on the phone, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["I have nowhere to sleep tonight. I want to make a homeless application."]))]
    pub say: Option<String>,
    /// The heading for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Ring the council with them now"]))]
    pub title_helper: Option<String>,
    /// What a helper should do, one paragraph per item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [["Say that they have nowhere to sleep tonight.", "Say if they are pregnant, ill, under 18, or have children with them."]]))]
    pub body_helper: Option<Vec<String>>,
    /// What a helper should say on the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["I am helping someone who has nowhere to sleep tonight. They want to make a homeless application."]))]
    pub say_helper: Option<String>,
    /// Where it applies: a nation such as `England`, or `United Kingdom`.
    #[serde(default)]
    #[schemars(extend("examples" = ["England"]))]
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
    #[schemars(extend("examples" = ["ring-supplier"]))]
    pub id: String,
    /// What to do, in a few words.
    #[schemars(extend("examples" = ["Ring your energy supplier"]))]
    pub title: String,
    /// How, in a sentence or two.
    #[schemars(extend("examples" = ["Ask for a payment plan you can afford."]))]
    pub body: String,
    /// What to do, for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Ring their energy supplier with them"]))]
    pub title_helper: Option<String>,
    /// How, for a helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["Ask for a payment plan they can afford."]))]
    pub body_helper: Option<String>,
    /// Ids of the levels on which it is shown; all levels if none are named.
    #[serde(default)]
    #[schemars(extend("examples" = [["community"]]))]
    pub levels: Vec<String>,
    /// Codes of the needs it is for; all needs if none are named.
    #[serde(default)]
    #[schemars(extend("examples" = [["energy-bills"]]))]
    pub needs: Vec<String>,
    /// Tags of answers, such as `under18`: only somebody who gave one of these answers is told. Anybody
    /// where it names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["under18"]]))]
    pub tags: Vec<String>,
    /// Who to call for it: ids of lines, or `duty:NAME` for the line of the local council.
    #[serde(default)]
    #[schemars(extend("examples" = [["citizens-advice"]]))]
    pub call: Vec<Call>,
    /// Path of a page of this site that it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["/help/budget"]))]
    pub page: Option<String>,
    /// Where it applies: a nation such as `England`, or `United Kingdom`.
    #[serde(default)]
    #[schemars(extend("examples" = ["England"]))]
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
    #[schemars(extend("examples" = ["energy"]))]
    pub id: String,
    /// What the budget must show.
    pub when: Situation,
    /// What to do, in a few words.
    #[schemars(extend("examples" = ["Ring your energy supplier"]))]
    pub title: String,
    /// Why and how, in a sentence or two.
    #[schemars(extend("examples" = ["Ask for a payment plan you can afford. Ask about their hardship fund."]))]
    pub body: String,
    /// Who to call about it: ids of lines, or `duty:NAME` for the line of the local council; the first that can be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["citizens-advice"]]))]
    pub call: Vec<Call>,
    /// Where it holds: a nation such as `England`, or `United Kingdom`.
    #[serde(default)]
    #[schemars(extend("examples" = ["England"]))]
    pub jurisdiction: String,
    /// Whether it was checked.
    #[serde(flatten)]
    pub dated: Dated,
}

/// A debt to pay before others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FirstDebt {
    /// The kind of debt, by its id in the budget.
    #[schemars(extend("examples" = ["rent"]))]
    pub debt: String,
    /// Why it comes first, in a sentence.
    #[schemars(extend("examples" = ["You could lose your home."]))]
    pub why: String,
    /// Where it holds: a nation such as `England`, or `United Kingdom`.
    #[serde(default)]
    #[schemars(extend("examples" = ["England"]))]
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
            only_for: None,
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
