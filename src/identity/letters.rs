//! The letters about signing in and about who keeps what.

use url::Url;
use uuid::Uuid;

use super::{Email, Invitation, LINK_LIFE, MemberRole, PlatformRole, Secret};
use crate::mail::{Kind, Letter, Part, Text};

/// The letter with a one-time link. `at` is our address, `name` the directory's.
pub fn sign_in(to: &Email, secret: &Secret, at: &Url, name: &str) -> Letter {
    let body = [
        Part::paragraph(format!("Use this link to sign in to {name}.")),
        Part::link("Sign in", sign_in_address(at, secret)),
        Part::paragraph(format!("It works once, for {} minutes.", LINK_LIFE.num_minutes())),
        Part::paragraph("If you did not ask for it, you can ignore this email: nobody can sign in without the link."),
    ];
    Letter::new(to.as_str(), Kind::SignIn, format!("Sign in to {name}"), &body)
}

/// Where a one-time link leads.
pub fn sign_in_address(at: &Url, secret: &Secret) -> Url {
    ours(at, &format!("sign-in/link/{}", secret.as_str()))
}

/// Word that somebody signed in on a browser that was not seen before.
pub fn new_browser(to: &Email, browser: &str, at: &Url, name: &str) -> Letter {
    let body = [
        Part::paragraph(format!("You have just signed in to {name} on a browser that you have not used here before: {browser}.")),
        Part::paragraph("If this was you, you do not need to do anything."),
        Part::paragraph(
            "If it was not you, someone can read your email. Change your email password first, then end the session here:",
        ),
        Part::link("See where you are signed in", ours(at, "account/profile")),
    ];
    Letter::new(to.as_str(), Kind::SignInNotice, format!("New sign-in to {name}"), &body)
}

/// Word that a passkey "was added" or "was removed", or that all of them "were reset".
pub fn passkey(to: &Email, what: &str, at: &Url, name: &str) -> Letter {
    let which = if what.starts_with("were") { "Your passkeys" } else { "A passkey" };
    let body = [
        Part::paragraph(format!("{which} {what} in {name}.")),
        Part::paragraph("If this was you, or you asked for it, you do not need to do anything."),
        Part::paragraph(
            "If not, someone may be using your account. Tell an administrator of the directory immediately, and check here:",
        ),
        Part::link("See your passkeys and where you are signed in", ours(at, "account/profile")),
    ];
    Letter::new(to.as_str(), Kind::PasskeyChanged, format!("{which} {what}"), &body)
}

/// Word that rights over an organisation's listings were given or taken: `news` says by whom, to whom, which.
pub fn roles_changed(to: &Email, news: &str, organisation: &str, at: &Url, name: &str) -> Letter {
    let body = [
        Part::paragraph(format!("About {organisation} in {name}: {news}.")),
        Part::paragraph("If this is right, you do not need to do anything."),
        Part::paragraph(
            "If it is not, someone may be reading the email of whoever did it. Tell the council immediately, and check here:",
        ),
        Part::link("Go to your organisations", ours(at, "account")),
    ];
    Letter::new(to.as_str(), Kind::RolesChanged, format!("Who can change {organisation}"), &body)
}

/// Word to somebody that their role for the whole directory is another one now.
pub fn role_given(to: &Email, role: Option<PlatformRole>, by: &str, at: &Url, name: &str) -> Letter {
    let now = match role {
        Some(role) => format!("{by} has made you {} of {name}. Sign in again to use it.", with_article(role)),
        None => format!("{by} has ended your role in {name}. You can still manage the listings of your organisations."),
    };
    let body = [
        Part::paragraph(now),
        Part::paragraph("If you did not expect this, tell the council."),
        Part::link("Sign in", ours(at, "sign-in")),
    ];
    Letter::new(to.as_str(), Kind::RolesChanged, format!("Your role in {name}"), &body)
}

fn with_article(role: PlatformRole) -> String {
    let role = role.as_str();
    if role.starts_with('a') { format!("an {role}") } else { format!("a {role}") }
}

