//! What the council writes itself: guides, notices, pages about the site. A draft is looked at as the
//! public would see it; publishing says who did it; every version stays and can be brought back.

mod draft;

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::{Markup, html};

use self::draft::Draft;
use crate::{
    editing::Error,
    http::Problem,
    identity::{Action, Deed, Identity},
    pages::{
        Site,
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes, radios, tick},
        guides,
        layout::{Page, Step},
        notices,
        words::{count, moment},
    },
    self_help::reading,
    texts::{Kind, Level, Prepared, Slug, Standing, Text, Version, starting},
};

/// Reading ages above this are pointed out.
const HARD_TO_READ: f64 = 12.0;

/// GET `/moderation/texts`.
pub(super) async fn list(State(desk): State<Desk>, signed: Signed, headers: HeaderMap) -> Response {
    let page = all(&desk, &signed).await;
    desk.answer(&headers, &signed, page)
}

fn may_write(signed: &Signed) -> Result<(), Problem> {
    if signed.may(Action::WriteTexts) {
        Ok(())
    } else {
        Err(Problem::from(Error::Forbidden("only moderators can write guides, notices and other texts")))
    }
}

async fn all(desk: &Desk, signed: &Signed) -> Result<Page, Problem> {
    may_write(signed)?;
    let texts = desk.site.texts.list().await.map_err(problem)?;
    let section = |kind: Kind, title: &str| {
        let rows: Vec<_> = texts.iter().filter(|(_, text, _)| text.kind == kind).collect();
        html! {
            h2 { (title) }
            @if rows.is_empty() { p { "None yet." } }
            ul class="listings" { @for (slug, text, version) in rows { (row(desk, slug, text, version.as_ref())) } }
        }
    };
    let body = html! {
        h1 { "Guides, notices and other texts" }
        p {
            a class="button" href="/moderation/texts/new/notice" { "Add a notice" } " "
            a class="button plain" href="/moderation/texts/new/guide" { "Write a guide" }
        }
        (section(Kind::Notice, "Notices"))
        (section(Kind::Guide, "Guides"))
        (section(Kind::Page, "Pages about the site"))
    };
    Ok(Page { trail: vec![Step::to("/moderation", "Waiting")], ..Page::new("Guides, notices and other texts", body) })
}

fn row(desk: &Desk, slug: &Slug, text: &Text, version: Option<&Version>) -> Markup {
    let today = desk.site.today();
    let shown = desk.site.texts.shown();
    let public = shown.get(text.kind, slug.as_str());
    let overdue = public.is_some_and(|public| public.published_on.is_some() && public.is_overdue(today));
    html! {
        li {
            h3 { a href=(format!("/moderation/texts/{slug}")) { (text.title) } }
            ul class="tags" {
                @match (public, version) {
                    (Some(public), None) if public.published_on.is_none() => li class="doubt" { "The text supplied with Fingerpost" },
                    (Some(_), _) if text.kind != Kind::Notice => li class="good" { "Public" },
                    (Some(_), _) if text.stands(desk.site.now()) => li class="good" { "Shown now" },
                    (Some(_), _) => li { "Not shown now" },
                    (None, None) => li { "A sample to start from" },
                    (None, Some(_)) => li { "Not public" },
                }
                @if version.is_some_and(|version| version.standing == Standing::Draft) { li class="doubt" { "Has a draft" } }
                @if overdue { li class="doubt" { "Due for review" } }
                @if let Some(version) = version { li { (moment(version.at)) } }
            }
        }
    }
}

/// GET `/moderation/texts/new/{kind}`.
pub(super) async fn new(State(desk): State<Desk>, signed: Signed, Path(kind): Path<String>, headers: HeaderMap) -> Response {
    let page = match kind.parse::<Kind>() {
        Ok(kind @ (Kind::Guide | Kind::Notice)) => {
            may_write(&signed).map(|()| form(&desk, &signed, &Draft::new(kind), None, &Mistakes::default()))
        }
        _ => Err(Problem::not_found("only guides and notices can be added".to_owned())),
    };
    desk.answer(&headers, &signed, page)
}

