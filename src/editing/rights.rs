//! Letters about rights: whoever has stolen a mailbox does not give or take them unseen.

use uuid::Uuid;

use super::{Editing, Error};
use crate::{
    db::Transaction,
    identity::{Action, Member, MemberRole, Person, PersonId, letters},
    mail,
};

impl Editing {
    /// Tell whom it concerns, the leads among `members`, and for a protected organisation those who decide, that
    /// rights over an organisation were given or taken. Not told is who has done it themselves.
    /// # Errors
    /// [`Error::NotFound`] when there is no such organisation; or when the database fails.
    pub async fn tell_of_rights(
        &self,
        tx: &Transaction,
        by: Option<PersonId>,
        organisation: Uuid,
        (members, concerned): (&[Member], Option<&Person>),
        news: &str,
    ) -> Result<(), Error> {
        let sight = self.sight(organisation).await?;
        let leads = members.iter().filter(|member| member.membership.role == MemberRole::Lead);
        let mut told: Vec<Person> = concerned.into_iter().chain(leads.map(|member| &member.person)).cloned().collect();
        if sight.protected {
            told.extend(self.identity.officers().await?.into_iter().filter(|officer| officer.may(Action::Decide)));
        }
        told.sort_by_key(|person| person.id);
        told.dedup_by_key(|person| person.id);
        for person in told.iter().filter(|person| Some(person.id) != by) {
            let (at, directory) = (&self.about.public_url, &self.about.name);
            let letter = letters::roles_changed(&person.email, news, sight.document.name(), at, directory);
            mail::queue(tx, &letter, self.records.clock().now()).await?;
        }
        Ok(())
    }
}
