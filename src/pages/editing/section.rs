//! The parts that a listing is edited in, and what all of their forms share.

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde_json::Value;
use uuid::Uuid;

use super::{
    about,
    categories::{self, Choices},
    contact, cost, dates,
    meanwhile::Meanwhile,
    place,
    sections::{Section, find},
    status, times,
};
use crate::{
    editing::{Became, Error, KnownNumber, OneChange, Risk, Sight, Submission, Write, risk},
    http::{Fault, Parameters, Problem, visitor::FORM_TOKEN},
    identity::Action,
    model::{Document, Kind, Location, changes::Change},
    pages::{
        call_back,
        desk::{Desk, FORM_OF, Fields, Path, Posted, Signed, go_to},
        fields::Mistakes,
        layout::{Page, Step},
        preview,
        words::moment,
    },
    records::{self, Decision, Proposal},
};

/// A listing that is being edited, with the place that the form is about.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) document: Document,
    /// A place that is changed or made together with the listing.
    pub(super) place: Option<Location>,
    /// The version of the place that was read; none for a new one.
    pub(super) place_revision: Option<i64>,
}

impl Open {
    /// What a section of the form submits, of a listing that stands as it was read.
    fn submission(self, section: Section, sight: &Sight, fields: &Fields) -> Submission {
        let Self { document, place, place_revision } = self;
        // A new place of a public listing is to be seen with it.
        let publish = place.is_some() && place_revision.is_none() && sight.is_public();
        let place = place.map(|place| Write { document: Document::Location(Box::new(place)), expected_revision: place_revision });
        let listing = Write { document, expected_revision: Some(sight.stored.kept.revision) };
        Submission {
            writes: std::iter::once(listing).chain(place).collect(),
            why: format!("{} changed", section.title().to_lowercase()),
            called_back: Some(call_back::said(fields)),
            publish,
            all_waits: false,
            // The forms have asked.
            slips_are_meant: true,
        }
    }
}

/// GET `/account/listings/{id}/{section}`.
pub(super) async fn show(
    State(desk): State<Desk>,
    Path((id, word)): Path<(Uuid, String)>,
    signed: Signed,
    parameters: Parameters,
    headers: HeaderMap,
) -> Response {
    let done = async {
        let (sight, section) = open(&desk, &signed, id, &word).await?;
        let which = parameters.text("place").ok().flatten().unwrap_or_default().to_owned();
        let mut fields = fill(&desk, &signed, section, &sight, &which).await?;
        fields.set("revision", sight.stored.kept.revision.to_string());
        let around = Around::of(&desk, &signed, &sight, section, &fields).await?;
        Ok::<_, Problem>(page(&signed, &sight, section, (&fields, &Mistakes::default()), Meanwhile::Nobody, &around))
    };
    let page = done.await;
    desk.answer(&headers, &signed, page)
}

/// The form of a part, filled in with what somebody had written.
pub(in crate::pages) async fn written(
    desk: &Desk,
    signed: &Signed,
    id: Uuid,
    word: &str,
    fields: &Fields,
) -> Result<Page, Problem> {
    let (sight, section) = open(desk, signed, id, word).await?;
    let around = Around::of(desk, signed, &sight, section, fields).await?;
    Ok(page(signed, &sight, section, (fields, &Mistakes::default()), Meanwhile::Nobody, &around))
}

/// What the form of a part has to know beside what stands in its fields.
struct Around {
    choices: Choices,
    /// Whom somebody has to call who decides at once about a protected listing.
    calling: Option<Vec<KnownNumber>>,
    /// Changes of this part that wait already.
    waiting: Vec<Proposal>,
}

impl Around {
    async fn of(desk: &Desk, signed: &Signed, sight: &Sight, section: Section, fields: &Fields) -> Result<Self, Problem> {
        Ok(Self {
            choices: categories::choices(desk, section, fields).await?,
            calling: desk.editing.numbers_to_call(&signed.actor, sight).await?,
            waiting: waiting(desk, signed, sight, section).await?,
        })
    }
}

