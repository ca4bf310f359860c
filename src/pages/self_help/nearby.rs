//! Services and workshops that fit what somebody needs: the worst need first, then what somebody has
//! checked lately, then the nearest; of food, first what is there today. The directory's own search finds
//! them; nothing of it is kept.

use std::collections::HashSet;

use chrono::{Datelike as _, Days, NaiveTime, Timelike as _};
use chrono_tz::Europe::London;
use maud::{Markup, html};
use uuid::Uuid;

use super::place::Place;
use crate::{
    federation,
    geo::Point,
    http::Problem,
    model::{Kind, Service},
    pages::{
        Site, areas, data,
        language::{as_written, say, weave},
        listing::{self, Listing, MOST_SENT},
        phones,
    },
    places::{self, Coverage},
    published::shelf::Form,
    publishing::{Vocabulary, ask_index},
    search::{Delivery, Times, Wanted},
    self_help::contacts::Council,
};

/// A listing that nobody has checked for longer stands below those that somebody has, in days.
const LATELY: u64 = 180;
/// So many services are looked through for some that are for where somebody is.
const LOOKED_THROUGH: usize = 60;
/// Needs that services are shown for.
const MOST_NEEDS: usize = 4;
/// The tag of an answer that says that somebody is under 18: what is for adults only is no help to them.
const UNDER_18: &str = "under18";
/// Their greatest age, in years.
const OLDEST_CHILD: f64 = 17.0;
/// The need of people who were in care, and the tag of an answer that says so. Being under 18 is a reason to ask about
/// it, and none to be shown groups for care leavers.
const OF_CARE: (&str, &str) = ("transition-care", "care");
/// The tag of an answer that says that there are children at home.
const CHILDREN: &str = "children";
/// Needs that cannot wait for another day of the week: what is there today or tomorrow comes before what is nearer.
const FOR_TODAY: [&str; 2] = ["food-emergency", "essentials-baby"];
/// How far somebody goes for that, in metres.
const WITHIN_REACH: f64 = 8_000.0;
/// Needs that workshops are looked for by.
const NEEDS_OF_WORKSHOPS: usize = 8;

/// A service with how it is shown.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The service.
    pub(super) service: Service,
    /// As lists show it.
    pub(super) listing: Listing,
}

/// Services for one need.
#[derive(Clone, Debug)]
pub(super) struct ForNeed {
    /// What the need is called.
    pub(super) name: String,
    /// Services, the best first.
    pub(super) services: Vec<Found>,
}

/// What there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Nearby {
    /// By need, the worst first; needs that nothing helps with are left out.
    pub(super) needs: Vec<ForNeed>,
    /// Workshops, groups and events.
    pub(super) workshops: Vec<Found>,
    /// Whether no service was found, in the listings of neighbours, either.
    pub(super) not_at_neighbours: bool,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looked<'a> {
    /// Codes of needs, the worst first.
    pub(super) needs: &'a [String],
    /// Tags of what was answered: they change the order, and leave nothing out but what is for adults only
    /// where somebody is under 18.
    pub(super) tags: &'a [String],
    /// Roughly where somebody is.
    pub(super) point: Option<Point>,
    /// Where that is, for the areas of services: what says that it is not for there is left out.
    pub(super) lies_in: Option<&'a places::Place>,
    /// The councils there are: what they give is shown to those alone who surely live there.
    pub(super) councils: &'a [Council],
    /// Services for each need, and workshops.
    pub(super) each: usize,
}

