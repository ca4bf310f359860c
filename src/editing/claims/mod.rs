//! Claiming an organisation: who may keep it without being asked, and who decides otherwise.

mod erasing;

use std::collections::BTreeSet;

use serde::Serialize;
use uuid::Uuid;

use super::{Call, Editing, Error, call_backs::About};
use crate::{
    db::Transaction,
    identity::{Action, Actor, Claim, ClaimState, Deed, Email, Identity, MemberRole, Person, SENT_TWICE, Subject, can, letters},
    mail,
    model::{Contact, Document, Kind, Phone},
    published::redaction,
    records::State,
};

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Claimed {
    /// They keep it from now on.
    Granted,
    /// Somebody has to decide; a code may have been sent to the listed contact meanwhile.
    Waiting {
        /// The claim.
        claim: Uuid,
        /// The address on the listing that a code went to, most of it hidden.
        code_sent_to: Option<String>,
    },
}

/// What is on a published listing that an address can be compared with.
#[derive(Debug, Default)]
struct Listed {
    addresses: BTreeSet<String>,
    domains: BTreeSet<String>,
    mobiles: BTreeSet<String>,
}

impl Listed {
    fn address(&mut self, email: &str) {
        if let Ok(email) = email.parse::<Email>() {
            if !email.is_generic() && !is_shared(email.domain()) {
                self.domains.insert(email.domain().to_owned());
            }
            self.addresses.insert(email.as_str().to_owned());
        }
    }

    fn website(&mut self, address: &str) {
        let host = url::Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
        if let Some(host) = host {
            let host = host.trim_start_matches("www.").to_owned();
            if !crate::model::personal::is_everybodys_domain(&host) && !is_shared(&host) {
                self.domains.insert(host);
            }
        }
    }

    fn contacts(&mut self, contacts: &[Contact]) {
        for contact in contacts.iter().filter(|contact| contact.is_public()) {
            if let Some(email) = &contact.email {
                self.address(email.as_str());
            }
            self.phones(&contact.phones, Phone::is_public);
        }
    }

    fn phones(&mut self, phones: &[Phone], is_seen: impl Fn(&Phone) -> bool) {
        let seen = phones.iter().filter(|phone| is_seen(phone));
        self.mobiles.extend(seen.filter_map(|phone| mail::mobile(&phone.number)));
    }

    /// What speaks for this address, if anything does.
    fn evidence(&self, email: &Email) -> Option<String> {
        if self.addresses.contains(email.as_str()) {
            return Some("their address is on the listing".to_owned());
        }
        (!email.is_generic() && self.domains.contains(email.domain()))
            .then(|| format!("the listing has the domain {}", email.domain()))
    }
}

/// Whether so many people can have a page or a mailbox there that sharing it proves nothing.
fn is_shared(host: &str) -> bool {
    SHARED_HOSTS.iter().any(|shared| host == *shared || host.ends_with(&format!(".{shared}")))
}

/// So many addresses on a listing are told when somebody keeps it from now on.
const MOST_TOLD: usize = 5;

/// Claims that somebody may make within an hour.
const CLAIMS: i32 = 10;

/// Codes that go to the contact on one listing within an hour, whoever asks.
const CODES: i32 = 5;

/// Hosts where anybody can have a page, and domains with thousands of mailboxes.
const SHARED_HOSTS: [&str; 18] = [
    "nhs.net",
    "ac.uk",
    // Pupils have mailboxes there.
    "sch.uk",
    "police.uk",
    "facebook.com",
    "instagram.com",
    "twitter.com",
    "x.com",
    "linktr.ee",
    "eventbrite.co.uk",
    "eventbrite.com",
    "wordpress.com",
    "wixsite.com",
    "blogspot.com",
    "google.com",
    "weebly.com",
    "gov.uk",
    "nhs.uk",
];

