//! What the form asks for, under headings of our own.

use super::sums::Often;

/// Further lines that can be named in each group.
pub const OTHERS: usize = 3;

/// In or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Money in.
    In,
    /// Money out.
    Out,
}

impl Side {
    /// What the names of its fields begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// Lines that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Its name for programs.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// In or out.
    pub side: Side,
    /// Its lines.
    pub lines: &'static [Line],
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Its name for programs.
    pub id: &'static str,
    /// What it is.
    pub label: &'static str,
    /// How often it mostly comes.
    pub often: Often,
}

/// A kind of debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debt {
    /// Its name for programs.
    pub id: &'static str,
    /// What it is.
    pub label: &'static str,
    /// Whether it may cost somebody the home, the heat, their things or a day in court: help with debts is looked
    /// for at once. That it is paid before others, and why, is for a council to say and to review
    /// ([`FirstDebt`](crate::self_help::contacts::document::FirstDebt)).
    pub pressing: bool,
}

const fn line(id: &'static str, label: &'static str, often: Often) -> Line {
    Line { id, label, often }
}

const fn pressing(id: &'static str, label: &'static str) -> Debt {
    Debt { id, label, pressing: true }
}

const fn other(id: &'static str, label: &'static str) -> Debt {
    Debt { id, label, pressing: false }
}

use Often::{Monthly, TenInstalments, Termly, Weekly, Yearly};

/// Every group of money in and out.
pub const GROUPS: &[Group] = &[
    Group {
        id: "in",
        title: "Money that comes in",
        side: Side::In,
        lines: &[
            line("wages", "Wages after tax", Monthly),
            line("self_employed", "Money from your own business", Monthly),
            line("universal_credit", "Universal Credit", Monthly),
            line("benefits", "Other benefits", Weekly),
            line("child_benefit", "Child Benefit", Often::FourWeekly),
            line("pension", "Pension", Monthly),
            line("disability", "Benefits for a disability or for caring", Often::FourWeekly),
            line("maintenance", "Child maintenance you receive", Monthly),
            line("household", "Money from others in your home", Monthly),
        ],
    },
    Group {
        id: "home",
        title: "Your home",
        side: Side::Out,
        lines: &[
            line("rent", "Rent", Monthly),
            line("mortgage", "Mortgage", Monthly),
            line("service_charge", "Service charge", Monthly),
            line("council_tax", "Council tax", TenInstalments),
            line("home_insurance", "Home insurance", Yearly),
        ],
    },
    Group {
        id: "power",
        title: "Heat, light, water and phone",
        side: Side::Out,
        lines: &[
            line("gas", "Gas", Monthly),
            line("electric", "Electricity", Monthly),
            line("fuel_other", "Oil, coal, wood or bottled gas", Yearly),
            line("water", "Water", Monthly),
            line("phone_internet", "Phone and internet", Monthly),
            line("tv_licence", "TV licence", Yearly),
        ],
    },
    Group {
        id: "living",
        title: "Day to day",
        side: Side::Out,
        lines: &[
            line("food", "Food and cleaning", Weekly),
            line("toiletries", "Soap, toothpaste and similar", Weekly),
            line("clothes", "Clothes and shoes", Monthly),
            line("baby", "Nappies and baby milk", Weekly),
            line("medicine", "Medicine, glasses and the dentist", Monthly),
            line("pets", "Pets", Monthly),
        ],
    },
    Group {
        id: "children",
        title: "Children and care",
        side: Side::Out,
        lines: &[
            line("childcare", "Childcare", Weekly),
            line("school_costs", "School meals, trips and uniform", Termly),
            line("maintenance_paid", "Child maintenance you pay", Monthly),
            line("care", "Care for someone", Weekly),
        ],
    },
    Group {
        id: "travel",
        title: "Getting about",
        side: Side::Out,
        lines: &[
            line("fares", "Bus, train and taxi", Weekly),
            line("car", "Car tax, insurance and repairs", Yearly),
            line("petrol", "Petrol or charging", Weekly),
            line("parking", "Parking", Weekly),
            line("car_finance", "Paying off a car", Monthly),
        ],
    },
    Group {
        id: "rest",
        title: "Everything else",
        side: Side::Out,
        lines: &[
            line("fines", "Court fines paid in instalments", Monthly),
            line("savings", "Savings", Monthly),
            line("subscriptions", "Monthly clubs, films and music", Monthly),
            line("gifts", "Presents", Yearly),
            line("leisure", "Going out and hobbies", Weekly),
        ],
    },
];

/// Every kind of debt; those that press stand first.
pub const DEBTS: &[Debt] = &[
    pressing("rent", "Rent you owe"),
    pressing("mortgage", "Mortgage you owe"),
    pressing("council_tax", "Council tax you owe"),
    pressing("energy", "Gas or electricity you owe"),
    pressing("court_fine", "Court fine"),
    pressing("maintenance", "Child maintenance you owe"),
    pressing("tax", "Tax you owe"),
    pressing("hire_purchase", "Something you need that is on hire purchase"),
    pressing("tv_licence", "TV licence that you owe"),
    other("cards", "Credit and store cards"),
    other("loans", "Loans"),
    other("catalogue", "Catalogues and pay-later shopping"),
    other("overdraft", "Overdraft"),
    other("water", "Water you owe"),
    other("family", "Family and friends"),
    other("other", "Another debt"),
];
