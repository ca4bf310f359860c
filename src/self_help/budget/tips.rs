//! What a budget shows that something can be done about. What that is, a council writes and reviews
//! ([`Tip`](crate::self_help::contacts::document::Tip)); the needs of each are ours, to look for services by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sums::Budget;

/// Of what comes in, this much for the home is a lot, in percent. A figure of our own, not checked by
/// anybody.
const MUCH_FOR_THE_HOME: i64 = 35;

/// Something that a budget shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "BudgetSituation")]
pub enum Situation {
    /// A debt that presses, such as rent, council tax or energy.
    PriorityDebt,
    /// A debt for gas or electricity.
    EnergyDebt,
    /// More goes out than comes in.
    Short,
    /// The home takes more than 35% of what comes in.
    DearHome,
    /// Something is left, and there are debts.
    LeftForDebts,
}

impl Situation {
    /// Every one, the most pressing first.
    pub const ALL: [Self; 5] = [Self::PriorityDebt, Self::EnergyDebt, Self::Short, Self::DearHome, Self::LeftForDebts];

    /// Needs that services for it help with, the main one first.
    pub fn needs(self) -> &'static [&'static str] {
        match self {
            Self::PriorityDebt | Self::LeftForDebts => &["money-debt"],
            Self::EnergyDebt => &["energy-bills", "energy-no-supply"],
            Self::Short => &["money-budgeting", "money-debt", "money-benefits", "money-council-tax"],
            Self::DearHome => &["money-housing-payment", "housing-advice"],
        }
    }

    fn fits(self, budget: &Budget) -> bool {
        match self {
            Self::PriorityDebt => budget.debts.iter().any(|debt| debt.debt.pressing),
            Self::EnergyDebt => budget.debts.iter().any(|debt| debt.debt.id == "energy"),
            Self::Short => budget.totals().after() < 0,
            Self::DearHome => {
                let home = budget.of(&["rent", "mortgage", "service_charge"]);
                home * 100 > budget.totals().income * MUCH_FOR_THE_HOME && home > 0
            }
            Self::LeftForDebts => budget.totals().after() > 0 && !budget.debts.is_empty(),
        }
    }
}

/// What the budget shows, the most pressing first.
pub fn situations(budget: &Budget) -> Vec<Situation> {
    Situation::ALL.into_iter().filter(|situation| situation.fits(budget)).collect()
}
