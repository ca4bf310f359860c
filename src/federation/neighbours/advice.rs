//! What an officer does next about a peer, in words.

use super::{
    super::peers::{Comparison, Outcome, Peer, PeerKind, PeerState, Trust},
    described::Found,
    shows_no_keys,
};

/// Reasons for which a record is not taken that no mistake of its origin explains: somebody may be changing on the
/// way what it says.
const FORGED: [&str; 7] = [
    "bad-signature",
    "equivocation",
    "hash-mismatch",
    "revoked-key",
    "statement-of-another-epoch",
    "statement-of-another-origin",
    "statement-of-another-record",
];

/// What to do next about a peer, and what else is wrong.
pub(super) fn advice(peer: &Peer, found: &Found) -> String {
    let rules = [next_step, forged, unreadable, only_links, not_compared];
    let said: Vec<String> = rules.into_iter().filter_map(|rule| rule(peer, found)).collect();
    if said.is_empty() { "Nothing: it is followed.".to_owned() } else { said.join(" ") }
}

/// What the way it stands asks for.
fn next_step(peer: &Peer, found: &Found) -> Option<String> {
    match (peer.trust, peer.state) {
        (Trust::Blocked, _) => Some(blocked(peer, found)),
        (_, PeerState::New) => Some(new(peer)),
        (_, PeerState::Held) => Some(held(peer)),
        (_, PeerState::Following) => following(peer, found),
    }
}

fn blocked(peer: &Peer, found: &Found) -> String {
    if found.records == 0 {
        return "Nothing: it is blocked.".to_owned();
    }
    format!(
        "It is blocked, so nothing is asked and no takedown is heard of; its {} records are shown for up to 90 days after it was last complete. `fingerpost peer remove {}` takes them out now.",
        found.records, peer.id
    )
}

fn new(peer: &Peer) -> String {
    let id = peer.id;
    if shows_no_keys(peer) {
        return format!(
            "It has no keys, so there is nothing to compare: it is taken at its word. If you want that, run `fingerpost peer approve {id}`."
        );
    }
    format!(
        "Ask them by telephone for the fingerprint of their key, compare it with the one above, then run `fingerpost peer approve {id}`."
    )
}

/// What to do about a peer that is held, by the reason why.
fn held(peer: &Peer) -> String {
    let id = peer.id;
    match peer.held.as_ref().map_or("held", |held| held.code.as_str()) {
        "key-changed" if shows_no_keys(peer) => format!(
            "Ring them: its keys were approved, and it shows none any more. Whoever answers there cannot prove that it is them, so leave it held until they show their keys again, and then run `fingerpost peer approve {id}`."
        ),
        "key-changed" | "unknown-key" | "revoked-key" => format!(
            "Ring them: have they a new key? If its fingerprint is the one above, run `fingerpost peer approve {id}`; if not, leave it held."
        ),
        "bad-checkpoint" => format!(
            "Ring them: what it says of all its records is not signed by an approved key, so somebody may have changed it. `fingerpost peer release {id}` goes on once it is mended there."
        ),
        "not-there" => format!(
            "Its feed has gone. Ask them where it is now; `fingerpost peer release {id}` tries again, `fingerpost peer remove {id}` takes its records out."
        ),
        "redirect" | "next-elsewhere" | "feed-elsewhere" | "other-origin" | "no-feed" => format!(
            "Ask them where their directory is now: it sends us somewhere else, or something else answers there. Do not release it before that is mended at their side; then `fingerpost peer release {id}` goes on. If they have moved for good and cannot say so with their keys, add the new address and run `fingerpost peer remove {id}`."
        ),
        "merged" => format!(
            "Its records are told by another directory now: `fingerpost peer remove {id}` takes those out that came from here."
        ),
        "suddenly-empty" => format!(
            "Ask them whether they really have {} any more. `fingerpost peer release {id}` reads it again: if it is still empty then, their records are taken out; if not, it goes on.",
            if peer.kind == PeerKind::Ical { "no events" } else { "no services" }
        ),
        "head-went-back" | "numbers-went-back" => format!(
            "Ask them whether they have restored a backup. If so, `fingerpost peer release {id}` compares everything anew: what they do not tell any more waits for you, and what they have had destroyed stays destroyed. If not, leave it held: somebody may be showing old versions in their name."
        ),
        "too-many-records" => format!(
            "It tells more than was agreed. If that is right, `fingerpost peer scope {id} --most N` allows more, and then `fingerpost peer release {id}` goes on; a release alone holds it again."
        ),
        "held" => format!("Somebody here has held it. `fingerpost peer release {id}` goes on."),
        _ => format!("Find out why, with them. `fingerpost peer release {id}` goes on."),
    }
}

