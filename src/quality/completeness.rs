//! How much of what helps people a listing says. Pure.

use crate::model::{LocationPolicy, Schedule, Service, ServiceAtLocation};

/// What a listing says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// What people get.
    pub about: bool,
    /// When.
    pub times: bool,
    /// How to get in touch.
    pub contact: bool,
    /// What it costs.
    pub cost: bool,
    /// Who it is for.
    pub who: bool,
    /// Where it is.
    pub place: bool,
    /// How to get there, or in.
    pub access: bool,
    /// What people need it for.
    pub needs: bool,
}

/// Whether there is nowhere to go that could be told: it is done by phone or online, or its place is nobody's
/// business before they book.
pub fn is_away(service: &Service) -> bool {
    let links = &service.service_at_locations;
    let discreet = |link: &ServiceAtLocation| {
        let own = link.location.as_deref().and_then(|place| place.location_policy);
        link.location_policy.max(own).is_some_and(|policy| policy > LocationPolicy::Area)
    };
    let elsewhere = |schedule: &Schedule| {
        schedule.attending_type.as_deref().is_some_and(|kind| AWAY.iter().any(|word| kind.to_lowercase().contains(word)))
    };
    if links.is_empty() {
        return !service.schedules.is_empty() && service.schedules.iter().all(elsewhere);
    }
    links.iter().all(discreet)
}

/// Words in `attending_type` for what nobody has to go anywhere for.
const AWAY: [&str; 5] = ["phone", "online", "virtual", "video", "home"];

impl Says {
    /// What a whole public document says, everything that belongs to it nested.
    pub fn of(service: &Service) -> Self {
        let links = &service.service_at_locations;
        let mut places = links.iter().filter_map(|link| link.location.as_deref());
        let organisation = service.organization.as_deref();
        let is_away = is_away(service);
        let theirs = organisation.is_some_and(|one| !one.numbers().is_empty() || one.email.is_some() || one.website.is_some());
        Self {
            about: service.description.is_some(),
            times: !service.schedules.is_empty()
                || links.iter().any(|link| !link.schedules.is_empty())
                || places.clone().any(|place| !place.schedules.is_empty()),
            contact: !service.numbers().is_empty() || service.email.is_some() || service.url.is_some() || theirs,
            cost: service.fees.is_some() || service.fees_description.is_some() || !service.cost_options.is_empty(),
            who: service.eligibility_description.is_some(),
            place: is_away || places.clone().next().is_some(),
            // Where there is nowhere to go, there is no way to describe.
            access: is_away
                || links.is_empty()
                || places.any(|place| !place.accessibility.is_empty() || place.transportation.is_some()),
            needs: service.attributes.iter().any(|one| one.taxonomy_term_id.is_some()),
        }
    }

    /// Each thing: whether it is said, what it is worth, how it is called.
    pub fn parts(self) -> [(bool, u8, &'static str); 8] {
        [
            (self.about, 20, "what you do"),
            (self.times, 20, "opening times"),
            (self.contact, 15, "how to get in touch"),
            (self.cost, 10, "what it costs"),
            (self.who, 10, "who it is for"),
            (self.place, 10, "where it is"),
            (self.access, 10, "how to get there"),
            (self.needs, 5, "which needs it helps with"),
        ]
    }

    /// How complete that is, in percent.
    ///
    /// ```
    /// use fingerpost::quality::Says;
    /// assert_eq!(Says { about: true, times: true, ..Says::default() }.score(), 40);
    /// ```
    pub fn score(self) -> u8 {
        self.parts().iter().filter(|(said, ..)| *said).map(|(_, worth, _)| worth).sum()
    }
}
