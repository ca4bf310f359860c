//! When something was checked, and what that check is worth on a day.

use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a check is good for where the record does not say, in days.
const GOOD_FOR: u64 = 90;

/// Whether something has been checked, and until when the check is valid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dated {
    /// Its source: a web address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["https://www.luton.example.org/housing/contact"]))]
    pub source_url: Option<String>,
    /// The date it was checked, YYYY-MM-DD. Without this it has not been checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2026-11-01"]))]
    pub checked_on: Option<NaiveDate>,
    /// How it was checked, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["rang it"]))]
    pub checked_how: Option<String>,
    /// The date by which it must be checked again, YYYY-MM-DD; 90 days after the check if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["2027-01-30"]))]
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
        // A date at the end of the calendar is a slip of whoever wrote it, and no reason to fall over.
        let usually = || checked.checked_add_days(Days::new(GOOD_FOR)).unwrap_or(NaiveDate::MAX);
        Some(self.review_by.unwrap_or_else(usually))
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
