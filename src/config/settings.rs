//! The table of settings: what each is called, means and is when nobody says otherwise.

use std::collections::BTreeMap;

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
        meaning: "Address and port to listen on. Port 0 picks a free port and prints it.",
        example: "0.0.0.0:8080",
    },
    Setting {
        name: "public_url",
        default: "",
        meaning: "The web address at which the public reaches the directory: scheme, host and perhaps port, without a path, because neighbouring directories know it by its host alone. http://LISTEN when not set, with 127.0.0.1 in place of 0.0.0.0.",
        example: "https://directory.luton.example.org/",
    },
    Setting {
        name: "data_dir",
        default: "./data",
        meaning: "Folder for the database file, the published bytes, the search index, snapshots and the signing keys.",
        example: "/var/lib/fingerpost",
    },
    Setting {
        name: "database_url",
        default: "",
        meaning: "sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME. A SQLite file in the data folder when not set.",
        example: "postgres://fingerpost@localhost/fingerpost",
    },
    Setting { name: "name", default: "My directory", meaning: "The publisher's name.", example: "Luton directory of support" },
    Setting {
        name: "gss",
        default: "",
        meaning: "The publisher's area code (GSS code). It also says which nation's bank holidays count, and which area the first page says the directory covers.",
        example: "E06000032",
    },
    Setting {
        name: "licence",
        default: "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        meaning: "Web address of the licence for your own records.",
        example: "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    },
    Setting {
        name: "colour",
        default: "",
        meaning: "The council's colour, for the header of every page: #rrggbb, dark enough for white text.",
        example: "#0b4f4a",
    },
    Setting {
        name: "logo",
        default: "",
        meaning: "A file with the council's logo (SVG, PNG, JPEG or WebP, at most 60 kB), shown beside its name.",
        example: "/etc/fingerpost/logo.svg",
    },
    Setting {
        name: "map_tiles",
        default: "",
        meaning: "A map server whose pictures may be shown behind the map of search results, with {z}, {x} and {y} in its address. A page asks it only after the visitor has chosen to see streets; it then learns the visitor's network address and roughly which area they look at. When not set, no other server is ever asked.",
        example: "https://tiles.example.org/{z}/{x}/{y}.png",
    },
    Setting {
        name: "map_tiles_credit",
        default: "",
        meaning: "Whom to name below a map with those pictures, as the server's licence asks. The server's name when not set.",
        example: "© OpenStreetMap contributors",
    },
    Setting {
        name: "contact_phone",
        default: "",
        meaning: "A phone number for questions about the directory; shown on every page.",
        example: "01632 960001",
    },
    Setting {
        name: "contact_email",
        default: "",
        meaning: "An email address for questions about the directory; shown on every page.",
        example: "help@luton.example.org",
    },
    Setting {
        name: "trusted_proxies",
        default: "",
        meaning: "Networks (CIDR, comma-separated) of proxies that are trusted to say where a request comes from, in the header named by proxy_header.",
        example: "10.0.0.0/8",
    },
    Setting {
        name: "proxy_header",
        default: "X-Forwarded-For",
        meaning: "The header in which trusted proxies say where a request comes from: X-Forwarded-For or Forwarded. The proxy must set it itself; the other one is ignored.",
        example: "Forwarded",
    },
    Setting {
        name: "allow_private_peers",
        default: "",
        meaning: "Private networks (CIDR, comma-separated) in which other directories may be reached, even over http and on any port. For intranets, demos and tests: anyone who can add a peer can reach everything in them.",
        example: "10.20.0.0/16",
    },
    Setting {
        name: "aggregator",
        default: "no",
        meaning: "Whether records signed by other directories are passed on to your followers, in a second feed: yes or no. Only records shown in full are passed on.",
        example: "yes",
    },
    Setting {
        name: "event_days",
        default: "400",
        meaning: "Days ahead for which the dates of events are worked out, so that people can search for them: 31 to 1,000. Opening hours, and the services that stand for events, always look 400 days ahead.",
        example: "730",
    },
    Setting {
        name: "withheld_categories",
        default: "refuge, refuges, lloches, human trafficking, modern slavery, forced marriage",
        meaning: "Words in the name or code of a category (comma-separated) that make the places of its services secret.",
        example: "refuge, safe house",
    },
    Setting {
        name: "protected_categories",
        default: "refuge, refuges, domestic abuse, domestic violence, sexual violence, sexual abuse, sexual assault, rape, forced marriage, honour based abuse, human trafficking, modern slavery, exploitation, stalking, safeguarding, child protection, child abuse, child at risk, children at risk, adult at risk, adults at risk, elder abuse, safety child, safety adult, safety domestic abuse, safety exploitation, safety forced marriage, safety sexual violence, safety violence, health crisis, suicide",
        meaning: "Words in the name of a listing, or in the name or code of its category (comma-separated), that make it a protected listing: nobody can claim it automatically, and every change to a contact, address or link waits until a moderator has called back.",
        example: "refuge, domestic abuse, safeguarding",
    },
    Setting {
        name: "requests_per_minute",
        default: "12000",
        meaning: "Requests one client may make per minute before it has to wait.",
        example: "12000",
    },
    Setting {
        name: "reminder_days",
        default: "75, 90, 104, 118",
        meaning: "Days after the last check on which a listing's editors are asked whether it is still correct (comma-separated, in ascending order).",
        example: "75, 90, 104, 118",
    },
    Setting {
        name: "label_days",
        default: "120",
        meaning: "Days after the last check from which a listing is marked as needing to be checked. Not before the last reminder. A check that another directory did holds for as long, and for at least 180 days.",
        example: "120",
    },
    Setting {
        name: "hide_days",
        default: "180",
        meaning: "Days after the last check from which a listing is left out of the site's search; 0 for never.",
        example: "180",
    },
    Setting {
        name: "oidc_issuer",
        default: "",
        meaning: "An OpenID Connect provider that people can sign in with: its issuer, exactly as in the provider's own configuration. Add more providers as [[oidc]] tables in the settings file, with issuer, client_id, client_secret, name and domains.",
        example: "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0",
    },
    Setting { name: "oidc_client_id", default: "", meaning: "The client id that the provider gave you.", example: "fingerpost" },
    Setting {
        name: "oidc_client_secret",
        default: "",
        meaning: "The client secret that the provider gave you.",
        example: "a long secret",
    },
    Setting { name: "oidc_name", default: "", meaning: "The text of the sign-in button.", example: "Luton Council staff" },
    Setting {
        name: "oidc_domains",
        default: "",
        meaning: "Email domains (comma-separated) that are the provider's own: addresses there are trusted even if the provider does not say whether it has verified them, as Entra ID does not.",
        example: "luton.gov.uk",
    },
    Setting {
        name: "second_step",
        default: "nobody",
        meaning: "Who must use a passkey after the emailed link: nobody, or officers (administrators, moderators and collectors who do not sign in through a provider). Anyone who has a passkey is always asked for it. Needs a public_url with a domain name, not an IP address.",
        example: "officers",
    },
    Setting {
        name: "keep_audit_days",
        default: "1095",
        meaning: "Days to keep the audit trail: who decided, granted or removed what.",
        example: "1095",
    },
    Setting {
        name: "keep_sign_in_days",
        default: "365",
        meaning: "Days to keep records of who signed in, when, and with what kind of browser.",
        example: "180",
    },
    Setting {
        name: "keep_letter_days",
        default: "90",
        meaning: "Days to keep records of who was sent an email and whether it arrived. Its text is deleted once it is sent.",
        example: "90",
    },
    Setting {
        name: "keep_draft_days",
        default: "180",
        meaning: "Days after which a draft that nobody has changed is deleted: a listing that someone began and that was never public, or that they threw away.",
        example: "365",
    },
    Setting {
        name: "keep_proposal_days",
        default: "730",
        meaning: "Days to keep decided changes, with the comments on them. What they changed stays in the history of the listing.",
        example: "365",
    },
    Setting {
        name: "keep_claim_days",
        default: "730",
        meaning: "Days to keep decided claims, with what people said about themselves.",
        example: "365",
    },
    Setting { name: "keep_report_days", default: "365", meaning: "Days to keep settled reports.", example: "365" },
    Setting {
        name: "keep_reporter_days",
        default: "60",
        meaning: "Days after which the email address left with a report is deleted, even if the report is not settled. Settling the report deletes it immediately.",
        example: "30",
    },
    Setting {
        name: "smtp_url",
        default: "",
        meaning: "The mail server: smtp://HOST:PORT, smtp://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST. When not set, emails are written to the log.",
        example: "smtps://directory:password@mail.luton.example.org",
    },
    Setting {
        name: "mail_from",
        default: "directory@localhost",
        meaning: "The email address that emails are sent from.",
        example: "directory@luton.example.org",
    },
    Setting {
        name: "notify_key",
        default: "",
        meaning: "API key of a GOV.UK Notify account, for emails and text messages.",
        example: "directory-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0",
    },
    Setting {
        name: "notify_url",
        default: "https://api.notifications.service.gov.uk/",
        meaning: "Address of the GOV.UK Notify API, or of another service with the same API.",
        example: "https://api.notifications.service.gov.uk/",
    },
    Setting {
        name: "notify_mail_template",
        default: "",
        meaning: "Id of a Notify email template with the subject ((subject)) and the message ((message)). When not set, emails go through the mail server.",
        example: "f33517ff-2a88-4f6e-b855-c550268ce08a",
    },
    Setting {
        name: "notify_text_template",
        default: "",
        meaning: "Id of a Notify text message template with the message ((message)). When not set, no text messages are sent.",
        example: "f33517ff-2a88-4f6e-b855-c550268ce08b",
    },
    Setting {
        name: "notify_callback_token",
        default: "",
        meaning: "The bearer token that GOV.UK Notify sends to /mail/delivered when an email could not be delivered; at least 20 characters. When not set, Notify is asked every ten minutes instead.",
        example: "a long random word",
    },
    Setting {
        name: "log",
        default: "info",
        meaning: "What is logged: off, error, warn, info, debug or trace, or a list with levels for parts of the program.",
        example: "info,fingerpost=debug",
    },
    Setting { name: "log_format", default: "text", meaning: "How it is logged: text or json.", example: "json" },
];

