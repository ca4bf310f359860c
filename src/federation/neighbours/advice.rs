//! What an officer does next about a peer, in words.

use super::{
    super::peers::{Comparison, DAMAGED, Outcome, Peer, PeerKind, PeerState, Trust},
    described::Found,
};

/// Reasons for which a record is not taken that no mistake of its origin explains: somebody may be changing on the
/// way what it says.
const FORGED: [&str; 8] = [
    "bad-signature",
    "equivocation",
    "hash-mismatch",
    "retired-key",
    "revoked-key",
    "statement-of-another-epoch",
    "statement-of-another-origin",
    "statement-of-another-record",
];

/// So many pulls in a row may stop before the end of a long feed, and nobody need know.
const MANY_UNFINISHED: u32 = 3;

/// Whether a peer shows no keys at all.
fn shows_no_keys(peer: &Peer) -> bool {
    peer.discovered.as_ref().is_none_or(|said| said.keys.is_empty())
}

/// What to do next about a peer, and what else is wrong.
pub(super) fn advice(peer: &Peer, found: &Found) -> String {
    let rules = [next_step, forged, unreadable, only_links, not_compared, unproved];
    let said: Vec<String> = rules.into_iter().filter_map(|rule| rule(peer, found)).collect();
    if said.is_empty() { "Nothing: it is being followed.".to_owned() } else { said.join(" ") }
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
        "It is blocked, so nothing is pulled and takedowns are not noticed. Its {} records stay visible for up to 90 days after it was last complete. To remove them now, run `fingerpost peer remove {}`.",
        found.records, peer.id
    )
}

fn new(peer: &Peer) -> String {
    let id = peer.id;
    if shows_no_keys(peer) {
        return format!(
            "It has no keys, so there is nothing to compare and everything it says will be trusted. If you accept that, run `fingerpost peer approve {id}`."
        );
    }
    format!(
        "Phone them and ask for the fingerprint of their key, compare it with the one above, then run `fingerpost peer approve {id}`."
    )
}

/// What to do about a peer that is held, by the reason why.
fn held(peer: &Peer) -> String {
    let id = peer.id;
    match peer.held.as_ref().map_or("held", |held| held.code.as_str()) {
        "key-changed" if shows_no_keys(peer) => format!(
            "Phone them: its keys were approved but it no longer presents any, so nothing proves that it is still them. Leave it held until they publish their keys again, then run `fingerpost peer approve {id}`."
        ),
        "key-changed" | "unknown-key" | "revoked-key" => format!(
            "Phone them and ask whether they have a new key. If its fingerprint is the one above, run `fingerpost peer approve {id}`; if not, leave it held."
        ),
        "bad-checkpoint" => format!(
            "Phone them: its checkpoint is not signed by an approved key, so someone may have tampered with it. Once they have fixed it, run `fingerpost peer release {id}`."
        ),
        "not-there" => format!(
            "Its feed has gone. It is asked once a day, and followed again when it is back. Ask them where it is now. To ask at once, run `fingerpost peer pull {id}`; to remove its records, run `fingerpost peer remove {id}`."
        ),
        "redirect" | "next-elsewhere" | "feed-elsewhere" | "other-origin" | "no-feed" => format!(
            "Ask them where their directory is now: its address redirects elsewhere, or something else answers there. Do not release it until they have fixed that; then run `fingerpost peer release {id}`. If they have moved permanently and cannot announce it with their keys, add the new address and run `fingerpost peer remove {id}`."
        ),
        "merged" => format!(
            "Its records now come from another directory. To remove those that came from this one, run `fingerpost peer remove {id}`."
        ),
        "suddenly-empty" => format!(
            "Ask them whether they really have {} any more, then run `fingerpost peer release {id}`, which reads it again. If it is still empty, their records are removed; if not, following continues.",
            if matches!(peer.kind, PeerKind::Ical | PeerKind::OpenActive) { "no events" } else { "no services" }
        ),
        "head-went-back" | "numbers-went-back" if peer.has_to_prove() && !peer.names_checkpoint() => format!(
            "Phone them: it has gone back to older versions and no longer names the checkpoint that would prove that it did so itself, so someone may be presenting old versions in their name. Once they publish their checkpoint again, run `fingerpost peer release {id}`. If they have none any more and you want to trust them anyway, run `fingerpost peer remove {id}` and add it again."
        ),
        "head-went-back" | "numbers-went-back" => format!(
            "Ask them whether they have restored a backup. If so, run `fingerpost peer release {id}` to compare everything again: records they no longer include wait for your decision, and whatever they had destroyed stays destroyed. If not, leave it held: someone may be presenting old versions in their name."
        ),
        "too-many-records" => format!(
            "It sends more records than were agreed, or far too many that are gone or cannot be imported. If that is right, run `fingerpost peer scope {id} --most N` to allow more, then `fingerpost peer release {id}`. Releasing it without allowing more holds it again."
        ),
        DAMAGED => format!(
            "Compare the fingerprint of their key, run `fingerpost peer approve {id}`, and check with `fingerpost peer scope {id}` what is imported. If that does not help, run `fingerpost peer remove {id}` and add it again."
        ),
        "held" => format!("Someone here put it on hold. To continue, run `fingerpost peer release {id}`."),
        _ => format!("Find out why, together with them. To continue, run `fingerpost peer release {id}`."),
    }
}