/// An invitation to keep an organisation's listings.
pub fn invitation(invitation: &Invitation, organisation: &str, at: &Url, name: &str) -> Letter {
    let role = match invitation.role {
        MemberRole::Editor => "keep its listings up to date",
        MemberRole::Lead => "keep its listings up to date and decide who else can",
    };
    let body = [
        Part::paragraph(format!("You are invited to help {organisation} in {name}. You will be able to {role}.")),
        Part::link("Sign in and accept", ours(at, "account")),
        Part::paragraph(format!(
            "Sign in with this email address, {}. The invitation is valid until {}.",
            invitation.email,
            invitation.expires_at.format("%-d %B %Y")
        )),
        Part::paragraph("If you do not know what this is about, you can ignore this email."),
    ];
    Letter::new(invitation.email.as_str(), Kind::Invitation, format!("Help keep {organisation} up to date"), &body)
}

/// Word to whoever leads an organisation that somebody else wants to keep it, too.
pub fn claim_made(to: &Email, who: &Email, organisation: &str, at: &Url, name: &str) -> Letter {
    let body = [
        Part::paragraph(format!("{who} has asked to help keep {organisation} up to date in {name}.")),
        Part::paragraph(
            "If you know them, invite them from your organisation’s page. If you do not, you do not need to do anything: a moderator will decide.",
        ),
        Part::link("Go to your organisations", ours(at, "account")),
    ];
    Letter::new(to.as_str(), Kind::ClaimMade, format!("Someone has asked to help with {organisation}"), &body)
}

/// A code for whoever reads the address on a listing.
pub fn code(to: &str, code: &str, organisation: &str, name: &str) -> Letter {
    let body = [
        Part::paragraph(format!(
            "Someone has asked to keep the listing of {organisation} in {name} up to date. The listing shows this email address."
        )),
        Part::paragraph(format!("If you know who it is, give them this code: {code}")),
        Part::paragraph("If you do not, do not give it to anyone. Nobody from the council will ask you for it."),
    ];
    Letter::new(to, Kind::Code, format!("A code for {organisation}"), &body)
}

/// The same for whoever has the telephone on a listing, as a text message.
pub fn code_as_text(to: &str, code: &str, organisation: &str, name: &str) -> Text {
    let text = format!(
        "{name}: someone has asked to keep the listing of {organisation} up to date. If you know who it is, give them this code: {code}. If not, give it to nobody."
    );
    Text { to: to.to_owned(), kind: Kind::Code, text }
}

/// Word that somebody keeps an organisation from now on without anybody having decided it, and why.
pub fn granted(to: &str, who: &Email, (id, organisation): (Uuid, &str), why: &str, at: &Url, name: &str) -> Letter {
    let body = [
        Part::paragraph(format!("{who} can now edit {organisation} in {name}, because {why}.")),
        Part::paragraph("If you know them, you do not need to do anything."),
        Part::paragraph("If you do not, tell the council straight away. It can take the listing back and undo every change:"),
        Part::link("Tell the council", ours(at, &format!("directory/report/{id}"))),
    ];
    Letter::new(to, Kind::RolesChanged, format!("Someone can now edit {organisation}"), &body)
}

/// What became of a claim.
pub fn claim_decided(to: &Email, accepted: bool, organisation: &str, reason: &str, at: &Url, name: &str) -> Letter {
    let (subject, said) = if accepted {
        (format!("You can now edit {organisation}"), format!("You can now keep {organisation} up to date in {name}."))
    } else {
        (format!("About {organisation}"), format!("We could not let you edit {organisation} in {name}."))
    };
    let mut body = vec![Part::paragraph(said)];
    if !reason.is_empty() {
        body.push(Part::Quotation(reason.to_owned()));
    }
    body.push(Part::link("Go to your organisations", ours(at, "account")));
    if !accepted {
        body.push(Part::paragraph(
            "If you think this is wrong, ask again from there and say why. A moderator will look at it again.",
        ));
    }
    Letter::new(to.as_str(), Kind::ClaimDecided, subject, &body)
}

/// The page of ours at `path`, which has no slash at its beginning.
pub fn ours(at: &Url, path: &str) -> Url {
    at.join(path).unwrap_or_else(|_| at.clone())
}