/// Look for it.
/// # Errors
/// When the index or the disk fails.
pub(super) async fn look(site: &Site, looked: Looked<'_>) -> Result<Nearby, Problem> {
    let vocabulary = site.directory.vocabulary()?;
    let mut nearby = Nearby::default();
    let mut shown: HashSet<Uuid> = HashSet::new();
    let needs: Vec<&String> = looked.needs.iter().filter(|need| looked.is_about_them(need)).collect();
    for need in needs.iter().copied().take(MOST_NEEDS) {
        let wanted = Wanted { needs: vec![need.clone()], events: Some(false), ..looked.wanted() };
        let services = best(site, &wanted, looked, &mut shown).await?;
        if !services.is_empty() {
            let name = vocabulary.name_of(need).map_or_else(|| need.replace('-', " "), str::to_owned);
            nearby.needs.push(ForNeed { name, services });
        }
    }
    if !needs.is_empty() {
        let needs = needs.into_iter().take(NEEDS_OF_WORKSHOPS).cloned().collect();
        let wanted = Wanted { needs, events: Some(true), ..looked.wanted() };
        nearby.workshops = best(site, &wanted, looked, &mut shown).await?;
    }
    nearby.not_at_neighbours = nearby.needs.is_empty() && !federation::peers::all(&site.directory.db).await?.is_empty();
    Ok(nearby)
}

impl Looked<'_> {
    fn wanted(&self) -> Wanted {
        let is_under_18 = self.tags.iter().any(|tag| tag == UNDER_18);
        Wanted { only_current: true, near: self.point, ages: is_under_18.then_some((0.0, OLDEST_CHILD)), ..Wanted::default() }
    }

    /// Whether what is for this need is for them.
    fn is_about_them(&self, need: &str) -> bool {
        need != OF_CARE.0 || self.tags.iter().any(|tag| tag == OF_CARE.1)
    }

    /// Whether a service may be for them: what is a council's must surely be theirs, unless it is for people from
    /// anywhere.
    fn is_theirs(&self, service: &Service) -> bool {
        if areas::takes_from_anywhere(service) {
            return true;
        }
        let covers = self.lies_in.and_then(|place| Coverage::of(&service.service_areas).decides(place));
        let is_of_theirs = || {
            let codes = self.lies_in.map_or(&[][..], |place| &place.areas);
            !areas::is_of_a_council(service, self.councils) || areas::is_of_their_council(service, self.councils, codes)
        };
        covers.unwrap_or_else(is_of_theirs)
    }

    /// Whether a service is for children alone, and nobody has spoken of any: whoever looks after their mother does not
    /// look for young carers.
    fn is_for_children_alone(&self, service: &Service) -> bool {
        let speaks_of_children = self.tags.iter().any(|tag| tag == UNDER_18 || tag == CHILDREN);
        !speaks_of_children && service.maximum_age.is_some_and(|age| age.0 <= OLDEST_CHILD)
    }

    /// The way of getting help that somebody would rather have.
    fn way(&self) -> Option<Delivery> {
        let asked = |name: &str| self.tags.iter().any(|tag| tag.strip_prefix("mode:") == Some(name));
        Delivery::ALL.iter().find(|(_, name)| asked(name)).map(|(way, _)| *way)
    }
}

/// What is left of today, and tomorrow. From the hour, so that what the index finds out about it serves the next ones, too.
fn soon(site: &Site) -> [Times; 2] {
    let now = site.now().with_timezone(&London);
    let from = NaiveTime::from_hms_opt(now.hour(), 0, 0).unwrap_or_default();
    [Times { from, ..Times::on(now.weekday()) }, Times::on(now.weekday().succ())]
}