fn following(peer: &Peer, found: &Found) -> Option<String> {
    let (id, waiting) = (peer.id, found.waiting);
    let not_whole = peer.report.as_ref().is_some_and(|report| report.left_out.contains_key("not-whole"));
    let was_held = peer.report.as_ref().is_some_and(|report| report.outcome == Outcome::Held);
    if let Some(first) = found.held.first() {
        let by_themselves = if found.held.iter().any(|held| held.signed) && peer.names_checkpoint() {
            format!(
                " What they have signed is deleted in any case once they have stood by it for six days; `fingerpost peer hold {id}` stops that."
            )
        } else {
            String::new()
        };
        return Some(format!(
            "{} records are waiting to be deleted because {}. Ask them whether that is right, then run `fingerpost peer release {id}`.{by_themselves}",
            found.held.len(),
            first.why
        ));
    }
    if was_held {
        return Some(format!("It continues with the next pull. To pull now, run `fingerpost peer pull {id}`."));
    }
    if let Some(many) = peer.report.as_ref().map(|report| report.unfinished).filter(|many| *many >= MANY_UNFINISHED) {
        return Some(format!(
            "The last {many} pulls did not come to the end of what they send, and each continues where the one before stopped. If they have very many records, wait. If the number of records here does not grow, their pages may never end: run `fingerpost peer hold {id}` and tell them."
        ));
    }
    if waiting > 0 && peer.trust == Trust::Auto {
        return Some(format!("{waiting} waiting changes will be published with the next pull."));
    }
    if waiting > 0 {
        return Some(format!(
            "{waiting} changes are waiting for your decision. To see them, run `fingerpost proposal list --peer {id}`; to accept them all, run `fingerpost proposal accept --all-of {id}`."
        ));
    }
    if peer.failures > 0 {
        return Some(format!("It is tried again automatically{}", failing(peer)));
    }
    not_whole.then(|| {
        "It is followed, but its list did not say how many services there are, did not show as many as it said, or the number changed while it was read. Some may be missing here. Records it no longer lists could not be recognised, and stay here. If this happens after every pull, tell them.".to_owned()
    })
}

/// What else there is to do about a peer that cannot be pulled from, by the reason why.
fn failing(peer: &Peer) -> &'static str {
    match peer.problem.as_ref().map_or("", |problem| problem.code.as_str()) {
        "robots" => ", but its robots.txt does not let programs read its list. Ask them to let `fingerpost` read it.",
        "too-many-requests" => {
            " at the time above, because it asks us to wait. If this goes on for days, ask them to allow more requests."
        }
        "tls" => ", but no secure connection can be made. Phone them: perhaps their certificate has run out.",
        "bad-json"
        | "bad-page"
        | "loop"
        | "not-a-calendar"
        | "not-in-order"
        | "not-json"
        | "same-page"
        | "too-many-bad-records" => {
            ", but what it sends cannot be used, for the reason above. Tell them: only they can put that right."
        }
        "our-side" => ". The fault is here, not there: run `fingerpost doctor`.",
        _ => ", less often after each failure. If this goes on for days, phone them.",
    }
}

fn forged(peer: &Peer, found: &Found) -> Option<String> {
    let codes: Vec<&str> = found.quarantined.iter().map(|(code, _)| code.as_str()).filter(|code| FORGED.contains(code)).collect();
    let many: i64 = found.quarantined.iter().filter(|(code, _)| FORGED.contains(&code.as_str())).map(|(_, many)| many).sum();
    if many == 0 {
        return None;
    }
    let (name, codes) = (&peer.name, codes.join(", "));
    Some(if peer.pinned_keys.is_some() {
        format!(
            "Warning: {many} records arrived that {name} did not sign in that form ({codes}). Phone them: someone may be tampering with what they publish. The versions already here stay."
        )
    } else {
        format!(
            "Warning: {many} records arrived that contradict what {name} sent before ({codes}). It signs nothing, so nothing proves which is right. Phone them: someone may be tampering with what they publish. The versions already here stay."
        )
    })
}

fn unreadable(_: &Peer, found: &Found) -> Option<String> {
    let many: i64 = found.quarantined.iter().filter(|(code, _)| !FORGED.contains(&code.as_str())).map(|(_, many)| many).sum();
    (many > 0).then(|| format!("{many} records could not be imported, for the reasons above. Tell them."))
}

fn only_links(peer: &Peer, _: &Found) -> Option<String> {
    if peer.trust == Trust::LinkOnly || !peer.is_links_only() {
        return None;
    }
    let id = peer.id;
    Some(match peer.licence.as_deref().filter(|licence| !licence.is_empty()) {
        Some(licence) => format!(
            "Only links to its records are shown, because {licence} is not a licence that lets everyone show them. If they have agreed to it, run `fingerpost peer scope {id} --licence {licence}`."
        ),
        None => format!(
            "Only links to its records are shown, because their licence is unknown. Ask them, then run `fingerpost peer remove {id}` and add it again with --licence."
        ),
    })
}

fn not_compared(peer: &Peer, _: &Found) -> Option<String> {
    match &peer.cursor.compared {
        Some(Comparison::Not { why }) if peer.cursor.comparable && !peer.scope.is_partial() => Some(format!(
            "Warning: it could be compared with its checkpoint before but now it cannot ({why}), so missing records would go unnoticed. Ask them why."
        )),
        _ => None,
    }
}

fn unproved(peer: &Peer, _: &Found) -> Option<String> {
    peer.cursor.unproved_at.map(|at| {
        format!(
            "Warning: it went back to older versions and was released on {}, but it names no checkpoint, so nothing proves that it did so itself. Ask them whether what is shown here is what they have; if it is, run `fingerpost peer approve {}`.",
            at.format("%-d %B %Y"),
            peer.id
        )
    })
}
