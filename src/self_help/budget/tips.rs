//! What to do next, chosen by the figures. Signposts, not advice: nothing here says which debt
//! solution somebody should take.

use super::sums::Budget;

/// Of what comes in, this much for the home is a lot, in percent. A figure of our own, not checked by
/// anybody.
const MUCH_FOR_THE_HOME: i64 = 35;

/// Something to do next.
#[derive(Clone, Copy, Debug)]
pub struct Tip {
    /// Its name for programs.
    pub id: &'static str,
    /// What to do.
    pub title: &'static str,
    /// Why and how.
    pub text: &'static str,
    /// Needs that services for it help with, the main one first.
    pub needs: &'static [&'static str],
    fits: fn(&Budget) -> bool,
}

/// Every tip, the most pressing first.
const TIPS: &[Tip] = &[
    Tip {
        id: "priority",
        title: "Talk to a free debt adviser today",
        text: "You owe money on something you must pay first. An adviser can help you keep your home, heat and light.",
        needs: &["money-debt"],
        fits: |budget| budget.debts.iter().any(|debt| debt.debt.first.is_some()),
    },
    Tip {
        id: "energy",
        title: "Ring your energy supplier",
        text: "Ask for a payment plan you can afford. Ask about their hardship fund and help with fuel.",
        needs: &["energy-bills", "energy-no-supply"],
        fits: |budget| budget.debts.iter().any(|debt| debt.debt.id == "energy"),
    },
    Tip {
        id: "short",
        title: "Talk to a free adviser about money",
        text: "More goes out than comes in. An adviser can help you bring in more and spend less. They have seen it all before.",
        needs: &["money-budgeting", "money-debt"],
        fits: |budget| budget.totals().after() < 0,
    },
    Tip {
        id: "claim",
        title: "Check what you can claim",
        text: "Many people can get more than they claim. A free adviser can check for you.",
        needs: &["money-benefits"],
        fits: |budget| budget.totals().after() < 0,
    },
    Tip {
        id: "council_tax",
        title: "Ask for money off your council tax",
        text: "Ring the council and ask for council tax reduction. Ask to pay in smaller instalments.",
        needs: &["money-council-tax"],
        fits: |budget| budget.totals().after() < 0,
    },
    Tip {
        id: "home",
        title: "Ask for help with what your home costs",
        text: "Your home takes a large part of your income. Ask an adviser or the council whether you can get help with it.",
        needs: &["money-housing-payment", "housing-advice"],
        fits: |budget| {
            let home = budget.of(&["rent", "mortgage", "service_charge"]);
            home * 100 > budget.totals().income * MUCH_FOR_THE_HOME && home > 0
        },
    },
    Tip {
        id: "offer",
        title: "See an adviser before you offer to pay",
        text: "You have some money left, and debts. An adviser can tell you who to pay first, and how much to offer.",
        needs: &["money-debt"],
        fits: |budget| budget.totals().after() > 0 && !budget.debts.is_empty(),
    },
];

/// The tips that fit, the most pressing first.
pub fn tips(budget: &Budget) -> Vec<&'static Tip> {
    TIPS.iter().filter(|tip| (tip.fits)(budget)).collect()
}