/// The changes of a part of a listing that wait for a moderator.
async fn waiting(desk: &Desk, signed: &Signed, sight: &Sight, section: Section) -> Result<Vec<Proposal>, Error> {
    let places = sight.document.references().into_iter().filter(|one| one.policy.is_some() && section == Section::Place);
    let about: Vec<Uuid> = places.map(|one| one.to).chain([sight.stored.id]).collect();
    let mut members = section.members(sight.stored.kind).to_vec();
    if section == Section::Place {
        members.extend(["service_at_locations", "location_id", "location_policy"]);
    }
    let mut waiting = Vec::new();
    for proposal in desk.editing.records().proposed_about(&about).await? {
        if proposal.decision != Decision::Waiting {
            continue;
        }
        // A place may be others', too: what they propose of it is theirs to know.
        let Ok(OneChange { proposal, changes, .. }) = desk.editing.change(&signed.actor, proposal.id).await else { continue };
        if proposal.kind == Kind::Location || changes.iter().any(|change| members.contains(&change.field.as_str())) {
            waiting.push(proposal);
        }
    }
    Ok(waiting)
}

/// That a change of the same part waits already, where the form shows what stands.
fn waits_already(waiting: &[Proposal]) -> Markup {
    html! {
        @for one in waiting {
            div class="banner" role="note" {
                p { "A change to this part of the listing, sent " (moment(one.at)) ", is waiting for a moderator. " a href=(format!("/account/changes/{}", one.id)) { "See what is waiting" } }
            }
        }
    }
}

async fn open(desk: &Desk, signed: &Signed, id: Uuid, word: &str) -> Result<(Sight, Section), Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    if !sight.lets(&signed.actor, Action::Edit) {
        return Err(Error::Forbidden("you do not have permission to change this listing"));
    }
    if sight.is_foreign() {
        return Err(Error::Foreign { origin: sight.stored.origin.clone() });
    }
    let section = find(sight.stored.kind, word).ok_or(Error::NotFound(id))?;
    Ok((sight, section))
}

async fn fill(desk: &Desk, signed: &Signed, section: Section, sight: &Sight, which: &str) -> Result<Fields, Error> {
    let document = &sight.document;
    Ok(match section {
        Section::About => about::fill(document),
        Section::Who => about::fill_who(document),
        Section::Times => times::fill(document, which),
        Section::Dates => dates::fill(document),
        Section::Place => place::fill(desk, signed, document, which).await?,
        Section::Cost => cost::fill(document),
        Section::Contact => contact::fill(document),
        Section::Status => status::fill(document),
        Section::Categories => categories::fill(desk, signed, sight).await?,
    })
}

fn form(section: Section, kind: Kind, (fields, choices): (&Fields, &Choices), mistakes: &Mistakes) -> Markup {
    match section {
        Section::About => about::form(kind, fields, mistakes),
        Section::Who => about::form_who(fields, mistakes),
        Section::Times => times::form(fields, mistakes),
        Section::Dates => dates::form(fields, mistakes),
        Section::Place => place::form(fields, mistakes),
        Section::Cost => cost::form(fields, mistakes),
        Section::Contact => contact::form(kind, fields, mistakes),
        Section::Status => status::form(kind, fields, mistakes),
        Section::Categories => categories::form(fields, choices, mistakes),
    }
}

fn page(
    signed: &Signed,
    sight: &Sight,
    section: Section,
    (fields, mistakes): (&Fields, &Mistakes),
    meanwhile: Meanwhile,
    around: &Around,
) -> Page {
    let id = sight.stored.id;
    let kind = sight.stored.kind;
    let title = section.title();
    let body = html! {
        (mistakes.summary())
        @if let Some(words) = meanwhile.words() {
            div class="banner" role="alert" {
                p { strong { (words) } " Your answers are still here. Look at the listing, then save again if they are still right." }
                p { a href=(format!("/account/listings/{id}/history")) { "See what has changed" } }
            }
        }
        p class="by" { (sight.document.name()) }
        h1 { (title) }
        (waits_already(&around.waiting))
        form method="post" action=(format!("/account/listings/{id}/{}", section.word())) novalidate {
            (signed.proof())
            input type="hidden" name="revision" value=(fields.text("revision"));
            (form(section, kind, (fields, &around.choices), mistakes))
            (call_back::form(around.calling.as_deref(), fields, mistakes))
            p class="hint" { (fate(signed, sight, section)) }
            p { button class="button" name="do" value="save" { "Save" } " " button class="link" name="do" value="preview" { "Preview" } }
        }
        p { a href=(format!("/account/listings/{id}")) { "Cancel" } }
    };
    let trail = vec![Step::to("/account", "Your listings"), Step::to(format!("/account/listings/{id}"), sight.document.name())];
    Page { trail, ..Page::new(mistakes.title(&format!("{title}: {}", sight.document.name())), body) }
}