fn following(peer: &Peer, found: &Found) -> Option<String> {
    let (id, waiting) = (peer.id, found.waiting);
    let not_whole = peer.report.as_ref().is_some_and(|report| report.left_out.contains_key("not-whole"));
    let was_held = peer.report.as_ref().is_some_and(|report| report.outcome == Outcome::Held);
    if let Some(first) = found.held.first() {
        return Some(format!(
            "{} records wait to be taken out, because {}. Ask them, then run `fingerpost peer release {id}`.",
            found.held.len(),
            first.why
        ));
    }
    if was_held {
        return Some(format!("It goes on with the next pull; `fingerpost peer pull {id}` does so now."));
    }
    if waiting > 0 && peer.trust == Trust::Auto {
        return Some(format!("{waiting} changes that waited are published with the next pull."));
    }
    if waiting > 0 {
        return Some(format!(
            "{waiting} changes wait for you: `fingerpost proposal list --peer {id}` shows them, `fingerpost proposal accept --all-of {id}` takes them."
        ));
    }
    if peer.failures > 0 {
        return Some(
            "It is asked again by itself, less often after each failure. If this goes on for days, ring them.".to_owned(),
        );
    }
    not_whole.then(|| {
        "It is followed, but its list did not say how many services there are, or that changed while it was read: what is not there any more could not be told, and stays here. If this is so after every pull, tell them.".to_owned()
    })
}

fn forged(peer: &Peer, found: &Found) -> Option<String> {
    let codes: Vec<&str> = found.quarantined.iter().map(|(code, _)| code.as_str()).filter(|code| FORGED.contains(code)).collect();
    let many: i64 = found.quarantined.iter().filter(|(code, _)| FORGED.contains(&code.as_str())).map(|(_, many)| many).sum();
    (many > 0).then(|| {
        format!(
            "Warning: {many} records came that {} has not signed so ({}). Ring them: somebody may be changing what they publish on its way. What was here before stays.",
            peer.name,
            codes.join(", ")
        )
    })
}

fn unreadable(_: &Peer, found: &Found) -> Option<String> {
    let many: i64 = found.quarantined.iter().filter(|(code, _)| !FORGED.contains(&code.as_str())).map(|(_, many)| many).sum();
    (many > 0).then(|| format!("{many} records could not be taken, for the reasons above: tell them."))
}

fn only_links(peer: &Peer, _: &Found) -> Option<String> {
    if peer.trust == Trust::LinkOnly || peer.scope.allows(peer.licence.as_deref().unwrap_or_default()) {
        return None;
    }
    let id = peer.id;
    Some(match &peer.licence {
        Some(licence) => format!(
            "Only links to its records are shown, because {licence} is no licence under which everybody may show them. If they have agreed to it, `fingerpost peer scope {id} --licence {licence}`."
        ),
        None => format!(
            "Only links to its records are shown, because nobody has said under which licence they are. Ask them, then `fingerpost peer remove {id}` and add it with --licence."
        ),
    })
}

fn not_compared(peer: &Peer, _: &Found) -> Option<String> {
    match &peer.cursor.compared {
        Some(Comparison::Not { why }) if peer.cursor.comparable && !peer.scope.is_partial() => Some(format!(
            "Warning: it could be compared with its checkpoint before, and now it cannot ({why}), so nobody would notice if something were left out. Ask them why."
        )),
        _ => None,
    }
}
