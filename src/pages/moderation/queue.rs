//! Everything that waits, in the order of the harm that it could do.

use std::cmp::Reverse;

use axum::{extract::State, response::Response};
use chrono::{DateTime, Duration, Utc};
use http::HeaderMap;
use maud::{Markup, html};
use uuid::Uuid;

use super::reported::Reported;
use crate::{
    editing::{Error, Judgement, Queued, Talk, Waiting, words_for},
    http::{Parameters, Problem},
    identity::{Action, Person},
    mail,
    model::{changes::Change, text::shorten},
    pages::{
        desk::{Desk, Posted, Signed, go_to},
        layout::Page,
        words::{capital, count, moment},
    },
    quality::{self, Unreachable},
    records,
};

/// What waits for longer is late.
const LATE: Duration = Duration::hours(48);
/// A proposed name is shown up to so many characters.
const LONGEST_NAME: usize = 80;
/// Things that are shown at once.
const SHOWN: usize = 100;

/// What was just decided, as a word in an address.
#[derive(Clone, Copy, Debug)]
pub(super) enum Done {
    Published,
    Partly,
    Refused,
    Answered,
    Settled,
}

impl Done {
    const ALL: [(Self, &str, &str); 5] = [
        (Self::Published, "published", "Published. Its author will get an email."),
        (Self::Partly, "partly", "Partly published, partly refused. Its author will get an email with the reasons."),
        (Self::Refused, "refused", "Refused. Its author will get an email with the reason."),
        (Self::Answered, "answered", "Decided. The person who asked will get an email."),
        (Self::Settled, "settled", "The report is settled."),
    ];

    /// The queue, saying so.
    pub(super) fn path(self) -> String {
        format!("/moderation?done={}", Self::ALL[self as usize].1)
    }

    fn words(word: &str) -> Option<&'static str> {
        Self::ALL.iter().find(|(_, known, _)| *known == word).map(|(_, _, words)| *words)
    }
}

/// GET `/moderation`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, parameters: Parameters, headers: HeaderMap) -> Response {
    let number = |name: &str| parameters.text(name).ok().flatten().and_then(|many| many.parse::<usize>().ok());
    let accepted = number("taken").zip(number("moved")).map(|(taken, moved)| accepted(taken, moved));
    let told = accepted.or_else(|| parameters.text("done").ok().flatten().and_then(Done::words).map(str::to_owned));
    let done = async {
        let queue = desk.editing.queue(&signed.actor).await?;
        let reports = Reported::all(&desk).await?;
        let mut unreachable = Vec::new();
        for one in quality::unreachable(desk.editing.records(), desk.identity()).await.map_err(super::problem)? {
            let kept = desk.editing.records().find_all(&one.keeps).await.map_err(Error::from)?;
            let named = kept.values().map(|stored| Ok((stored.id, stored.read()?.name().to_owned())));
            unreachable.push((named.collect::<Result<Vec<_>, Error>>()?, one));
        }
        Ok::<_, Problem>(page(&desk, &signed, &queue, &reports, (told.as_deref(), &unreachable)))
    };
    let page = done.await;
    desk.answer(&headers, &signed, page)
}

/// What became of what was ticked.
fn accepted(taken: usize, moved: usize) -> String {
    let published = format!("{} published.", count(taken, "change is", "changes are"));
    if moved == 0 {
        return published;
    }
    let (waits, its) = if moved == 1 { ("waits", "its") } else { ("wait", "their") };
    format!(
        "{published} {} been edited since you looked, or cannot be accepted like this, and still {waits} for a decision on {its} own page.",
        count(moved, "change has", "changes have")
    )
}

