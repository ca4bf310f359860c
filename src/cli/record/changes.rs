//! What is changed of one record, and put on record in the same transaction.

use anyhow::bail;
use uuid::Uuid;

use super::{
    calling::{self, Calling},
    find,
};
use crate::{
    app::App,
    cli::{WrongCall, on_record},
    identity::Deed,
    model::{Document, LocationPolicy},
    records::{self, Annotation, Caller, Draft, Entrance, LastModified, Outcome, State},
};

fn caller(why: String) -> Caller {
    Caller { name: "command line".to_owned(), why, entrance: Entrance::Person }
}

/// Take a record out.
pub(super) async fn withdraw(app: &App, id: Uuid, why: &str) -> anyhow::Result<Outcome> {
    let tx = app.db.write().await?;
    let outcome = app.records.withdraw(&tx, &caller(why.to_owned()), id, None).await.map_err(hide_instead)?;
    on_record(app, &tx, Deed::Withdraw, &id.to_string(), why).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// What to do about a record that is not ours to take out.
fn hide_instead(error: records::Error) -> anyhow::Error {
    match error {
        records::Error::Foreign { id, origin } => WrongCall(format!(
            "record {id} belongs to {origin}, and its next version would bring it back. To keep it hidden here, use `fingerpost record hide {id} --why …`"
        ))
        .into(),
        other => other.into(),
    }
}

/// Hide a record at once.
pub(super) async fn hide(app: &App, id: Uuid, why: &str) -> anyhow::Result<Outcome> {
    let tx = app.db.write().await?;
    let outcome = app.records.hide(&tx, &caller(why.to_owned()), id).await?;
    on_record(app, &tx, Deed::Hide, &id.to_string(), why).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Show a record of another directory again that was hidden here.
pub(super) async fn show_here(app: &App, id: Uuid, why: &str, calling: Calling) -> anyhow::Result<Outcome> {
    let called = calling.checked(app, id, &find(app, id).await?.read()?, true).await?;
    let tx = app.db.write().await?;
    let outcome = app.records.show_here(&tx, &caller(why.to_owned()), id, true).await?;
    on_record(app, &tx, Deed::Show, &id.to_string(), why).await?;
    calling::keep(app, &tx, id, called.as_ref()).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Replace what is added here to a record of another directory.
pub(super) async fn annotate(app: &App, id: Uuid, why: &str, with: impl FnOnce(Annotation) -> Annotation) -> anyhow::Result<()> {
    let before = app.records.annotation(id).await?.map(|found| found.annotation).unwrap_or_default();
    app.records.annotate(&caller(why.to_owned()), id, with(before)).await?;
    let tx = app.db.write().await?;
    on_record(app, &tx, Deed::Annotate, &id.to_string(), why).await?;
    tx.commit().await?;
    Ok(())
}

/// Save what `with` makes of a record, and put on record what was done.
pub(super) async fn change(
    app: &App,
    id: Uuid,
    (what, why): (Deed, String),
    calling: Calling,
    with: impl FnOnce(&mut Draft) -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    let stored = find(app, id).await?;
    let mut draft = Draft {
        state: stored.state,
        origin: stored.origin.clone(),
        source_id: stored.source_id.clone(),
        expected_revision: Some(stored.kept.revision),
        ..Draft::new(stored.read()?)
    };
    with(&mut draft)?;
    let goes_public = draft.state == State::Published && stored.state != State::Published;
    let called = calling.checked(app, id, &draft.document, goes_public).await?;
    let tx = app.db.write().await?;
    let outcome = app.records.save(&tx, &caller(why.clone()), vec![draft], &LastModified::new()).await?;
    on_record(app, &tx, what, &id.to_string(), &why).await?;
    calling::keep(app, &tx, id, called.as_ref()).await?;
    tx.commit().await?;
    Ok(outcome)
}

pub(super) fn set_policy(document: &mut Document, policy: LocationPolicy) -> anyhow::Result<()> {
    match document {
        Document::Location(place) => place.location_policy = Some(policy),
        Document::Event(event) => event.location_policy = Some(policy),
        Document::Service(service) => {
            service.service_at_locations.iter_mut().for_each(|link| link.location_policy = Some(policy));
        }
        other => bail!("a {} has no place", other.kind()),
    }
    Ok(())
}
