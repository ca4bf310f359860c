//! What would be published if something were saved: a save that is never committed, so that a preview
//! cannot show anything but what would stand.

use uuid::Uuid;

use super::{Caller, Draft, Error, LastModified, Records};
use crate::published::{self, Published};

impl Records {
    /// What the world would read under the ids `wanted` if these drafts were saved. Nothing is stored;
    /// other writers wait meanwhile as for any save.
    /// # Errors
    /// As [`Records::save`].
    pub async fn preview(&self, caller: &Caller, drafts: Vec<Draft>, wanted: &[Uuid]) -> Result<Vec<Published>, Error> {
        let tx = self.db.write().await?;
        self.save(&tx, caller, drafts, &LastModified::new()).await?;
        let rows = published::current(&tx, wanted).await?;
        tx.roll_back().await?;
        Ok(rows)
    }
}
