//! The audit trail.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use crate::{
    editing::{Error, main_of},
    http::{Parameters, Problem},
    identity::{Action, Deed, Entry, Identity, Sought},
    pages::{
        desk::{Desk, Signed},
        fields::{Field, Mistakes},
        layout::{Page, Step},
        tables::table,
        words::moment,
    },
};

/// Lines on one page.
const LINES: u64 = 100;

/// The columns of the trail.
const COLUMNS: [&str; 6] = ["When", "Who", "What", "To", "More", "From"];

/// What somebody looks for, as they wrote it.
#[derive(Debug, Default)]
struct Asked {
    who: String,
    what: String,
    record: String,
    /// Whatever a line is about or by, as a link from elsewhere names it.
    about: String,
    before: Option<Uuid>,
}

impl Asked {
    fn read(parameters: &Parameters) -> Self {
        let text = |name: &str| parameters.text(name).ok().flatten().unwrap_or_default().to_owned();
        let before = text("before").parse().ok();
        Self { who: text("who"), what: text("what"), record: text("record"), about: text("about"), before }
    }

    /// The address of what comes before this line.
    fn earlier(&self, last: Uuid) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("who", &self.who), ("what", &self.what), ("record", &self.record), ("about", &self.about)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/moderation/audit?{}", query.append_pair("before", &last.to_string()).finish())
    }

    /// What that means in the trail: people by their name or address, listings by their name, id or web address.
    async fn sought(&self, desk: &Desk, signed: &Signed) -> Result<Sought, Error> {
        let mut sought = Sought { about: Some(self.about.clone()).filter(|about| !about.is_empty()), ..Sought::default() };
        sought.what = Deed::ALL.iter().map(|deed| deed.as_str()).find(|deed| *deed == self.what);
        if !self.who.is_empty() {
            let people = desk.identity().find_people(&self.who).await?;
            let known = people.iter().map(|person| Identity::known_as(person.id));
            // History also names what is no person, such as the directory itself.
            sought.who = Some(known.chain([self.who.clone()]).collect());
        }
        if !self.record.is_empty() {
            sought.to = Some(names_of(desk, signed, &self.record).await?);
        }
        Ok(sought)
    }
}

/// Every id under which a line may name a listing: its own, and those of what was proposed about it.
async fn names_of(desk: &Desk, signed: &Signed, record: &str) -> Result<Vec<String>, Error> {
    let mut ids: Vec<Uuid> = record.split(['/', '?', '#', ' ']).filter_map(|part| part.parse().ok()).collect();
    if ids.is_empty() {
        ids.extend(
            desk.editing.find(&signed.actor, record).await?.iter().filter(|found| found.by_name).map(|found| found.stored.id),
        );
    }
    let proposed = desk.editing.records().proposed_about(&ids).await?;
    ids.extend(proposed.iter().flat_map(|one| [Some(one.id), one.bundle]).flatten());
    ids.sort_unstable();
    ids.dedup();
    Ok(ids.iter().map(Uuid::to_string).collect())
}

/// GET `/moderation/audit`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, parameters: Parameters, headers: HeaderMap) -> Response {
    let page = page(&desk, &signed, &Asked::read(&parameters)).await.map_err(Problem::from);
    desk.answer(&headers, &signed, page)
}

async fn page(desk: &Desk, signed: &Signed, asked: &Asked) -> Result<Page, Error> {
    if !signed.may(Action::SeeAudit) {
        return Err(Error::Forbidden("only officers can see the audit trail"));
    }
    let sought = asked.sought(desk, signed).await?;
    let lines = desk.identity().audit_of(&sought, asked.before, LINES).await?;
    let rows = rows(desk, signed, &lines).await?;
    let body = html! {
        h1 { "What happened" }
        (form(asked))
        @if rows.is_empty() { p { "Nothing is on record for this." } }
        @else { (table("What happened", &COLUMNS, &rows, false)) }
        details {
            summary { "What these words mean" }
            dl class="summary" { @for deed in Deed::ALL { div { dt { (deed.as_str()) } dd { (deed.meaning()) } } } }
        }
        @if lines.len() as u64 == LINES && let Some(last) = lines.last() { p { a href=(asked.earlier(last.id)) { "Earlier" } } }
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new("What happened", body) })
}