/// What will become of a change, before it is saved.
fn fate(signed: &Signed, sight: &Sight, section: Section) -> &'static str {
    if !sight.is_public() {
        return "This listing is not public yet. You can save as often as you like.";
    }
    if sight.lets(&signed.actor, Action::EditAtOnce) {
        return "You are a moderator: what you save is public immediately.";
    }
    if sight.protected && matches!(section, Section::Times | Section::Status) {
        return "Days, times, and whether it is open are public immediately. Anything else you write here waits until a moderator has called back; the current version stays until then.";
    }
    let risks: Vec<Risk> = section
        .members(sight.stored.kind)
        .iter()
        .map(|member| {
            let change = Change { field: (*member).to_owned(), before: Value::Null, after: Value::from("x") };
            let kind = if section == Section::Place { Kind::Location } else { sight.stored.kind };
            risk(kind, sight.protected, &change)
        })
        .collect();
    if risks.iter().all(|risk| *risk == Risk::Low) {
        "What you save is public immediately. You can undo it. Text that adds a web address, or says that someone has been checked or approved, waits for a moderator."
    } else if risks.iter().all(|risk| *risk == Risk::High) {
        "A moderator will check this before it is public. The current version stays until then."
    } else {
        "Most changes are public immediately. Names, web addresses, and text that says that someone has been checked or approved wait for a moderator; the current version stays until then."
    }
}

/// POST `/account/listings/{id}/{section}`.
pub(super) async fn save(State(desk): State<Desk>, Path((id, word)): Path<(Uuid, String)>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let saved = Box::pin(save_section(&desk, id, &word, &posted)).await;
    match saved {
        Ok(Ok(became)) => go_to(&format!("/account/listings/{id}?saved={}", said(&became))),
        Ok(Err(page)) => desk.answer(&posted.headers, signed, Ok(*page)),
        Err(problem) => desk.answer(&posted.headers, signed, Err(problem)),
    }
}

/// What became of a save, as a word in an address.
pub(super) fn said(became: &Became) -> &'static str {
    match (became.published.is_empty(), became.waiting.is_empty(), became.drafts.is_empty()) {
        (true, true, true) => "nothing",
        (_, true, false) => "draft",
        (false, true, true) => "published",
        (true, false, _) => "waiting",
        (false, false, _) => "both",
    }
}