/// GET `/moderation/texts/{slug}`.
pub(super) async fn show(State(desk): State<Desk>, signed: Signed, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    let page = one(&desk, &signed, &slug).await;
    desk.answer(&headers, &signed, page)
}

async fn one(desk: &Desk, signed: &Signed, slug: &str) -> Result<Page, Problem> {
    may_write(signed)?;
    let slug: Slug = slug.parse().map_err(|_| Problem::not_found(format!("there is no text called {slug}")))?;
    let draft = match desk.site.texts.latest(&slug).await.map_err(problem)? {
        Some(version) => Draft { base: version.number, ..Draft::of(slug.clone(), &version.text) },
        None => match starting().find(|(own, _)| *own == slug) {
            Some((_, text)) => Draft::of(slug.clone(), &text),
            None => return Err(Problem::not_found(format!("there is no text called {slug}"))),
        },
    };
    let history = desk.site.texts.history(&slug).await.map_err(problem)?;
    Ok(form(desk, signed, &draft, Some(&history), &Mistakes::default()))
}

fn form(desk: &Desk, signed: &Signed, draft: &Draft, history: Option<&[Version]>, mistakes: &Mistakes) -> Page {
    let fields = &draft.fields;
    let title = match (draft.kind, &draft.slug) {
        (Kind::Guide, None) => "Write a guide",
        (Kind::Notice, None) => "Add a notice",
        (Kind::Guide, _) => "Change a guide",
        (Kind::Notice, _) => "Change a notice",
        (Kind::Page, _) => "Change a page about the site",
    };
    let body = html! {
        (mistakes.summary())
        h1 { (title) }
        @if let Some((_, about)) = draft.slug.as_ref().and_then(|slug| Text::PAGES.iter().find(|(own, _)| *own == slug.as_str())) { p class="lead" { (about) "." } }
        form method="post" action="/moderation/texts" novalidate {
            (signed.proof())
            input type="hidden" name="kind" value=(draft.kind.as_str());
            input type="hidden" name="base" value=(draft.base);
            @if let Some(slug) = &draft.slug { input type="hidden" name="slug" value=(slug); }
            (Field::new("title", "Title", fields.text("title")).line(mistakes, "text", "off"))
            @match draft.kind {
                Kind::Guide => (Field::new("summary", "Summary, in one sentence", fields.text("summary")).hint("Shown below the title in lists.").line(mistakes, "text", "off")),
                Kind::Notice => (of_a_notice(fields, mistakes)),
                Kind::Page => {},
            }
            (Field::new("body", "Text", fields.text("body"))
                .hint("Leave an empty line between paragraphs. Use ## for a heading, - for a list item, **bold** for bold and [words](/help) for a link. {name} becomes the name of this directory.")
                .lines(mistakes, if draft.kind == Kind::Notice { 4 } else { 22 }))
            @if draft.kind == Kind::Guide { (of_a_guide(desk, fields, mistakes)) }
            @if draft.kind == Kind::Page { (Field::new("review_by", "Review it again by (optional)", fields.text("review_by")).line(mistakes, "date", "off")) }
            p {
                button class="button plain" name="do" value="look" { "Preview" } " "
                button class="button plain" name="do" value="draft" { "Save as a draft" } " "
                button class="button" name="do" value="publish" { "Publish" }
            }
            p class="hint" { "When you publish, the history records that you have reviewed every line." }
            @if draft.base > 0 {
                p { button class="button warn" name="do" value="withdraw" { "Withdraw it from the public" } }
            }
        }
        @if let Some(history) = history.filter(|history| !history.is_empty()) { (versions(signed, history)) }
    };
    let trail = vec![Step::to("/moderation", "Waiting"), Step::to("/moderation/texts", "Texts")];
    Page { trail, ..Page::new(mistakes.title(title), body) }
}