/// What can be looked for.
fn form(asked: &Asked) -> Markup {
    let none = Mistakes::default();
    let deeds: Vec<(&str, &str)> =
        [("", "Anything")].into_iter().chain(Deed::ALL.iter().map(|deed| (deed.as_str(), deed.as_str()))).collect();
    html! {
        form method="get" action="/moderation/audit" class="search" role="search" aria-label="What happened" {
            (Field::new("who", "Who", &asked.who).hint("Name or email address, or part of it.").line(&none, "text", "off"))
            (Field::new("what", "What", &asked.what).one_of(&none, &deeds))
            (Field::new("record", "Listing", &asked.record).hint("Its name, its id or its web address here.").line(&none, "text", "off"))
            p { button class="button" { "Search" } " " a href="/moderation/audit" { "Show everything" } }
        }
    }
}

/// The lines, each as the cells of a row.
async fn rows(desk: &Desk, signed: &Signed, lines: &[Entry]) -> Result<Vec<Vec<Markup>>, Error> {
    let ids: Vec<Uuid> = lines.iter().filter_map(|line| line.to.parse().ok()).collect();
    let records = desk.editing.records().find_all(&ids).await?;
    let of_calls: Vec<Uuid> = lines.iter().map(|line| line.id).collect();
    let calls = desk.editing.calls_on_lines(&signed.actor, &of_calls).await?;
    let mut rows = Vec::new();
    for line in lines {
        let id: Option<Uuid> = line.to.parse().ok();
        let (to, page) = match (id.and_then(|id| records.get(&id)), id) {
            (Some(stored), _) => (called(stored.read()?.name()), Some(format!("/account/listings/{}", stored.id))),
            (None, Some(id)) => {
                decided(desk, id).await?.map_or_else(|| (line.to.clone(), None), |(name, page)| (name, Some(page)))
            }
            (None, None) => (desk.identity().shown_as(&line.to).await?, None),
        };
        let detail = match calls.iter().find(|call| call.line == line.id) {
            Some(call) => format!("{}, {}", call.called.words(), moment(call.called.at)),
            None => in_words(desk, &line.detail).await?,
        };
        let who = desk.identity().shown_as(&line.who).await?;
        rows.push(vec![
            html! { (moment(line.at)) },
            html! { (who) },
            html! { (line.what) },
            html! { @match page { Some(page) => a href=(page) { (to) }, None => (to) } },
            html! { (detail) },
            html! { (line.from) },
        ]);
    }
    Ok(rows)
}

fn called(name: &str) -> String {
    if name.is_empty() { "a place".to_owned() } else { name.to_owned() }
}

/// The change, or the new listing, that was decided under this id: how it is called, and its page.
async fn decided(desk: &Desk, id: Uuid) -> Result<Option<(String, String)>, Error> {
    let records = desk.editing.records();
    if let Some(proposal) = records.proposal(id).await? {
        return Ok(Some((called(proposal.read()?.name()), format!("/moderation/changes/{id}"))));
    }
    let parts = records.bundle(id).await?;
    let Some(main) = main_of(&parts) else { return Ok(None) };
    Ok(Some((called(main.read()?.name()), format!("/account/listings/{}", main.record_id))))
}

/// Details as people read them: with the name of whom they are about.
async fn in_words(desk: &Desk, detail: &str) -> Result<String, Error> {
    let mut words = Vec::new();
    for word in detail.split(' ') {
        words.push(desk.identity().shown_as(word).await?);
    }
    Ok(words.join(" "))
}
