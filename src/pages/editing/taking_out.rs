//! Taking a listing out for good, or throwing a draft away.

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use maud::html;
use uuid::Uuid;

use crate::{
    editing::{Error, Sight},
    http::Problem,
    identity::Action,
    model::{Kind, text::shorten},
    pages::{
        account::Told,
        desk::{Desk, Fields, Path, Posted, Signed, go_to},
        fields::{Field, Mistakes},
        layout::{Page, Step},
    },
    records::{self, State as Seen},
};

/// The longest reason, in characters.
const LONGEST: usize = 500;

/// Whether somebody can take this out on a page: what is listed, and what nobody has seen yet. An organisation that is
/// public has listings of its own; a moderator takes it out.
pub(super) fn can_take_out(signed: &Signed, sight: &Sight) -> bool {
    let is_listing = matches!(sight.stored.kind, Kind::Service | Kind::Event) || !sight.is_public();
    let may = sight.lets(&signed.actor, if sight.protected { Action::Hide } else { Action::Edit });
    is_listing && may && !sight.is_foreign() && sight.stored.state != Seen::Gone
}

async fn open(desk: &Desk, signed: &Signed, id: Uuid) -> Result<Sight, Error> {
    let sight = desk.editing.look(&signed.actor, id).await?;
    if can_take_out(signed, &sight) { Ok(sight) } else { Err(Error::Forbidden("only a moderator can take this out")) }
}

/// GET `/account/listings/{id}/take-out`.
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<Uuid>, signed: Signed, headers: HeaderMap) -> Response {
    let page = open(&desk, &signed, id).await.map(|sight| page(&signed, &sight, &Fields::default(), &Mistakes::default()));
    desk.answer(&headers, &signed, page.map_err(Problem::from))
}

fn page(signed: &Signed, sight: &Sight, fields: &Fields, mistakes: &Mistakes) -> Page {
    let (id, name, is_public) = (sight.stored.id, sight.document.name(), sight.is_public());
    let title = if is_public { format!("Take out {name}?") } else { format!("Throw away {name}?") };
    let body = html! {
        (mistakes.summary())
        h1 id="what" { (title) }
        @if is_public {
            p { "Nobody will find it here any more, and other directories delete their copies. Only a moderator can bring it back." }
            @if sight.stored.kind == Kind::Service {
                p { "Is it only closed for now? " a href=(format!("/account/listings/{id}/status")) { "Say until when" } " instead, so that people know." }
            }
        } @else {
            p { "Nobody has seen it. What you have written, and what waits for a moderator, will be thrown away." }
        }
        form method="post" action=(format!("/account/listings/{id}/take-out")) novalidate {
            (signed.proof())
            input type="hidden" name="revision" value=(sight.stored.kept.revision);
            (Field::new("why", "Why? You can leave this empty", fields.text("why")).hint("Only moderators read this.").line(mistakes, "text", "off"))
            p { button class="button warn" { @if is_public { "Take it out" } @else { "Throw it away" } } }
        }
        p { a href=(format!("/account/listings/{id}")) { "Keep it" } }
    };
    let trail = vec![Step::to("/account", "Your listings"), Step::to(format!("/account/listings/{id}"), name)];
    Page { trail, ..Page::new(mistakes.title(&title), body) }
}

/// POST `/account/listings/{id}/take-out`.
pub(super) async fn act(State(desk): State<Desk>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let done = async {
        let sight = desk.editing.look(&signed.actor, id).await?;
        // Two taps: the first has taken it out.
        if sight.stored.state != Seen::Gone {
            let sight = open(&desk, signed, id).await?;
            let revision = fields.text("revision").parse().unwrap_or(-1);
            desk.editing.withdraw(&signed.actor, &sight, revision, &shorten(fields.text("why"), LONGEST)).await?;
        }
        Ok::<_, Error>(sight)
    };
    match done.await {
        Ok(sight) => match sight.owners.first().filter(|owner| **owner != id) {
            Some(owner) => go_to(&Told::TakenOut.path(*owner)),
            None => go_to("/account"),
        },
        Err(Error::Records(records::Error::Stale { .. })) => {
            let mut mistakes = Mistakes::default();
            mistakes.add("what", "It has changed since you opened this page. Look at it again before you take it out");
            let page = open(&desk, signed, id).await.map(|sight| page(signed, &sight, fields, &mistakes));
            let page = page.map(|page| Page { status: StatusCode::CONFLICT, ..page }).map_err(Problem::from);
            desk.answer(&posted.headers, signed, page)
        }
        Err(error) => desk.answer(&posted.headers, signed, Err(error.into())),
    }
}