/// The best of what is wanted that is not shown yet: what is there soon, where it cannot wait; checked lately and in
/// the way that suits, then checked lately, then the rest. What is for children alone comes after all of these, where
/// nobody has spoken of any.
async fn best(site: &Site, wanted: &Wanted, looked: Looked<'_>, shown: &mut HashSet<Uuid>) -> Result<Vec<Found>, Problem> {
    let lately = (wanted.events != Some(true)).then(|| site.today() - Days::new(LATELY));
    let mut questions = Vec::new();
    if wanted.events == Some(false) && wanted.needs.iter().any(|need| FOR_TODAY.contains(&need.as_str())) {
        let proximity = looked.point.map(|_| WITHIN_REACH);
        let at = |times| Wanted { checked_since: lately, times: Some(times), proximity, ..wanted.clone() };
        questions.extend(soon(site).map(at));
    }
    if let Some(way) = looked.way() {
        questions.push(Wanted { checked_since: lately, delivery: Some(way), ..wanted.clone() });
    }
    questions.push(Wanted { checked_since: lately, ..wanted.clone() });
    questions.push(wanted.clone());
    let (mut ids, mut for_children): (Vec<Uuid>, Vec<Uuid>) = (Vec::new(), Vec::new());
    for question in questions {
        if ids.len() >= looked.each {
            break;
        }
        // What was shown above may stand first here, too.
        let range = 0..LOOKED_THROUGH + shown.len();
        let found =
            ask_index(&site.directory, question, move |search, wanted, now| search.find(Kind::Service, wanted, now, range))
                .await?;
        let for_here = for_here(site, &found.hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), &wanted.needs, looked)?;
        ids.extend(for_here.anybody.into_iter().filter(|id| shown.insert(*id)).take(looked.each - ids.len()));
        for_children.extend(for_here.children_alone);
    }
    ids.extend(for_children.into_iter().filter(|id| shown.insert(*id)).take(looked.each - ids.len()));
    let listed = listing::with_times(site, &ids, looked.point)?;
    Ok(listed.into_iter().map(|(service, listing)| Found { service, listing }).collect())
}

/// Services for where somebody is, in the order in which they were found.
#[derive(Debug, Default)]
struct ForHere {
    anybody: Vec<Uuid>,
    /// Those for children alone, where nobody has spoken of any.
    children_alone: Vec<Uuid>,
}

/// These services without those whose areas say for sure that they are not for where somebody is, without those of
/// councils that are not surely theirs (the number of another council's desk helps nobody), and without those that say
/// what else they help with.
fn for_here(site: &Site, ids: &[Uuid], needs: &[String], looked: Looked<'_>) -> Result<ForHere, Problem> {
    let vocabulary = site.directory.vocabulary()?;
    let codes = vocabulary.with_narrower(needs);
    let asked: HashSet<Uuid> = codes.iter().filter_map(|code| vocabulary.find(code)).map(|term| term.id).collect();
    let mut services = data::these::<Service>(&site.directory, ids, Form::Full)?;
    services.retain(|found| looked.is_theirs(&found.document) && may_help(&found.document, &vocabulary, &asked));
    let mut for_here = ForHere::default();
    for found in services {
        let is_for_children_alone = looked.is_for_children_alone(&found.document);
        let list = if is_for_children_alone { &mut for_here.children_alone } else { &mut for_here.anybody };
        list.push(found.entry.id);
    }
    Ok(for_here)
}

/// Whether a service may help with one of the needs that are `asked` about: it carries its term, or no term of the same
/// list at all. What carries only others was found by its words, and may be a sponsored night outdoors.
fn may_help(service: &Service, vocabulary: &Vocabulary, asked: &HashSet<Uuid>) -> bool {
    let lists: HashSet<Uuid> = asked.iter().filter_map(|id| vocabulary.term(*id)?.taxonomy_id).collect();
    let carried: Vec<Uuid> = service.classified().filter_map(|one| one.taxonomy_term_id.map(Uuid::from)).collect();
    let is_of_a_list =
        |id: &Uuid| vocabulary.term(*id).and_then(|term| term.taxonomy_id).is_some_and(|list| lists.contains(&list));
    carried.iter().any(|id| asked.contains(id)) || !carried.iter().any(is_of_a_list)
}

