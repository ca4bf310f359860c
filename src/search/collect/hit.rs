//! What was found, and where it stands among the others.

use std::cmp::Ordering;

use uuid::Uuid;

/// For whom something is, as far as that comes before distance; what comes first is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ForWhom {
    /// For everybody or for whoever asks, and not out of reach.
    Them,
    /// For a group of people that is not asked for, and not out of reach.
    Others,
    /// Too far away for it to matter.
    OutOfReach,
}

/// Where a document stands: what comes first decides, then what comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// Whether others that help somebody in danger come before it.
    pub(super) danger_last: bool,
    /// Whether it is for people who are elsewhere.
    pub(super) elsewhere: bool,
    /// How many parts of the words it does not fit, where that is counted.
    pub(super) lacks: usize,
    /// For whom it is and whether they can get there, where that comes before distance.
    pub(super) whom: ForWhom,
    /// By the order that is asked for, the lowest first.
    pub(super) first: f64,
    /// Of what is as good by that.
    pub(super) second: i64,
    /// Metres away, of what is as good by that as well.
    pub(super) metres: f64,
}

impl Eq for Place {}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let before = |place: &Self| (place.danger_last, place.elsewhere, place.lacks, place.whom);
        before(self)
            .cmp(&before(other))
            .then_with(|| self.first.total_cmp(&other.first))
            .then_with(|| self.second.cmp(&other.second))
            .then_with(|| self.metres.total_cmp(&other.metres))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Id of the document.
    pub id: Uuid,
    /// Metres away, where a point was given and the document has one.
    pub metres: Option<f64>,
    pub(super) place: Place,
}

impl Hit {
    /// Whether it says that it is not for people where somebody is, as far as that was given and is known.
    #[must_use]
    pub fn is_for_elsewhere(&self) -> bool {
        self.place.elsewhere
    }

    /// Whether it stands behind what is nearer or farther away because it is for a group that nobody asked for.
    #[must_use]
    pub fn is_for_others(&self) -> bool {
        self.place.whom == ForWhom::Others
    }

    /// Whether it stands last because it is too far away, where nearer help for one group of people comes before it.
    #[must_use]
    pub fn is_out_of_reach(&self) -> bool {
        self.place.whom == ForWhom::OutOfReach
    }
}

impl Eq for Hit {}

impl Ord for Hit {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
