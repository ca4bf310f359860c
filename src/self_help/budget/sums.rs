//! The sums.

use super::lines::{Debt, Side};

/// How often an amount comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Often {
    /// 52 times a year.
    Weekly,
    /// 26 times.
    Fortnightly,
    /// 13 times.
    FourWeekly,
    /// 24 times.
    TwiceMonthly,
    /// 12 times.
    Monthly,
    /// 10 times, as council tax.
    TenInstalments,
    /// 4 times.
    Quarterly,
    /// 3 times.
    Termly,
    /// Twice.
    HalfYearly,
    /// Once.
    Yearly,
}

impl Often {
    /// Every one, with its name in forms and in words.
    pub const ALL: [(Self, &'static str, &'static str); 10] = [
        (Self::Weekly, "weekly", "a week"),
        (Self::Fortnightly, "fortnightly", "every 2 weeks"),
        (Self::FourWeekly, "four_weekly", "every 4 weeks"),
        (Self::TwiceMonthly, "twice_monthly", "twice a month"),
        (Self::Monthly, "monthly", "a month"),
        (Self::TenInstalments, "ten_instalments", "10 times a year"),
        (Self::Quarterly, "quarterly", "every 3 months"),
        (Self::Termly, "termly", "a school term"),
        (Self::HalfYearly, "half_yearly", "every 6 months"),
        (Self::Yearly, "yearly", "a year"),
    ];

    /// Times in a year.
    pub fn times(self) -> i64 {
        match self {
            Self::Weekly => 52,
            Self::Fortnightly => 26,
            Self::FourWeekly => 13,
            Self::TwiceMonthly => 24,
            Self::Monthly => 12,
            Self::TenInstalments => 10,
            Self::Quarterly => 4,
            Self::Termly => 3,
            Self::HalfYearly => 2,
            Self::Yearly => 1,
        }
    }

    /// The one with this name; monthly where there is none.
    pub fn named(name: &str) -> Self {
        Self::ALL.iter().find(|(_, own, _)| *own == name).map_or(Self::Monthly, |(often, ..)| *often)
    }

    /// Its name in forms.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(own, ..)| *own == self).map_or("monthly", |(_, name, _)| name)
    }
}

/// Where money goes, or comes from: one line of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which group of the form it stands in.
    pub group: &'static str,
    /// Its line, such as `rent`.
    pub line: String,
    /// In or out.
    pub side: Side,
    /// Pence in a year.
    pub yearly: i64,
}

/// A debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debted {
    /// Which.
    pub debt: &'static Debt,
    /// Pence owed in all, if it was said.
    pub owed: Option<i64>,
    /// Pence paid towards it in a year.
    pub yearly: i64,
}

/// What comes in and goes out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Lines with an amount.
    pub parts: Vec<Part>,
    /// Debts with an amount, owed or paid; those that press stand first.
    pub debts: Vec<Debted>,
}

/// Pence in a year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What comes in.
    pub income: i64,
    /// What goes out, without debts.
    pub spending: i64,
    /// What is paid towards debts.
    pub debts: i64,
}

impl Totals {
    /// What is left before debts are paid.
    pub fn before(self) -> i64 {
        self.income - self.spending
    }

    /// What is left after debts are paid.
    pub fn after(self) -> i64 {
        self.before() - self.debts
    }

    /// What is left, in a sentence with the hole `{about}`, and the pounds a month that go into it.
    pub fn said(self) -> (&'static str, i64) {
        let about = round(self.after().abs(), 1_200);
        let left = match self.after() {
            0 => Left::Nothing,
            after if about == 0 && after > 0 => Left::LessThanAPound,
            _ if about == 0 => Left::ShortOfLessThanAPound,
            after if after > 0 => Left::Something,
            _ => Left::Short,
        };
        (left.said(), about)
    }
}

/// What is left in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// As much goes out as comes in.
    Nothing,
    /// Not even a pound a month.
    LessThanAPound,
    /// Not even a pound a month is missing.
    ShortOfLessThanAPound,
    /// So many pounds a month.
    Something,
    /// So many pounds a month are missing.
    Short,
}

impl Left {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Nothing, Self::LessThanAPound, Self::ShortOfLessThanAPound, Self::Something, Self::Short];

    /// Its name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Nothing => "even",
            Self::LessThanAPound => "hardly_left",
            Self::ShortOfLessThanAPound => "hardly_short",
            Self::Something => "left",
            Self::Short => "short",
        }
    }

    /// A sentence about it, with the hole `{about}` for pounds a month.
    pub fn said(self) -> &'static str {
        match self {
            Self::Nothing => "You just break even.",
            Self::LessThanAPound => "You have less than £1 a month left.",
            Self::ShortOfLessThanAPound => "You are short by less than £1 a month.",
            Self::Something => "You have about £{about} a month left.",
            Self::Short => "You are short by about £{about} a month.",
        }
    }
}

impl Budget {
    /// The sums over a year.
    pub fn totals(&self) -> Totals {
        let sum = |side| self.parts.iter().filter(|part| part.side == side).map(|part| part.yearly).sum();
        Totals { income: sum(Side::In), spending: sum(Side::Out), debts: self.debts.iter().map(|debt| debt.yearly).sum() }
    }

    /// Pence in a year of the lines with these names.
    pub fn of(&self, lines: &[&str]) -> i64 {
        self.parts
            .iter()
            .filter(|part| part.side == Side::Out && lines.contains(&part.line.as_str()))
            .map(|part| part.yearly)
            .sum()
    }
}

/// Pence in a month, of pence in a year.
pub fn monthly(yearly: i64) -> i64 {
    round(yearly, 12)
}

/// Pence in a week, of pence in a year.
pub fn weekly(yearly: i64) -> i64 {
    round(yearly, 52)
}

/// Divide, rounding a half away from zero.
fn round(number: i64, by: i64) -> i64 {
    let rounded = (number.abs() * 2 + by) / (by * 2);
    if number < 0 { -rounded } else { rounded }
}