/// What there is, as parts of a page.
pub(super) fn show(nearby: &Nearby, place: &Place) -> Markup {
    html! {
        h2 { (say("Help near you")) }
        @if nearby.all().next().is_some() { (leaving()) }
        @if let Some(taken) = &place.taken { p class="small" { (taken) } }
        @if nearby.needs.is_empty() {
            p { (say("We did not find a listing for what you told us. There is still help: ring a number above.")) }
            @if nearby.not_at_neighbours { p { (weave("We also looked in {neighbours}.", &[("neighbours", html! { a href="/directory/sources" { (say("neighbouring directories")) } })])) } }
            @if nearby.workshops.is_empty() { (leaving()) }
            ul {
                li { a href="/directory/needs" { (say("Browse everything by need")) } }
                li { a href="/" { (say("Search in your own words")) } }
            }
        } @else if place.point.is_none() {
            p class="small" { (say("We do not know where you are, so these may not be near.")) }
        }
        @if place.lies_in.is_none() {
            p class="small" {
                (say("Listings of councils are left out, because each is for people who live there.")) " "
                @if place.is_whole { (say("We do not know which council your postcode is in.")) }
                @else { (say("Enter your full postcode to see those of your council.")) }
            }
        }
        @for need in &nearby.needs {
            h3 { (as_written(&need.name)) }
            (list(&need.services, "h4"))
        }
        @if !nearby.workshops.is_empty() {
            h2 { (say("Workshops and groups")) }
            (list(&nearby.workshops, "h3"))
        }
    }
}

/// What happens to this page when another one is opened from it: it answered a form, and no browser may keep it. In a tab
/// of its own the other one would leave the answers open behind "Exit this page".
pub(super) fn leaving() -> Markup {
    let keep = html! { a href="#keep" { (say("Keep this")) } };
    html! { p class="small unprinted" { (weave("If you open one of these, you lose this page and what you entered. First: {keep}.", &[("keep", keep)])) } }
}

/// The same where there is nothing to keep yet: among the questions.
pub(super) fn leaving_the_questions() -> Markup {
    html! { p class="small unprinted" { (say("If you open the link below, you lose this page and what you entered.")) } }
}

/// Each in a few lines: enough to decide whether to ring or to read on.
fn list(found: &[Found], level: &str) -> Markup {
    html! {
        ul class="listings brief" {
            @for found in found {
                @let (href, name) = found.listing.link();
                li {
                    @if level == "h4" { h4 { a href=(href) { (as_written(name)) } } } @else { h3 { a href=(href) { (as_written(name)) } } }
                    @if let Some(phone) = found.phone() { p { (phones::to_ring(&phone, Some("tel"))) } }
                    dl class="facts" { @for (label, value) in found.facts() { div { dt { (say(label)) } dd { (value) } } } }
                    (found.listing.tags())
                }
            }
        }
    }
}

impl Found {
    /// Where, when next, what it costs: the page is printed and kept.
    pub(super) fn facts(&self) -> Vec<(&'static str, Markup)> {
        let facts = self.listing.facts_to_keep();
        let next = facts.iter().any(|(label, _)| *label == "Next");
        facts.into_iter().filter(|(label, _)| !(next && *label == "When")).collect()
    }

    /// The first number, as people read it.
    pub(super) fn phone(&self) -> Option<String> {
        self.service.numbers_or_theirs().first().map(|phone| phone.in_words())
    }
}

impl Nearby {
    /// Everything that was found.
    pub(super) fn all(&self) -> impl Iterator<Item = &Found> {
        self.needs.iter().flat_map(|need| &need.services).chain(&self.workshops)
    }

    /// What a message has of it, and how many it leaves out. Nothing that somebody may be in danger for
    /// if others read it on their phone.
    pub(super) fn to_send(&self) -> (Vec<&Found>, usize) {
        let found: Vec<&Found> = self.all().filter(|found| !found.listing.sensitive).take(MOST_SENT).collect();
        let left_out = self.all().count() - found.len();
        (found, left_out)
    }

    /// A text with what was found, for the person's own mail or messages.
    pub(super) fn as_text(&self, site: &Site) -> String {
        let (sent, left_out) = self.to_send();
        let pairs = sent.into_iter().map(|found| (&found.service, &found.listing));
        Listing::to_send(site, say("Places to ask:"), pairs, &["Where", "Next"], left_out)
    }
}
