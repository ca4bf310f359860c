//! How long what is kept about people.

use std::collections::BTreeMap;

use super::values::{Error, parse, wrong};

/// For how many days what is kept about people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The audit trail, without lines about signing in.
    pub audit: u16,
    /// Lines of the audit trail about signing in.
    pub sign_ins: u16,
    /// Who got which letter.
    pub letters: u16,
    /// Listings that somebody began and nobody went on with.
    pub drafts: u16,
    /// Changes that were decided.
    pub proposals: u16,
    /// Claims that were decided.
    pub claims: u16,
    /// Reports that were settled.
    pub reports: u16,
    /// Addresses of people who reported something, while nobody settles it.
    pub reporters: u16,
}

impl Retention {
    pub(super) fn parse(values: &BTreeMap<String, String>) -> Result<Self, Error> {
        let days = |name| {
            let days = parse(values, name, "a number of days, at least 1")?;
            if days == 0 { Err(wrong(name, "0", "expected a number of days, at least 1")) } else { Ok(days) }
        };
        Ok(Self {
            audit: days("keep_audit_days")?,
            sign_ins: days("keep_sign_in_days")?,
            letters: days("keep_letter_days")?,
            drafts: days("keep_draft_days")?,
            proposals: days("keep_proposal_days")?,
            claims: days("keep_claim_days")?,
            reports: days("keep_report_days")?,
            reporters: days("keep_reporter_days")?,
        })
    }
}