impl Editing {
    /// Say that one keeps an organisation. It is granted at once to whoever has an address, or the
    /// domain, that is on the published listing, as long as nobody keeps it yet and it is not protected.
    /// # Errors
    /// [`Error::NotFound`], [`Error::Foreign`], [`Error::Forbidden`]; or when the database fails.
    pub async fn claim(&self, actor: &Actor, person: &Person, organisation: Uuid, words: &str) -> Result<Claimed, Error> {
        Self::require(actor, Action::Claim, &Subject::Directory, "sign in to claim an organisation")?;
        let sight = self.sight(organisation).await?;
        if sight.stored.kind != Kind::Organization || !sight.is_public() {
            return Err(Error::NotFound(organisation));
        }
        if sight.is_foreign() {
            return Err(Error::Foreign { origin: sight.stored.origin.clone() });
        }
        let now = self.records.clock().now();
        let same = |known: &&Claim| {
            known.organisation == organisation && known.state == ClaimState::Waiting && known.words == words.trim()
        };
        let listed = self.listed(&sight.document).await?;
        let evidence = listed.evidence(&person.email);
        let (at, directory, name) = (&self.about.public_url, &self.about.name, sight.document.name());
        let has_evidence = evidence.is_some();
        let said = evidence.unwrap_or_else(|| "nothing on the listing matches their address".to_owned());
        let tx = self.records.database().write().await?;
        // Of two who claim at once the second finds the first; of two taps too, and nobody hears of it twice.
        self.records.hold(&tx, &[organisation]).await?;
        let members = self.identity.members(organisation).await?;
        if members.iter().any(|member| member.person.id == person.id) {
            return Ok(Claimed::Granted);
        }
        let earlier = self.identity.claims_of(person.id).await?;
        if let Some(known) = earlier.iter().find(same).filter(|known| now - known.at < SENT_TWICE) {
            return Ok(Claimed::Waiting { claim: known.id, code_sent_to: None });
        }
        if !self.identity.within(&tx, "claims of a person", CLAIMS, &person.id.to_string()).await? {
            tx.commit().await?;
            return Err(Error::Forbidden("you have asked for too many organisations within an hour; try again later"));
        }
        let is_kept = self.identity.is_kept(&tx, organisation).await?;
        let automatic = has_evidence && !is_kept && !sight.protected;
        let claim = self.identity.claim(&tx, organisation, person.id, words.trim(), &said).await?;
        self.identity.note(&tx, &actor.known_as(), Deed::Claim, &organisation.to_string(), &said, actor.client()).await?;
        if automatic {
            self.identity.decide_claim(&tx, claim.id, ClaimState::Accepted, "the listing", &said).await?;
            self.tell_of_grant(&tx, actor, person, (organisation, name), &listed, &said).await?;
            tx.commit().await?;
            return Ok(Claimed::Granted);
        }
        let code_sent_to = if is_kept || sight.protected { None } else { self.send_code(&tx, &claim, &listed, name).await? };
        for lead in members.iter().filter(|member| member.membership.role == MemberRole::Lead) {
            let letter = letters::claim_made(&lead.person.email, &person.email, name, at, directory);
            mail::queue(&tx, &letter, now).await?;
        }
        tx.commit().await?;
        Ok(Claimed::Waiting { claim: claim.id, code_sent_to })
    }

