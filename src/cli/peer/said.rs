//! A peer and a pull in words.

use std::io;

use super::super::{Answer, say};
use crate::{
    federation::{
        neighbours::Described,
        peers::{Outcome, Report},
    },
    model::text::clean,
};

/// So many records that could not be taken are shown one by one.
const MOST_SHOWN: usize = 10;
/// What stands before the further lines of a report.
const UNDER: &str = "  ";

/// So many of something.
fn many(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

pub(super) fn said(report: &Report) -> String {
    let mut said = vec![format!(
        "{}: {} created, {} updated, {} unchanged, {} deleted, {} not imported; {}, {} bytes",
        report.peer,
        report.created,
        report.updated,
        report.unchanged,
        report.deleted,
        report.quarantined,
        many(report.pages, "page"),
        report.bytes
    )];
    if report.waiting > 0 {
        said.push(format!("; {} waiting for your decision", report.waiting));
    }
    if report.held_deletes > 0 {
        said.push(format!("; {} waiting for your decision", many(report.held_deletes, "deletion")));
    }
    if report.links_only {
        said.push("; only links are shown".to_owned());
    }
    if report.left_out.contains_key("not-whole") {
        said.push(format!(
            "\n{UNDER}incomplete: its list did not show as many services as it says, or did not say how many (not-whole)"
        ));
    }
    if report.left_out.contains_key("no-organizations") {
        said.push(format!(
            "\n{UNDER}its list of organisations could not be read whole, so none of them is removed (no-organizations)"
        ));
    }
    if let Some(found) = &report.compared {
        said.push(format!("\n{UNDER}compared: {found}"));
    }
    match (&report.error, report.outcome) {
        (Some(trouble), _) => said.push(format!("\n{UNDER}stopped: {} ({})", trouble.detail, trouble.code)),
        (None, Outcome::Partial) => said.push(format!("\n{UNDER}there is more; the next pull continues")),
        (None, _) => {}
    }
    said.concat()
}

/// A moment as people read it, to the minute: programs have the whole one in `--json`.
pub(super) fn moment(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => rfc3339.to_owned(),
    }
}

/// A length of time in the largest unit that it is a multiple of.
pub(super) fn interval(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (length, unit) = units.into_iter().find(|(length, _)| seconds % length == 0).unwrap_or((1, "second"));
    match seconds / length {
        1 => unit.to_owned(),
        many => format!("{many} {unit}s"),
    }
}

pub(super) fn list(peers: &[Described], answer: Answer) -> anyhow::Result<bool> {
    answer.give(&peers, || {
        if peers.is_empty() {
            say!("no peers yet; add one with `fingerpost peer add URL`")?;
        }
        peers.iter().try_for_each(in_a_line)
    })?;
    Ok(true)
}

fn in_a_line(peer: &Described) -> io::Result<()> {
    let fresh = peer.succeeded_at.as_deref().map_or_else(|| "never".to_owned(), moment);
    say!(
        "{:>3}  {:<10} {:<10} {:>7} records  complete at {fresh}  {} ({})",
        peer.id,
        peer.state,
        peer.trust,
        peer.records,
        peer.name,
        peer.origin
    )
}

pub(super) fn show(peer: &Described, answer: Answer) -> anyhow::Result<bool> {
    answer.give(peer, || in_full(peer))?;
    Ok(true)
}

fn in_full(peer: &Described) -> io::Result<()> {
    say!("{} (peer {})", peer.name, peer.id)?;
    let line = |name: &str, value: &str| say!("  {name:<18} {value}");
    line("address", peer.url.as_str())?;
    line("origin", &peer.origin)?;
    if let Some(now) = &peer.moved_to {
        line("moved to", now)?;
    }
    line("speaks", peer.kind.as_str())?;
    line("state", peer.state.as_str())?;
    line("trust", peer.trust.as_str())?;
    line("licence", peer.licence.as_deref().unwrap_or("unknown: only links are shown"))?;
    line("pulled", &format!("every {}, next at {}", interval(peer.every_seconds), moment(&peer.next_due_at)))?;
    line("complete at", &peer.succeeded_at.as_deref().map_or_else(|| "never yet".to_owned(), moment))?;
    if let (Some(at), Some(found)) = (&peer.compared_at, &peer.compared) {
        line("compared at", &format!("{}: {found}", moment(at)))?;
    }
    line("records here", &peer.records.to_string())?;
    if peer.scope.relayed {
        line("also imported", "records it passes on from other directories")?;
    }
    if peer.scope.is_partial() {
        let kinds: Vec<&str> = peer.scope.kinds.iter().map(|kind| kind.as_str()).collect();
        let only = [kinds.join(", "), peer.scope.postcodes.join(", "), peer.scope.areas.join(", ")];
        line("only", &only.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" in "))?;
    }
    for key in &peer.keys {
        let approved = match (key["approved"] == true, key["listed"] == true) {
            (true, true) => "approved",
            (true, false) => "approved; not among those it presented last",
            (false, _) => "not approved",
        };
        let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
        line("key", &format!("{}  ({}, {approved})", text("fingerprint"), text("status")))?;
    }
    for (code, many) in peer.quarantined.as_object().into_iter().flatten() {
        line("not imported", &format!("{many} ({code})"))?;
    }
    for one in peer.not_taken.iter().take(MOST_SHOWN) {
        line("", &clean(&format!("{} {}: {} ({})", one.kind, one.foreign_id, one.detail, one.code)))?;
    }
    if peer.not_taken.len() > MOST_SHOWN {
        line("", "…; use --json to see all")?;
    }
    if peer.held_deletes > 0 {
        line("deletions waiting", &peer.held_deletes.to_string())?;
    }
    if peer.waiting > 0 {
        line("changes waiting", &peer.waiting.to_string())?;
    }
    if let Some(report) = &peer.report {
        line("last pull", &said(report).replace(UNDER, &" ".repeat(21)))?;
    }
    if let Some(held) = &peer.held {
        line("held because", &format!("{} ({})", held.detail, held.code))?;
    }
    say!("  what to do         {}", peer.advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_lengths_of_time_are_written_as_people_write_them() {
        assert_eq!([900, 60, 86_400, 7_200, 90].map(interval), ["15 minutes", "minute", "day", "2 hours", "90 seconds"]);
        assert_eq!(moment("2026-11-22T12:00:31.714Z"), "2026-11-22 12:00 UTC");
    }

    #[test]
    fn a_report_says_one_page_and_that_only_links_are_shown() {
        let report = Report { peer: "Luton".to_owned(), pages: 1, held_deletes: 1, links_only: true, ..Report::default() };
        assert_eq!(
            said(&report),
            "Luton: 0 created, 0 updated, 0 unchanged, 0 deleted, 0 not imported; 1 page, 0 bytes; 1 deletion waiting for your decision; only links are shown"
        );
        let not_whole = Report { left_out: [("not-whole".to_owned(), 1)].into(), ..Report::default() };
        assert!(said(&not_whole).contains("\n  incomplete: its list did not show as many services as it says"));
        let no_list = Report { left_out: [("no-organizations".to_owned(), 1)].into(), ..Report::default() };
        assert!(said(&no_list).contains("\n  its list of organisations could not be read whole"));
        let partial = Report { outcome: Outcome::Partial, ..Report::default() };
        assert!(said(&partial).ends_with("\n  there is more; the next pull continues"));
    }
}
