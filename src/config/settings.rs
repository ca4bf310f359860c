//! The table of settings: what each is called, means and is when nobody says otherwise.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::values::without_password;

/// A setting as people read of it.
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) default: &'static str,
    pub(super) meaning: &'static str,
    pub(super) example: &'static str,
}

/// Every setting of this version: what `fingerpost config` prints and `schema/config.json` says.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        default: "127.0.0.1:8080",
        meaning: "Address and port to listen on; port 0 picks one and prints it.",
        example: "0.0.0.0:8080",
    },
    Setting {
        name: "public_url",
        default: "",
        meaning: "How the world reaches us. http://LISTEN when not set.",
        example: "https://directory.luton.example.org/",
    },
    Setting {
        name: "data_dir",
        default: "./data",
        meaning: "Folder of the database file, the file of published bytes and the signing keys.",
        example: "/var/lib/fingerpost",
    },
    Setting {
        name: "database_url",
        default: "",
        meaning: "sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME. A SQLite file in the data folder when not set.",
        example: "postgres://fingerpost@localhost/fingerpost",
    },
    Setting { name: "name", default: "My directory", meaning: "The publisher's name.", example: "Luton directory of support" },
    Setting { name: "gss", default: "", meaning: "Area code of the publisher.", example: "E06000032" },
    Setting {
        name: "licence",
        default: "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        meaning: "Web address of the licence of our own records.",
        example: "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    },
    Setting {
        name: "colour",
        default: "",
        meaning: "The council's colour, for the head of every page: #rrggbb, dark enough for white letters.",
        example: "#0b4f4a",
    },
    Setting {
        name: "logo",
        default: "",
        meaning: "A file with the council's logo (SVG, PNG, JPEG or WebP, at most 60 kB), shown beside its name.",
        example: "/etc/fingerpost/logo.svg",
    },
    Setting {
        name: "contact_phone",
        default: "",
        meaning: "A number that people may ring with questions about the directory; shown on every page.",
        example: "01632 960001",
    },
    Setting {
        name: "contact_email",
        default: "",
        meaning: "A mailbox that they may write to; shown on every page.",
        example: "help@luton.example.org",
    },
    Setting {
        name: "trusted_proxies",
        default: "",
        meaning: "Networks (CIDR, comma separated) whose Forwarded and X-Forwarded-For headers are believed.",
        example: "10.0.0.0/8",
    },
    Setting {
        name: "allow_private_peers",
        default: "",
        meaning: "Networks (CIDR, comma separated) in which other directories are asked although they are not public, over http and on every port too. For intranets, demos and tests: whoever may add a peer reaches everything there.",
        example: "10.20.0.0/16",
    },
    Setting {
        name: "aggregator",
        default: "no",
        meaning: "Whether what other directories have signed is passed on to whoever follows us, in a second feed: yes or no. Only what we show whole is.",
        example: "yes",
    },
    Setting {
        name: "withheld_categories",
        default: "refuge, refuges, lloches, human trafficking, modern slavery, forced marriage",
        meaning: "Words in the name or code of a category (comma separated) that make the places of its services secret.",
        example: "refuge, safe house",
    },
    Setting {
        name: "protected_categories",
        default: "refuge, refuges, domestic abuse, domestic violence, sexual violence, sexual abuse, rape, forced marriage, honour based abuse, human trafficking, modern slavery, stalking, safeguarding, child protection, children at risk, adults at risk",
        meaning: "Words in the name of a listing, or in the name or code of its category (comma separated), that make it a protected listing: nobody claims it automatically, and every change of contact, address or link waits until a moderator has called back.",
        example: "refuge, domestic abuse, safeguarding",
    },
    Setting {
        name: "requests_per_minute",
        default: "12000",
        meaning: "Requests that one client may make in a minute before it is asked to wait.",
        example: "12000",
    },
    Setting {
        name: "reminder_days",
        default: "75, 90, 104, 118",
        meaning: "Days after the last check on which whoever keeps a listing is asked whether it is still right (comma separated, rising).",
        example: "75, 90, 104, 118",
    },
    Setting {
        name: "label_days",
        default: "120",
        meaning: "Days after the last check from which it is said that a listing needs checking. Not before the last reminder.",
        example: "120",
    },
    Setting {
        name: "hide_days",
        default: "180",
        meaning: "Days after the last check from which the search of the site leaves a listing out; 0 for never.",
        example: "180",
    },
    Setting {
        name: "oidc_issuer",
        default: "",
        meaning: "An OpenID Connect provider at which people may sign in: its issuer, exactly as its own configuration says it. Further ones stand as [[oidc]] in the file, with issuer, client_id, client_secret, name and domains.",
        example: "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0",
    },
    Setting { name: "oidc_client_id", default: "", meaning: "What the provider calls us.", example: "fingerpost" },
    Setting { name: "oidc_client_secret", default: "", meaning: "How the provider knows us.", example: "a long secret" },
    Setting { name: "oidc_name", default: "", meaning: "What people see on the button.", example: "Luton Council staff" },
    Setting {
        name: "oidc_domains",
        default: "",
        meaning: "Domains of mail (comma separated) that are the provider's own: addresses there are believed where it does not say whether it has verified them, as Entra ID does not.",
        example: "luton.gov.uk",
    },
    Setting {
        name: "second_step",
        default: "nobody",
        meaning: "Who has to show a passkey after the link by mail: nobody, or officers (administrators, moderators and collectors who do not sign in through a provider). Whoever has a passkey is asked for it in any case. Needs a public_url with a name, not a number.",
        example: "officers",
    },
    Setting {
        name: "keep_audit_days",
        default: "1095",
        meaning: "Days for which the audit trail is kept: who decided, gave and took what.",
        example: "1095",
    },
    Setting {
        name: "keep_sign_in_days",
        default: "365",
        meaning: "Days for which it is kept who signed in when, on what kind of browser.",
        example: "180",
    },
    Setting {
        name: "keep_letter_days",
        default: "90",
        meaning: "Days for which it is kept who got a letter and whether it arrived. What it said is deleted when it was sent.",
        example: "90",
    },
    Setting {
        name: "keep_proposal_days",
        default: "730",
        meaning: "Days for which changes that were decided are kept, with what was said about them. What they changed stays in the history of the listing.",
        example: "365",
    },
    Setting {
        name: "keep_claim_days",
        default: "730",
        meaning: "Days for which claims that were decided are kept, with what people said about themselves.",
        example: "365",
    },
    Setting {
        name: "keep_report_days",
        default: "365",
        meaning: "Days for which reports are kept that were settled.",
        example: "365",
    },
    Setting {
        name: "keep_reporter_days",
        default: "60",
        meaning: "Days after which the address is deleted that somebody left for an answer, although the report is not settled. Settling deletes it at once.",
        example: "30",
    },
    Setting {
        name: "smtp_url",
        default: "",
        meaning: "The mail server: smtp://HOST:PORT, smtp://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST. When not set, letters are written to the log.",
        example: "smtps://directory:password@mail.luton.example.org",
    },
    Setting {
        name: "mail_from",
        default: "directory@localhost",
        meaning: "The mailbox that letters come from.",
        example: "directory@luton.example.org",
    },
    Setting {
        name: "notify_key",
        default: "",
        meaning: "Key of an account with GOV.UK Notify, for mails and text messages.",
        example: "directory-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0",
    },
    Setting {
        name: "notify_url",
        default: "https://api.notifications.service.gov.uk/",
        meaning: "Where the API of GOV.UK Notify is, or of another service that speaks it.",
        example: "https://api.notifications.service.gov.uk/",
    },
    Setting {
        name: "notify_mail_template",
        default: "",
        meaning: "Id of a template there with the subject ((subject)) and the message ((message)). When not set, mails go through the mail server.",
        example: "f33517ff-2a88-4f6e-b855-c550268ce08a",
    },
    Setting {
        name: "notify_text_template",
        default: "",
        meaning: "Id of a template there for text messages with the message ((message)). When not set, there are no text messages.",
        example: "f33517ff-2a88-4f6e-b855-c550268ce08b",
    },
    Setting {
        name: "notify_callback_token",
        default: "",
        meaning: "The bearer token that GOV.UK Notify sends to /mail/delivered when a letter could not be delivered, at least 20 characters. When not set, Notify is asked every ten minutes instead.",
        example: "a long random word",
    },
    Setting {
        name: "log",
        default: "info",
        meaning: "What is logged: error, warn, info, debug, or a tracing filter.",
        example: "info,fingerpost=debug",
    },
    Setting { name: "log_format", default: "text", meaning: "How it is logged: text or json.", example: "json" },
];