async fn save_section(desk: &Desk, id: Uuid, word: &str, posted: &Posted) -> Result<Result<Became, Box<Page>>, Problem> {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let (sight, section) = open(desk, signed, id, word).await?;
    let around = Around::of(desk, signed, &sight, section, fields).await?;
    let shown = |fields: &Fields, mistakes: &Mistakes, meanwhile: Meanwhile| {
        Box::new(page(signed, &sight, section, (fields, mistakes), meanwhile, &around))
    };
    let again = |fields: &Fields, mistakes: &Mistakes| Ok(Err(shown(fields, mistakes, Meanwhile::Nobody)));
    // What was read does not stand any more: the same form again, about the version that does.
    let moved = |meanwhile: Meanwhile, revision: i64| {
        let mut fields = fields.clone();
        fields.set("revision", revision.to_string());
        let page = shown(&fields, &Mistakes::default(), meanwhile);
        Ok(Err(Box::new(Page { status: StatusCode::CONFLICT, ..*page })))
    };
    match fields.text("do") {
        "save" | "preview" => {}
        "again" => return again(fields, &Mistakes::default()),
        // A button that only changes the form, such as "more times".
        _ => return again(&more(section, fields), &Mistakes::default()),
    }
    let mut mistakes = Mistakes::default();
    let mut edited = Open { document: sight.document.clone(), place: None, place_revision: None };
    take(desk, signed, section, fields, &mut edited, &mut mistakes).await?;
    if !mistakes.none() {
        return again(fields, &mistakes);
    }
    let revision: i64 = fields.text("revision").parse().unwrap_or(-1);
    if revision != sight.stored.kept.revision {
        let meanwhile = Meanwhile::since(desk, signed, id, revision).await?;
        // The same form sent twice, as by two taps: it is saved already.
        if meanwhile == Meanwhile::Oneself && edited.place.is_none() && edited.document == sight.document {
            return Ok(Ok(Became { published: vec![(id, Vec::new())], ..Became::default() }));
        }
        return moved(meanwhile, sight.stored.kept.revision);
    }
    let submission = edited.submission(section, &sight, fields);
    if fields.text("do") == "preview" {
        let shown = desk.editing.preview(&signed.actor, &submission).await;
        let about = not_saved_yet(signed, &sight, section, fields);
        return match shown {
            Ok(shown) => Ok(Err(Box::new(preview::page(&desk.site, shown, &about).await?))),
            Err(Error::Unfit(faults)) => {
                unfit(&mut mistakes, faults);
                again(fields, &mistakes)
            }
            Err(error) => Err(error.into()),
        };
    }
    match desk.editing.submit(&signed.actor, submission).await {
        Ok(became) => Ok(Ok(became)),
        Err(Error::Records(records::Error::Stale { id: record, expected, .. })) => {
            let now = desk.editing.look(&signed.actor, id).await?;
            moved(Meanwhile::since(desk, signed, record, expected).await?, now.stored.kept.revision)
        }
        Err(Error::Unfit(faults)) => {
            unfit(&mut mistakes, faults);
            again(fields, &mistakes)
        }
        Err(Error::NeedsCallBack(fault)) => {
            call_back::mistake(&mut mistakes, &fault);
            again(fields, &mistakes)
        }
        Err(error) => Err(error.into()),
    }
}

fn unfit(mistakes: &mut Mistakes, faults: Vec<Fault>) {
    for fault in faults {
        mistakes.add("form", format!("{}: {}", crate::editing::words_for(&fault.field), fault.problem));
    }
}

/// What stands above a preview: that nothing is saved, and the form with what was typed, to save it or to
/// go on with.
fn not_saved_yet(signed: &Signed, sight: &Sight, section: Section, fields: &Fields) -> Markup {
    html! {
        p { strong { "This is a preview." } " The public will see it like this. Nothing has been saved yet." }
        p { (fate(signed, sight, section)) }
        form method="post" action=(format!("/account/listings/{}/{}", sight.stored.id, section.word())) {
            (signed.proof())
            @for (name, value) in fields.starting("").filter(|(name, _)| !["do", FORM_TOKEN, FORM_OF].contains(name)) {
                input type="hidden" name=(name) value=(value);
            }
            p { button class="button" name="do" value="save" { "Save" } " " button class="link" name="do" value="again" { "Go back and change it" } }
        }
    }
}

fn more(section: Section, fields: &Fields) -> Fields {
    match section {
        Section::Times => times::more(fields),
        _ => fields.clone(),
    }
}

async fn take(
    desk: &Desk,
    signed: &Signed,
    section: Section,
    fields: &Fields,
    edited: &mut Open,
    mistakes: &mut Mistakes,
) -> Result<(), Error> {
    let document = &mut edited.document;
    match section {
        Section::About => about::take(fields, document, mistakes),
        Section::Who => about::take_who(fields, document, mistakes),
        Section::Times => times::take(fields, document, mistakes),
        Section::Dates => dates::take(fields, document, desk.site.today(), mistakes),
        Section::Place => place::take(desk, signed, fields, edited, mistakes).await?,
        Section::Cost => cost::take(fields, document, mistakes),
        Section::Contact => contact::take(fields, document, mistakes),
        Section::Status => status::take(fields, document, desk.site.today(), mistakes),
        Section::Categories => categories::take(desk, fields, document, mistakes).await?,
    }
    Ok(())
}