/// The setting that was perhaps meant by a name that none has: the one that is a slip or two away.
pub fn perhaps_meant(name: &str) -> Option<&'static str> {
    // In the file, the names are those of the variables without what these begin with, and in lower case.
    let name = name.to_lowercase();
    let name = name.strip_prefix("fingerpost_").unwrap_or(&name);
    let slips = |setting: &&Setting| strsim::osa_distance(setting.name, name);
    let nearest = SETTINGS.iter().min_by_key(slips)?;
    // A member of a table is no setting.
    (!name.contains('.') && slips(&nearest) <= usize::min(2, name.len() / 3)).then_some(nearest.name)
}

/// The value of a setting without what nobody may read.
pub(super) fn without_secrets(name: &str, value: &str) -> String {
    match name {
        _ if value.is_empty() => String::new(),
        "notify_key" | "notify_callback_token" | "oidc_client_secret" => "hidden".to_owned(),
        "smtp_url" | "database_url" => without_password(value),
        _ => value.to_owned(),
    }
}

/// Settings that are lists: text with commas in the environment, and in the file if one likes.
const LISTS: [&str; 6] =
    ["allow_private_peers", "oidc_domains", "protected_categories", "reminder_days", "trusted_proxies", "withheld_categories"];

/// A setting as the JSON Schema of the settings file lists it. Any may be text there, as in the environment; a number, a
/// list and yes or no may also be written as TOML has them.
fn listed(setting: &Setting) -> serde_json::Value {
    let is_number = setting.default.parse::<u32>().is_ok();
    let types = match setting.default {
        _ if LISTS.contains(&setting.name) => serde_json::json!(["string", "array"]),
        _ if is_number => serde_json::json!(["string", "integer"]),
        "yes" | "no" => serde_json::json!(["string", "boolean"]),
        _ => serde_json::json!("string"),
    };
    let description = format!("{} Environment: FINGERPOST_{}.", setting.meaning, setting.name.to_uppercase());
    let mut listed = serde_json::json!({
        "type": types, "description": description, "default": setting.default, "examples": [setting.example],
    });
    if LISTS.contains(&setting.name) {
        listed["items"] = serde_json::json!({"type": ["string", "integer"]});
    }
    listed
}

