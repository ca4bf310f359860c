//! What is said of a call back about a protected record: the same rule as on the pages.

use clap::Args;
use uuid::Uuid;

use crate::{
    app::App,
    cli::{WrongCall, calling::how_to_make_sure},
    db::Transaction,
    editing::{Call, Called, Error},
    model::Document,
};

/// For protected records, where something that leads somewhere becomes public: how somebody made sure.
#[derive(Debug, Args)]
pub(super) struct Calling {
    /// For a protected listing: the number that was phoned, one that was on the listing before.
    #[arg(long, value_name = "NUMBER", conflicts_with = "otherwise")]
    called: Option<String>,
    /// How else somebody made sure, where none of the known numbers could be reached.
    #[arg(long, value_name = "WORDS")]
    otherwise: Option<String>,
    /// Who answered.
    #[arg(long, value_name = "WORDS")]
    spoke_to: Option<String>,
    /// When; without it, just now. For example 2026-11-22T09:30.
    #[arg(long, value_name = "WHEN")]
    called_at: Option<String>,
}

impl Calling {
    /// What counts of it, where a call is needed before this is published.
    pub(super) async fn checked(
        self,
        app: &App,
        id: Uuid,
        after: &Document,
        goes_public: bool,
    ) -> anyhow::Result<Option<Called>> {
        let Self { called, otherwise, spoke_to, called_at } = self;
        let call = Call { number: called, otherwise, spoke_to, at: called_at };
        let editing = super::editing(app);
        match editing.called_before(id, after, goes_public, &call).await {
            Err(Error::NeedsCallBack(fault)) => {
                let how = how_to_make_sure(&editing.known_numbers(&[id]).await?);
                Err(WrongCall(format!("record {id} is protected: {}. {how}", fault.problem)).into())
            }
            said => Ok(said?),
        }
    }
}

/// Keep what was said of a call in the transaction of its cause.
pub(super) async fn keep(app: &App, tx: &Transaction, id: Uuid, called: Option<&Called>) -> anyhow::Result<()> {
    if let Some(called) = called {
        super::editing(app).keep_call_as(tx, "command line", called, id).await?;
    }
    Ok(())
}