    /// Send a code to the contact on the listing, unless one is under way: by mail or, where there is only a mobile
    /// phone, as a text message. Somebody who can read it there can pass it on. Gives where it went, most of it
    /// hidden; none where nothing is listed, or too many went there lately.
    async fn send_code(&self, tx: &Transaction, claim: &Claim, listed: &Listed, name: &str) -> Result<Option<String>, Error> {
        let (now, directory) = (self.records.clock().now(), &self.about.name);
        let address = listed.addresses.first();
        let mobile = listed.mobiles.first().filter(|_| address.is_none() && self.about.sends_texts);
        if address.is_none() && mobile.is_none() {
            return Ok(None);
        }
        if !Identity::has_code(claim) {
            // Whoever asks, takes it back and asks again gets neither tries without end nor a full mailbox for the group.
            if !self.identity.within(tx, "codes for a listing", CODES, &claim.organisation.to_string()).await? {
                return Ok(None);
            }
            let code = self.identity.make_code(tx, claim.id).await?;
            match (address, mobile) {
                (Some(address), _) => mail::queue(tx, &letters::code(address, &code, name, directory), now).await?,
                (None, Some(mobile)) => mail::queue_text(tx, &letters::code_as_text(mobile, &code, name, directory), now).await?,
                (None, None) => return Ok(None),
            };
        }
        let masked = |number: &String| format!("…{}", &number[number.len().saturating_sub(3)..]);
        Ok(address.and_then(|address| address.parse::<Email>().ok()).map(|address| address.masked()).or(mobile.map(masked)))
    }

    /// Put on record that somebody keeps an organisation without a moderator having decided it, and tell whoever is
    /// on the listing; those who decide where nobody is.
    async fn tell_of_grant(
        &self,
        tx: &Transaction,
        actor: &Actor,
        person: &Person,
        (organisation, name): (Uuid, &str),
        listed: &Listed,
        why: &str,
    ) -> Result<(), Error> {
        let detail = format!("accepted: {why}");
        self.identity.note(tx, &actor.known_as(), Deed::DecideClaim, &organisation.to_string(), &detail, actor.client()).await?;
        let mut told: Vec<String> = listed.addresses.iter().filter(|one| *one != person.email.as_str()).cloned().collect();
        if listed.addresses.is_empty() {
            let officers = self.identity.officers().await?;
            told.extend(officers.into_iter().filter(|one| one.may(Action::Decide)).map(|one| one.email.into()));
        }
        let (at, directory) = (&self.about.public_url, &self.about.name);
        for to in told.iter().take(MOST_TOLD) {
            let letter = letters::granted(to, &person.email, (organisation, name), why, at, directory);
            mail::queue(tx, &letter, self.records.clock().now()).await?;
        }
        Ok(())
    }

    /// Take back what one has asked for, while it waits.
    /// # Errors
    /// [`Error::NotFound`] when the claim is somebody else's or does not wait; or when the database fails.
    pub async fn take_back_claim(&self, actor: &Actor, person: &Person, claim: Uuid) -> Result<(), Error> {
        let known = self.own_claim(person, claim).await?;
        let tx = self.records.database().write().await?;
        self.identity.take_back_claim(&tx, claim).await?;
        self.identity
            .note(&tx, &actor.known_as(), Deed::TakeBackClaim, &known.organisation.to_string(), "", actor.client())
            .await?;
        Ok(tx.commit().await?)
    }

    async fn own_claim(&self, person: &Person, claim: Uuid) -> Result<Claim, Error> {
        let known = self.identity.find_claim(claim).await?.filter(|known| known.person == person.id);
        known.ok_or(Error::NotFound(claim))
    }

    /// Show that one was given the code that went to the listed contact.
    /// # Errors
    /// [`Error::NotFound`] when the claim is somebody else's or does not wait; [`Error::Forbidden`] where somebody else
    /// keeps the organisation by now; or when the database fails.
    pub async fn claim_by_code(&self, actor: &Actor, person: &Person, claim: Uuid, code: &str) -> Result<bool, Error> {
        let known = self.own_claim(person, claim).await?;
        let sight = self.sight(known.organisation).await?;
        let listed = self.listed(&sight.document).await?;
        let tx = self.records.database().write().await?;
        self.records.hold(&tx, &[known.organisation]).await?;
        let right = self.identity.try_code(&tx, claim, code).await? && !sight.protected;
        // Whoever comes second needs those who were let in since the code went out, or a moderator.
        let is_second = right && self.identity.is_kept(&tx, known.organisation).await?;
        if right && !is_second {
            let why = "they had the code that was sent to the contact on the listing";
            self.identity.decide_claim(&tx, claim, ClaimState::Accepted, "a code", why).await?;
            self.tell_of_grant(&tx, actor, person, (known.organisation, sight.document.name()), &listed, why).await?;
        }
        tx.commit().await?;
        if is_second {
            return Err(Error::Forbidden(
                "someone else manages this organisation by now: ask them to invite you, or wait for a moderator",
            ));
        }
        Ok(right)
    }

