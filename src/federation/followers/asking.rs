//! Asking those that say they follow us, each at its own address, how far it has come. Only when an officer wants to
//! know: addresses that strangers name are never asked by themselves, or anybody could have us ask anybody.

use std::collections::HashMap;

use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use url::Url;

use super::{
    super::harvest::{Error, Harvester},
    Confirmed, FORGOTTEN_AFTER, Follower, Known, Reach, followed, in_order, is_origin, store,
};
use crate::{
    formats::json,
    outbound::{Ask, Outbound},
    published::{Position, own},
};

/// Followers that are asked at most when somebody wants to know.
const MOST_ASKED: usize = 100;
/// Followers that are asked at the same time.
const AT_ONCE: usize = 8;

/// How followers stand, as officers see it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Asked {
    /// The latest change number of our own records.
    pub head: Option<i64>,
    /// The latest change that has to be destroyed wherever it was copied to.
    pub urgent: Option<i64>,
    /// Who says that they follow us.
    pub followers: Vec<Follower>,
    /// Why some could not be asked at their own addresses, by their origins.
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    pub unconfirmed: HashMap<String, String>,
}

impl Harvester {
    /// Who says that they follow us, and how far each has come, as the server last wrote it.
    /// # Errors
    /// When our own database fails.
    pub async fn followers(&self) -> Result<Asked, Error> {
        let db = self.database();
        let reach = Reach { head: own::head(db).await?, urgent: own::last_urgent(db, Position::ZERO).await? };
        let known = self.known_followers().await?;
        Ok(Asked {
            head: reach.head.map(|head| head.0),
            urgent: reach.urgent.map(|urgent| urgent.0),
            followers: in_order(&known, reach, &followed(db).await?),
            unconfirmed: HashMap::new(),
        })
    }

    /// The same, having asked each of them at its own address how far it has come: at most a hundred, first those of
    /// which the least is known.
    /// # Errors
    /// When our own database fails.
    pub async fn ask_followers(&self) -> Result<Asked, Error> {
        let mut known: Vec<(String, Known)> = self.known_followers().await?.into_iter().collect();
        known.sort_by_key(|(_, known)| (known.confirmed.as_ref().map(|said| said.at), known.position));
        let asking = known.into_iter().take(MOST_ASKED).map(|(origin, _)| async {
            let said = confirmation(self.outbound(), &origin, self.here()).await;
            (origin, said)
        });
        let answers: Vec<(String, Result<Said, String>)> = stream::iter(asking).buffer_unordered(AT_ONCE).collect().await;
        let at = self.now();
        let mut unconfirmed = HashMap::new();
        let tx = self.database().write().await?;
        for (origin, said) in answers {
            match said {
                Ok(Said::Follows { position, state }) => {
                    store::confirm(&tx, &origin, Some(&Confirmed { position, state, at })).await?;
                }
                Ok(Said::DoesNot) => {
                    store::confirm(&tx, &origin, None).await?;
                    unconfirmed.insert(origin, "it does not say that it follows this directory".to_owned());
                }
                // What it said before is still what it said.
                Err(why) => {
                    unconfirmed.insert(origin, why);
                }
            }
        }
        tx.commit().await?;
        Ok(Asked { unconfirmed, ..self.followers().await? })
    }

    async fn known_followers(&self) -> Result<HashMap<String, Known>, Error> {
        let now = self.now();
        let mut known = store::all(self.database()).await?;
        known.retain(|_, known| now - known.asked_at < FORGOTTEN_AFTER);
        Ok(known)
    }
}

/// What an address says of how it follows us.
enum Said {
    Follows { position: Option<Position>, state: String },
    DoesNot,
}

/// What the directory at `origin` says of how it follows `here`.
async fn confirmation(outbound: &Outbound, origin: &str, here: &str) -> Result<Said, String> {
    let url = Url::parse(origin).ok().filter(|_| is_origin(origin)).and_then(|url| url.join("federation/v1/status").ok());
    let url = url.ok_or_else(|| "that is not the address of a directory".to_owned())?;
    let answer = outbound.fetch(Ask::get(url)).await.map_err(|error| error.to_string())?;
    if answer.status != 200 || !answer.is_json() {
        return Err(format!("{} answers {} without a status", answer.url, answer.status));
    }
    let status = json::parse(&answer.body).map_err(|error| format!("{}: {error}", answer.url))?;
    Ok(said_of(&status, here))
}

fn said_of(status: &Value, here: &str) -> Said {
    let following = status.get("following").and_then(Value::as_array).into_iter().flatten();
    let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(ours) = following.into_iter().find(|one| text(one, "origin") == here) else { return Said::DoesNot };
    match text(ours, "state").as_str() {
        state @ ("following" | "held") => {
            let position = ours.get("cursor").and_then(Value::as_i64).map(Position);
            Said::Follows { position, state: state.to_owned() }
        }
        _ => Said::DoesNot,
    }
}
