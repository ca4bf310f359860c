//! What followers of a directory are told, and what becomes of what neighbours tell.

mod asking;
mod calendars;
mod cases;
mod choices;
mod compare;
mod crashes;
mod crawls;
mod damage;
mod drift;
mod feed;
mod followers;
mod guards;
mod hostile;
mod keys;
mod leaving;
mod limits;
mod lying_lists;
mod merges;
mod meshes;
mod numbers;
mod officers;
mod pulls;
mod relays;
mod review;
mod sessions;
mod settled;
mod snapshots;
mod stood_by;
mod strange;
mod takeovers;
mod turns;
mod unmoved;
mod urgent;
mod vectors;

use fingerpost::{ids, model::Document};

use super::id;
use crate::support::network::Node;

/// The id under which a record of this directory stands with those who follow it.
fn local(of: &Node, kind: &str, name: &str) -> uuid::Uuid {
    ids::from_source(of.url.as_str(), kind, &id(name).to_string())
}

/// A service gets another name.
async fn rename(node: &Node, which: &str, name: &str) {
    node.app
        .edit(id(which), |document| {
            if let Document::Service(service) = document {
                name.clone_into(&mut service.name);
            }
        })
        .await;
}
