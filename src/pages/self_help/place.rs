//! Where somebody is, as far as they say so: it decides whose numbers they are given and what is near.
//! The point is made rough before anything is looked for, and none of it is kept.

use maud::{Markup, html};

use crate::{
    geo::Point,
    http::{Parameters, Problem},
    pages::{
        Site,
        here::{self, Here},
        language::{rightwards, say},
    },
    places,
    self_help::contacts::{Area, Contacts},
};

/// Longest name of a place that is read, in characters.
const LONGEST: usize = 60;

/// What somebody wrote.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// A postcode, its first half, or the name of a town.
    pub(super) postcode: String,
    /// Code of a council, chosen from the list.
    pub(super) council: String,
    /// Whether they were asked where they are, and this is what they said.
    pub(super) was_asked: bool,
}

/// Where that is.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// What was written.
    pub(super) written: Written,
    /// Roughly where: to about a kilometre.
    pub(super) point: Option<Point>,
    /// The councils there, where that is certain.
    pub(super) area: Option<Area>,
    /// The same for the areas of services, where it is certain: what is for elsewhere is left out.
    pub(super) lies_in: Option<places::Place>,
    /// The first half of the postcode, where it is one.
    pub(super) outcode: Option<String>,
    /// Whether it is a whole postcode.
    pub(super) is_whole: bool,
    /// That what was written was taken for something else.
    pub(super) taken: Option<String>,
    /// What is wrong with what was written.
    pub(super) mistake: Option<String>,
}

impl Written {
    /// Read it from a form.
    pub(super) fn read(form: &Parameters) -> Self {
        let last = |name: &str| form.pairs().filter(|(own, _)| *own == name).last().map_or("", |(_, value)| value.trim());
        let postcode = last("postcode").chars().take(LONGEST).collect();
        Self { postcode, council: last("council").chars().take(LONGEST).collect(), was_asked: last("where") == "asked" }
    }

    /// Whether they were asked, and do not know.
    pub(super) fn is_unknown(&self) -> bool {
        self.was_asked && self.postcode.is_empty() && self.council.is_empty()
    }

    /// Hidden fields with it.
    pub(super) fn hidden(&self) -> Markup {
        html! {
            @if !self.postcode.is_empty() { input type="hidden" name="postcode" value=(self.postcode); }
            @if !self.council.is_empty() { input type="hidden" name="council" value=(self.council); }
        }
    }
}

impl Place {
    /// Find out where that is.
    /// # Errors
    /// When the database or the index fails.
    pub(super) async fn find(site: &Site, contacts: Option<&Contacts>, written: Written) -> Result<Self, Problem> {
        let chosen = contacts.and_then(|contacts| Area::of_council(&written.council, contacts));
        let located = here::located(site, &written.postcode).await?;
        // Listings of councils are for those who surely live there, which a town does not say.
        let home = located.as_ref().ok().and_then(|here| here.as_ref()?.home.clone()).filter(|home| home.at.is_some());
        let at = home.and_then(|home| home.at);
        let of_chosen = |area: &Area| places::Place {
            at: at.clone(),
            point: None,
            areas: std::iter::once(area.district.clone()).chain(area.county.clone()).collect(),
        };
        Ok(match located {
            Err(mistake) => Self {
                mistake: Some(mistake.said),
                lies_in: chosen.as_ref().map(of_chosen),
                area: chosen,
                written,
                ..Self::default()
            },
            Ok(found) => {
                let certain = found.as_ref().and_then(Here::council);
                let point = found.as_ref().and_then(|position| rough(position.point));
                let outcode = found.as_ref().and_then(Here::outcode);
                let is_whole = found.as_ref().is_some_and(Here::is_whole);
                let taken = found.as_ref().and_then(|position| position.taken.clone());
                let lies_in = match found {
                    Some(position) if certain.is_some() => {
                        Some(places::Place { at: at.clone(), point: Some(position.point), areas: position.areas })
                    }
                    _ => chosen.as_ref().map(of_chosen),
                };
                // A postcode says more surely which council it is than a choice from a list.
                Self { point, area: certain.or(chosen), lies_in, outcode, is_whole, taken, mistake: None, written }
            }
        })
    }
}

/// The point to a hundredth of a degree, which is about a kilometre.
fn rough(point: Point) -> Option<Point> {
    let round = |degrees: f64| (degrees * 100.0).round() / 100.0;
    Point::new(round(point.latitude), round(point.longitude))
}

/// The field for a postcode.
pub(super) fn field(place: &Place) -> Markup {
    html! {
        div class=(if place.mistake.is_some() { "field wrong" } else { "field" }) {
            label for="postcode" { (say("Postcode or town (optional)")) }
            p class="hint" id="postcode-hint" { (say("To show the right council and what is near you. We do not store it.")) }
            @if let Some(said) = &place.mistake { p class="error" id="postcode-error" { span class="unseen" { (say("Error:")) " " } (said) } }
            input class="short" type="text" id="postcode" name="postcode" dir=[rightwards()] value=(place.written.postcode) autocomplete="off"
                aria-describedby=(if place.mistake.is_some() { "postcode-hint postcode-error" } else { "postcode-hint" })
                aria-invalid=[place.mistake.as_ref().map(|_| "true")];
        }
    }
}

/// The choice of a council, for somebody whose postcode does not settle it.
pub(super) fn choice(contacts: &Contacts, place: &Place) -> Markup {
    html! {
        @let councils: Vec<_> = contacts.councils.iter().filter(|council| council.answers_for_a_place()).collect();
        @if !councils.is_empty() {
            div class="field" {
                label for="council" { (say("Or choose your council")) }
                select id="council" name="council" {
                    option value="" { (say("I do not know, or another council")) }
                    @for council in councils {
                        option value=(council.code) selected[council.code == place.written.council] { (council.name) }
                    }
                }
            }
        }
    }
}
