//! What the type of a setting cannot say: what it must hold, and which others it has to agree with.

use super::{
    Config, SecondStep,
    values::{Error, wrong},
};

impl Config {
    /// The first of the settings that does not hold, or does not agree with another. `reminder_days` are the days as they
    /// were given.
    pub(super) fn check(&self, reminder_days: &str) -> Result<(), Error> {
        if self.name.trim().is_empty() {
            return Err(wrong("name", &self.name, "expected the publisher's name: it stands on every page and in every feed"));
        }
        self.check_gss()?;
        self.check_mail()?;
        self.check_days(reminder_days)?;
        self.check_second_step()?;
        if self.requests_per_minute == 0 {
            return Err(wrong("requests_per_minute", "0", "expected a whole number, at least 1"));
        }
        Ok(())
    }

    fn check_gss(&self) -> Result<(), Error> {
        let digits = |code: &str| code.len() == 9 && code[1..].bytes().all(|b| b.is_ascii_digit());
        match self.gss.as_deref() {
            Some(gss) if !(gss.starts_with(|c: char| c.is_ascii_uppercase()) && digits(gss)) => {
                Err(wrong("gss", gss, "expected an area code such as E06000032"))
            }
            _ => Ok(()),
        }
    }

    fn check_mail(&self) -> Result<(), Error> {
        let not_one = |mailbox: &&String| !mailbox.contains('@') || mailbox.contains([' ', '<', ',', '?', '&']);
        if let Some(mailbox) = self.contact_email.as_ref().filter(not_one) {
            return Err(wrong("contact_email", mailbox, "expected one email address such as help@luton.example.org"));
        }
        if !self.mail_from.contains('@') || self.mail_from.contains([' ', '<', ',']) {
            return Err(wrong("mail_from", &self.mail_from, "expected one email address such as directory@example.org"));
        }
        if self.notify_key.is_some() != (self.notify_mail_template.is_some() || self.notify_text_template.is_some()) {
            let problem = "expected a key together with notify_mail_template, notify_text_template or both";
            return Err(wrong("notify_key", "(hidden)", problem));
        }
        if self.notify_key.is_some() && self.notify_mail_template.is_none() && self.smtp_url.is_none() {
            let problem =
                "expected notify_mail_template or smtp_url as well: text messages cannot replace emails, so nobody could sign in";
            return Err(wrong("notify_key", "(hidden)", problem));
        }
        if self.notify_callback_token.as_ref().is_some_and(|token| token.trim().len() < 20) {
            return Err(wrong("notify_callback_token", "(hidden)", "expected at least 20 characters"));
        }
        Ok(())
    }

    /// Browsers keep passkeys for names of hosts only.
    fn check_second_step(&self) -> Result<(), Error> {
        let has_name = self.public_url.as_ref().is_some_and(|url| url.domain().is_some());
        if self.second_step == SecondStep::Officers && !has_name {
            let problem = "expected a public_url with a domain name such as https://directory.example.org/, because browsers only store passkeys for domain names";
            return Err(wrong("second_step", "officers", problem));
        }
        Ok(())
    }

    fn check_days(&self, given: &str) -> Result<(), Error> {
        let Self { reminder_days, label_days, hide_days, .. } = self;
        if reminder_days.first() == Some(&0) || !reminder_days.is_sorted_by(|a, b| a < b) {
            return Err(wrong(
                "reminder_days",
                given,
                "expected increasing numbers of days, each at least 1, such as 75, 90, 104, 118",
            ));
        }
        if *label_days == 0 || reminder_days.last().is_some_and(|last| label_days < last) {
            let problem = "expected a number of days no smaller than the last of reminder_days";
            return Err(wrong("label_days", &label_days.to_string(), problem));
        }
        if *hide_days != 0 && hide_days <= label_days {
            return Err(wrong(
                "hide_days",
                &hide_days.to_string(),
                "expected a number of days greater than label_days, or 0 for never",
            ));
        }
        Ok(())
    }
}