fn of_a_notice(fields: &Fields, mistakes: &Mistakes) -> Markup {
    let levels = [
        (Level::Emergency.as_str(), "An emergency: people are in danger"),
        (Level::Weather.as_str(), "Severe weather"),
        (Level::News.as_str(), "Something else"),
    ];
    html! {
        (radios("level", "Kind of notice", "", fields.some("level").unwrap_or(Level::News.as_str()), &levels, mistakes))
        (Field::new("from", "Show it from (leave empty to show it now)", fields.text("from")).line(mistakes, "datetime-local", "off"))
        (Field::new("until", "Until", fields.text("until")).line(mistakes, "datetime-local", "off"))
        (Field::new("places", "Where", fields.text("places")).hint("First halves of postcodes, such as LU1, LU2. Leave empty for everywhere.").line(mistakes, "text", "off"))
    }
}

fn of_a_guide(desk: &Desk, fields: &Fields, mistakes: &Mistakes) -> Markup {
    let words = desk.site.directory.search.words();
    html! {
        (Field::new("needs", "Needs it is about", fields.text("needs")).hint("Names from the list below, separated by commas. Listings for these needs appear below the guide, and the guide appears above searches for them.").line(mistakes, "text", "off"))
        details { summary { "Names of needs" } p { (words.needs().collect::<Vec<_>>().join(", ")) } }
        (Field::new("review_by", "Review it again by", fields.text("review_by")).line(mistakes, "date", "off"))
        (tick("quiet", "Someone could be in danger if others see them reading it: keep the title neutral and show a quick exit button", fields.some("quiet").is_some(), mistakes))
    }
}

fn versions(signed: &Signed, history: &[Version]) -> Markup {
    html! {
        h2 { (count(history.len(), "version", "versions")) }
        ul class="listings" {
            @for version in history {
                li {
                    p { "Version " (version.number) ", " (version.standing.as_str()) ", " (moment(version.at)) ", by " (version.by) }
                    details {
                        summary { "Read it" }
                        pre class="written" { (version.text.body) }
                        form method="post" action="/moderation/texts" {
                            (signed.proof())
                            input type="hidden" name="kind" value=(version.text.kind.as_str());
                            input type="hidden" name="slug" value=(version.slug);
                            input type="hidden" name="base" value=(history[0].number);
                            input type="hidden" name="version" value=(version.number);
                            button class="button plain" name="do" value="bring-back" { "Bring this version back as a draft" }
                        }
                    }
                }
            }
        }
    }
}

/// POST `/moderation/texts`.
pub(super) async fn act(State(desk): State<Desk>, posted: Posted) -> Response {
    let signed = &posted.signed;
    match done(&desk, &posted).await {
        Ok(Done::Gone(to)) => go_to(&to),
        Ok(Done::Look(page)) => desk.answer(&posted.headers, signed, Ok(*page)),
        Err(problem) => desk.answer(&posted.headers, signed, Err(problem)),
    }
}

enum Done {
    Gone(String),
    Look(Box<Page>),
}

async fn done(desk: &Desk, posted: &Posted) -> Result<Done, Problem> {
    let (signed, fields) = (&posted.signed, &posted.fields);
    may_write(signed)?;
    let draft = Draft::sent(fields)?;
    if fields.text("do") == "bring-back" {
        return bring_back(desk, signed, &draft).await;
    }
    if fields.text("do") == "withdraw" {
        return withdraw(desk, signed, &draft).await;
    }
    let (text, slug, mistakes) = draft.read(desk);
    if !mistakes.none() {
        return Ok(Done::Look(Box::new(form(desk, signed, &draft, None, &mistakes))));
    }
    let standing = match fields.text("do") {
        "publish" => Standing::Published,
        "draft" => Standing::Draft,
        _ => return Ok(Done::Look(Box::new(looked_at(desk, signed, &draft, &slug, text)))),
    };
    match keep(desk, signed, &slug, text, (draft.base, standing)).await {
        Err(problem) if problem.status == 409 => return overtaken(desk, signed, draft, &slug).await,
        kept => kept?,
    }
    Ok(Done::Gone(match standing {
        Standing::Draft => format!("/moderation/texts/{slug}"),
        _ => "/moderation/texts".to_owned(),
    }))
}