    /// Decide a claim that waits. The person is told in the same transaction.
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NeedsReason`], [`Error::NeedsCallBack`]; or when the database fails.
    pub async fn decide_claim(
        &self,
        actor: &Actor,
        claim: Uuid,
        accept: bool,
        reason: &str,
        called_back: Option<&Call>,
    ) -> Result<Claim, Error> {
        if !can(actor, Action::Decide, &Subject::Directory) {
            return Err(Error::Forbidden("only a moderator can decide"));
        }
        let reason = reason.trim();
        if !accept && reason.is_empty() {
            return Err(Error::NeedsReason { field: "the claim".to_owned() });
        }
        let known = self.identity.find_claim(claim).await?.ok_or(Error::NotFound(claim))?;
        let sight = self.sight(known.organisation).await?;
        let called = if accept && sight.protected {
            Some(self.checked_call(called_back, &[known.organisation], Some(known.at)).await?)
        } else {
            None
        };
        let state = if accept { ClaimState::Accepted } else { ClaimState::Rejected };
        let before = self.identity.members(known.organisation).await?;
        let tx = self.records.database().write().await?;
        self.records.hold(&tx, &[known.organisation]).await?;
        let decided = self.identity.decide_claim(&tx, claim, state, &actor.known_as(), reason).await?;
        self.identity
            .note(&tx, &actor.known_as(), Deed::DecideClaim, &known.organisation.to_string(), state.as_str(), actor.client())
            .await?;
        if let Some(called) = &called {
            self.keep_call(&tx, (&actor.known_as(), actor.client()), called, &[known.organisation], About::Claim(claim)).await?;
        }
        if let Some(person) = self.identity.person(decided.person).await? {
            let letter = letters::claim_decided(
                &person.email,
                accept,
                sight.document.name(),
                reason,
                &self.about.public_url,
                &self.about.name,
            );
            mail::queue(&tx, &letter, self.records.clock().now()).await?;
            if accept {
                let news = format!("the council has accepted the claim of {}, who can now change the listings", person.shown());
                self.tell_of_rights(&tx, Some(person.id), known.organisation, (&before, None), &news).await?;
            }
        }
        tx.commit().await?;
        Ok(decided)
    }

    /// The addresses and domains that the world can read on an organisation and its services.
    async fn listed(&self, document: &Document) -> Result<Listed, Error> {
        let mut listed = Listed::default();
        let Document::Organization(organisation) = document else { return Ok(listed) };
        if let Some(email) = &organisation.email {
            listed.address(email.as_str());
        }
        if let Some(website) = &organisation.website {
            listed.website(website.as_str());
        }
        listed.contacts(&organisation.contacts);
        let public = |contacts: &[Contact]| redaction::ids_of(contacts.iter().filter(|contact| contact.is_public()));
        let of_organisation = public(&organisation.contacts);
        listed.phones(&organisation.phones, |phone| phone.is_public_beside(&of_organisation));
        for kept in self.records.referring_to(organisation.id.into()).await? {
            if kept.state != State::Published || !kept.origin.is_empty() {
                continue;
            }
            if let Document::Service(service) = kept.read()? {
                if let Some(email) = &service.email {
                    listed.address(email.as_str());
                }
                listed.contacts(&service.contacts);
                let shown = [public(&service.contacts), of_organisation.clone()].concat();
                listed.phones(&service.phones, |phone| phone.is_public_beside(&shown));
            }
        }
        Ok(listed)
    }
}
