//! What the doctor says of a directory that has just begun: whether people can work in it.

use crate::{
    app::App,
    config::Config,
    identity::PlatformRole,
    safekeeping::doctor::{Finding, Verdict},
};

/// Whether somebody can give roles, and whether emails leave this machine.
pub(super) async fn looked_at(app: &App) -> anyhow::Result<[Finding; 2]> {
    let officers = app.identity().officers().await?;
    let administrators = officers.iter().filter(|officer| officer.role == Some(PlatformRole::Administrator)).count();
    Ok([roles(administrators), mail(&app.config)])
}

fn roles(administrators: usize) -> Finding {
    let (verdict, found, advice) = match administrators {
        0 => (
            Verdict::Careful,
            "none: nobody can give roles or decide who does".to_owned(),
            Some("fingerpost user add YOU@EXAMPLE.ORG --role administrator --link"),
        ),
        many => (Verdict::Good, many.to_string(), None),
    };
    Finding { what: "administrators", verdict, found, advice }
}

fn mail(config: &Config) -> Finding {
    let (verdict, found, advice) = if config.notify_mail_template.is_some() {
        (Verdict::Good, "GOV.UK Notify", None)
    } else if config.smtp_url.is_some() {
        (Verdict::Good, "as FINGERPOST_SMTP_URL says", None)
    } else {
        let found = "none: emails, with the links that sign people in, are written to the log";
        (Verdict::Careful, found, Some("set FINGERPOST_SMTP_URL, or GOV.UK Notify; the guide to mail says how"))
    };
    Finding { what: "mail server", verdict, found: found.to_owned(), advice }
}