/// Something in the queue.
#[derive(Clone, Copy, Debug)]
enum Entry<'a> {
    /// What groups and neighbours send.
    Queued(&'a Queued),
    /// What the public says is wrong.
    Reported(&'a Reported),
}

impl<'a> Entry<'a> {
    /// Everything, what could do most harm first, then what waits longest.
    fn in_order(queue: &'a [Queued], reports: &'a [Reported]) -> Vec<Self> {
        let mut all: Vec<Self> = queue.iter().map(Entry::Queued).chain(reports.iter().map(Entry::Reported)).collect();
        all.sort_by_key(|one| (Reverse(one.harm()), one.since()));
        all
    }

    fn harm(self) -> u8 {
        match self {
            Self::Queued(one) => one.harm,
            Self::Reported(one) => one.harm(),
        }
    }

    fn since(self) -> DateTime<Utc> {
        match self {
            Self::Queued(one) => one.since,
            Self::Reported(one) => one.since(),
        }
    }

    fn is_harmless(self) -> bool {
        matches!(self, Self::Queued(Queued { waiting: Waiting::Change(one), .. }) if one.is_harmless())
    }

    fn row(self, now: DateTime<Utc>, decides: bool) -> Markup {
        match self {
            Self::Queued(one) => row(one, now, decides),
            Self::Reported(one) => one.row(now),
        }
    }
}

/// Somebody whose letters do not arrive, after what they keep, by id and name.
type Lost = (Vec<(Uuid, String)>, Unreachable);

fn page(
    desk: &Desk,
    signed: &Signed,
    queue: &[Queued],
    reports: &[Reported],
    (told, unreachable): (Option<&str>, &[Lost]),
) -> Page {
    let now = desk.site.now();
    let all = Entry::in_order(queue, reports);
    let late = all.iter().filter(|one| now - one.since() > LATE).count();
    let decides = signed.may(Action::Decide);
    let shown = &all[..all.len().min(SHOWN)];
    let harmless = shown.iter().filter(|one| one.is_harmless()).count();
    let body = html! {
        h1 { "Waiting for a decision" }
        @if let Some(said) = told { div class="banner ok" role="status" { p { (said) } } }
        @if all.is_empty() { p { "Nothing is waiting." } }
        @else {
            p { (count(all.len(), "item waiting", "items waiting")) @if late > 0 { ", " strong { (late) " for more than two days" } } "." @if all.len() > SHOWN { " The first " (SHOWN) " are shown." } }
            (keys())
        }
        form method="post" action="/moderation" {
            (signed.proof())
            ol class="listings" id="queue" { @for one in shown { (one.row(now, decides)) } }
            @if harmless > 0 && decides {
                p {
                    button class="button" name="do" value="ticked" { "Accept the ticked changes" } " "
                    button class="link" name="do" value="all" { "Accept " (count(harmless, "harmless change", "harmless changes")) }
                }
                p class="hint" { "You can only tick changes that contain nothing risky. Changes edited since you opened this page will not be accepted." }
            }
        }
        (super::find::form(signed, ""))
        (lost(signed, unreachable))
        p {
            a href="/moderation/checks" { "Check listings by phone or visit" } " · " a href="/moderation/quality" { "Directory quality" } " · "
            a href="/moderation/audit" { "What happened" }
            @if signed.may(Action::WriteTexts) { " · " a href="/moderation/texts" { "Guides, notices and other texts" } }
            @if signed.may(Action::Erase) { " · " a href="/moderation/erase" { "Erase someone’s data" } }
            @if signed.may(Action::ManagePeople) { " · " a href="/moderation/people" { "People and roles" } }
        }
    };
    Page { scripts: vec![SCRIPT], ..Page::new("Waiting for a decision", body) }
}

/// The script of the queue's keys.
pub(super) const SCRIPT: &str = "/assets/queue.js";

/// GET `/assets/queue.js`.
pub(super) async fn script(headers: HeaderMap) -> Response {
    crate::pages::files::file(&headers, "text/javascript; charset=utf-8", include_str!("queue.js").to_owned())
}

/// Which keys there are, and how to be without them. Shown where the script runs.
fn keys() -> Markup {
    html! {
        div id="keys" hidden {
            p { "Keyboard shortcuts while the list has focus: " kbd { "j" } " next, " kbd { "k" } " previous, " kbd { "x" } " tick, " kbd { "Enter" } " open." }
            div class="choice" {
                input type="checkbox" id="keys-on" checked;
                label for="keys-on" { "Use keyboard shortcuts" }
            }
        }
    }
}

/// Those whose letters do not arrive: their listings go out of date without anybody hearing of it.
fn lost(signed: &Signed, unreachable: &[Lost]) -> Markup {
    html! {
        @if !unreachable.is_empty() {
            h2 { "Emails that cannot be delivered" }
            p { "Ask these people, or their groups, for another email address. If many emails were given up at the same time, the mail server was at fault: tell whoever runs this directory." }
            ul class="listings" {
                @for (keeps, one) in unreachable {
                    @let letter = &one.letter;
                    @let shown = shows_address(signed, one);
                    li {
                        p {
                            strong { (one.person.as_ref().filter(|_| shown).map_or("Someone", Person::shown)) }
                            @if shown { ", " (letter.to) }
                        }
                        @if !keeps.is_empty() { p { "Keeps " @for (number, (id, name)) in keeps.iter().enumerate() { @if number > 0 { ", " } a href=(format!("/account/organisations/{id}")) { (name) } } } }
                        p class="hint" {
                            (capital(letter.kind.words())) ", " @if letter.state == mail::State::GivenUp { "given up" } @else { "refused" } " "
                            (moment(letter.settled_at.unwrap_or(letter.queued_at)))
                            // Mail servers repeat the address that they refuse.
                            @if shown { ": " (letter.problem.as_deref().unwrap_or("no reason given")) }
                        }
                    }
                }
            }
        }
    }
}

/// Whether an officer may read to whom a letter went. That of whoever left an address with a report is nobody's but
/// theirs.
fn shows_address(signed: &Signed, one: &Unreachable) -> bool {
    one.is_colleague() || signed.may(Action::Decide) && one.letter.kind != mail::Kind::ReportSettled
}

fn row(one: &Queued, now: DateTime<Utc>, decides: bool) -> Markup {
    let harmless = decides.then(|| seen(one)).flatten();
    let (href, what) = match &one.waiting {
        Waiting::Change(change) => {
            let mut fields: Vec<String> = change.changes.iter().map(in_short).collect();
            fields.dedup();
            (format!("/moderation/changes/{}", change.proposal.id), format!("Change: {}", fields.join(", ")))
        }
        Waiting::Listing(parts) => {
            let bundle = parts.first().and_then(|part| part.bundle).unwrap_or_default();
            let what = if one.is_new { "New listing" } else { "Changes of several records, decided together" };
            (format!("/moderation/listings/{bundle}"), what.to_owned())
        }
        Waiting::Claim(claim) => (format!("/moderation/claims/{}", claim.id), "Someone asks to manage it".to_owned()),
        Waiting::Appeal(appeal) => (
            format!("/moderation/appeals/{}", appeal.proposal),
            "It was refused, and its author asks for a second review".to_owned(),
        ),
    };
    html! {
        li {
            h2 { a href=(href) { (one.name) } }
            p { (what) }
            @if let Some((id, seen)) = &harmless {
                div class="choice" {
                    input type="checkbox" id=(format!("t-{id}")) name="ticked" value=(id);
                    label for=(format!("t-{id}")) { "Tick to accept" span class="unseen" { ": " (one.name) } }
                    input type="hidden" name=(format!("seen-{id}")) value=(seen);
                }
            }
            ul class="tags" {
                @if let Waiting::Change(change) = &one.waiting { @if !change.proposal.origin.is_empty() { li { "from " (change.proposal.origin) } } }
                @if one.protected { li class="warn" { "Protected" } }
                @match one.talk {
                    Some(Talk::Answered) => li class="good" { "A message from the author" },
                    Some(Talk::Asked) => li { "Asked, no answer yet" },
                    None => {},
                }
                @if now - one.since > LATE { li class="doubt" { "Late" } }
                li { "since " (moment(one.since)) }
            }
        }
    }
}

/// What a change is about; a new name, since the listing stands under the one that it has.
fn in_short(change: &Change) -> String {
    match change.after.as_str() {
        Some(name) if change.field == "name" && !change.before.is_null() => format!("name, to “{}”", shorten(name, LONGEST_NAME)),
        _ => words_for(&change.field),
    }
}

/// What a harmless change is known by, and the version of it and of its record that is looked at.
fn seen(one: &Queued) -> Option<(Uuid, String)> {
    let Waiting::Change(change) = &one.waiting else { return None };
    change.is_harmless().then(|| (change.proposal.id, format!("{}:{}", change.revision, change.proposal.version())))
}

/// POST `/moderation`: accept what touches nothing risky, as it was looked at.
pub(super) async fn accept_harmless(State(desk): State<Desk>, posted: Posted) -> Response {
    match accept(&desk, &posted).await {
        Ok((taken, moved)) => go_to(&format!("/moderation?taken={taken}&moved={moved}")),
        Err(error) => desk.answer(&posted.headers, &posted.signed, Err(error.into())),
    }
}

async fn accept(desk: &Desk, posted: &Posted) -> Result<(usize, usize), Error> {
    let (signed, fields) = (&posted.signed, &posted.fields);
    if !signed.may(Action::Decide) {
        return Err(Error::Forbidden("only a moderator can decide"));
    }
    let all = fields.text("do") == "all";
    let (mut taken, mut moved) = (0, 0);
    let looked_at = fields.starting("seen-").filter_map(|(name, seen)| Some((name.strip_prefix("seen-")?.parse().ok()?, seen)));
    let looked_at: Vec<(Uuid, &str)> = looked_at.take(SHOWN).collect();
    for (id, seen) in looked_at {
        let text = id.to_string();
        if !all && !fields.all("ticked").any(|ticked| ticked == text) {
            continue;
        }
        let (revision, version) = seen.split_once(':').unwrap_or_default();
        let judgement =
            Judgement { revision: revision.parse().unwrap_or(-1), version: version.to_owned(), ..Judgement::default() };
        match Box::pin(desk.editing.accept_harmless(&signed.actor, id, judgement)).await {
            Ok(()) => taken += 1,
            // One that is not to be had like this leaves the others alone, and is said to wait: it was edited, does not
            // fit what stands by now, or somebody else has to decide it.
            Err(
                Error::Records(records::Error::Stale { .. } | records::Error::Decided(_) | records::Error::Unfit { .. })
                | Error::NeedsCallBack(_)
                | Error::Forbidden(_)
                | Error::NotFound(_),
            ) => moved += 1,
            Err(error) => return Err(error),
        }
    }
    Ok((taken, moved))
}