/// The JSON Schema of the settings file.
pub fn schema() -> serde_json::Value {
    let mut properties: BTreeMap<&str, serde_json::Value> =
        SETTINGS.iter().map(|setting| (setting.name, listed(setting))).collect();
    properties.insert("oidc", further_providers());
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of Fingerpost (fingerpost.toml)",
        "type": "object",
        "properties": properties,
    })
}

/// The tables of `[[oidc]]` as the JSON Schema of the settings file lists them.
fn further_providers() -> serde_json::Value {
    let text = |description: &str, example: &str| serde_json::json!({"type": "string", "description": description, "examples": [example]});
    let issuer = "https://accounts.google.com";
    let provider = serde_json::json!({
        "type": "object",
        "required": ["issuer", "client_id"],
        "properties": {
            "issuer": text("Its issuer: a web address, exactly as in the provider's own configuration.", issuer),
            "client_id": text("The client id that the provider gave you.", "fingerpost"),
            "client_secret": text("The client secret that the provider gave you.", "a long secret"),
            "name": text("The text of the sign-in button, another one for each provider; the issuer when not set.", "Google"),
            "domains": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Email domains that are the provider's own: addresses there are trusted even if the provider does not say whether it has verified them.",
                "examples": [["luton.example.org"]],
            },
        },
    });
    serde_json::json!({
        "type": "array",
        "description": "Further providers that people can sign in with, after the one in oidc_issuer.",
        "items": provider,
        "examples": [[{"issuer": issuer, "client_id": "fingerpost", "name": "Google"}]],
    })
}