/// The form again, with what was written: somebody else has saved the text meanwhile.
async fn overtaken(desk: &Desk, signed: &Signed, draft: Draft, slug: &Slug) -> Result<Done, Problem> {
    let history = desk.site.texts.history(slug).await.map_err(problem)?;
    let latest = history.first().map_or(0, |version| version.number);
    let mut mistakes = Mistakes::default();
    let said =
        "Someone else saved this text while you were writing: their version is below. If you save again, yours replaces it";
    mistakes.add("title", said);
    let draft = Draft { base: latest, slug: Some(slug.clone()), ..draft };
    Ok(Done::Look(Box::new(form(desk, signed, &draft, Some(&history), &mistakes))))
}

async fn keep(desk: &Desk, signed: &Signed, slug: &Slug, text: Text, how: (i64, Standing)) -> Result<(), Problem> {
    let (who, title, standing) = (Identity::known_as(signed.person.id), text.title.clone(), how.1);
    let said = match standing {
        Standing::Draft => Deed::WriteText,
        Standing::Published => Deed::PublishText,
        Standing::Withdrawn => Deed::WithdrawText,
    };
    let tx = desk.identity().write().await.map_err(Error::from)?;
    desk.site.texts.save(&tx, slug, text, how, signed.person.shown()).await.map_err(problem)?;
    desk.identity().note(&tx, &who, said, slug.as_str(), &title, signed.actor.client()).await.map_err(Error::from)?;
    tx.commit().await?;
    desk.site.texts.changed().await.map_err(problem)
}

async fn bring_back(desk: &Desk, signed: &Signed, draft: &Draft) -> Result<Done, Problem> {
    let (slug, version) = named(desk, draft).await?;
    keep(desk, signed, &slug, version.text, (draft.base, Standing::Draft)).await?;
    Ok(Done::Gone(format!("/moderation/texts/{slug}")))
}

async fn withdraw(desk: &Desk, signed: &Signed, draft: &Draft) -> Result<Done, Problem> {
    let (slug, version) = named(desk, draft).await?;
    keep(desk, signed, &slug, version.text, (draft.base, Standing::Withdrawn)).await?;
    Ok(Done::Gone("/moderation/texts".to_owned()))
}

/// The version that a form names, or the latest.
async fn named(desk: &Desk, draft: &Draft) -> Result<(Slug, Version), Problem> {
    let gone = || Problem::not_found("this version of the text does not exist".to_owned());
    let slug = draft.slug.clone().ok_or_else(gone)?;
    let wanted: i64 = draft.fields.text("version").parse().unwrap_or(draft.base);
    let history = desk.site.texts.history(&slug).await.map_err(problem)?;
    history.into_iter().find(|version| version.number == wanted).map(|version| (slug, version)).ok_or_else(gone)
}

/// The form with what the public would see above it.
fn looked_at(desk: &Desk, signed: &Signed, draft: &Draft, slug: &Slug, text: Text) -> Page {
    let prepared = Prepared::new(slug.clone(), text, &desk.site.directory.name, Some(desk.site.today()));
    let page = form(desk, signed, draft, None, &Mistakes::default());
    let body = html! {
        div class="preview" role="region" aria-label="Preview" {
            p class="sample" { "The public would see it like this. Nothing has been saved yet." }
            (as_seen(&desk.site, &prepared))
        }
        (hard_to_read(&prepared.text))
        (page.body)
    };
    Page { body, ..page }
}

fn as_seen(site: &Site, prepared: &Prepared) -> Markup {
    match prepared.text.kind {
        Kind::Notice => notices::one(prepared),
        Kind::Guide => guides::body(site, prepared),
        Kind::Page => html! { h1 { (prepared.text.title) } (prepared.html) },
    }
}

fn hard_to_read(text: &Text) -> Markup {
    html! {
        @if let Some(age) = reading::age(&text.body).filter(|age| *age > HARD_TO_READ) {
            p class="hint" { "It is hard to read: it suits readers from about the age of " (format!("{age:.0}")) ". Aim for 9 to 11: shorter sentences, everyday words." }
        }
    }
}

fn problem(error: crate::texts::Error) -> Problem {
    use crate::texts::Error as Texts;
    match error {
        Texts::Database(error) => Problem::from(error),
        Texts::Moved(_) => Problem::conflict(error.to_string()),
        Texts::Damaged(..) => Problem::internal(&error),
    }
}