/// The value of a setting without what nobody may read.
pub(super) fn without_secrets(name: &str, value: &str) -> String {
    match name {
        _ if value.is_empty() => String::new(),
        "notify_key" | "notify_callback_token" => "hidden".to_owned(),
        "smtp_url" => without_password(value),
        _ => value.to_owned(),
    }
}

/// A setting as the JSON Schema of the settings file lists it.
#[derive(Serialize, JsonSchema)]
struct SettingSchema {
    r#type: &'static str,
    description: String,
    default: &'static str,
    examples: [&'static str; 1],
}

/// The JSON Schema of the settings file.
pub fn schema() -> serde_json::Value {
    let mut properties: BTreeMap<&str, serde_json::Value> = SETTINGS
        .iter()
        .map(|setting| {
            let description = format!("{} Environment: FINGERPOST_{}.", setting.meaning, setting.name.to_uppercase());
            let schema = SettingSchema { r#type: "string", description, default: setting.default, examples: [setting.example] };
            (setting.name, serde_json::json!(schema))
        })
        .collect();
    let text = serde_json::json!({"type": "string"});
    let provider = serde_json::json!({
        "type": "object",
        "required": ["issuer", "client_id"],
        "properties": {
            "issuer": text, "client_id": text, "client_secret": text, "name": text,
            "domains": {"type": "array", "items": text},
        },
    });
    let description = "Further providers at which people may sign in, after the one of oidc_issuer.";
    properties.insert("oidc", serde_json::json!({"type": "array", "description": description, "items": provider}));
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of Fingerpost (fingerpost.toml)",
        "type": "object",
        "properties": properties,
    })
}
