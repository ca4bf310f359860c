use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<Config, Error> {
    Config::read(None, pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
}

#[test]
fn defaults_are_a_directory_on_this_machine() {
    let config = read(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database_url.as_str(), "sqlite:./data/fingerpost.db");
}

#[test]
fn a_wrong_value_is_named_with_what_would_be_right() {
    let said = |pairs| read(pairs).unwrap_err().to_string();
    assert!(
        said(&[("FINGERPOST_LISTEN", "here")]).starts_with(
            "setting FINGERPOST_LISTEN (or listen in the settings file) is \"here\": expected an address and a port"
        )
    );
    assert!(said(&[("FINGERPOST_NAME", " ")]).contains("expected the publisher's name"));
    assert!(said(&[("FINGERPOST_GSS", "Luton")]).contains("E06000032"));
    assert!(said(&[("FINGERPOST_TRUSTED_PROXIES", "10.0.0.0/8, all")]).contains("\"all\""));
    assert!(said(&[("FINGERPOST_ALLOW_PRIVATE_PEERS", "10.20.0.7")]).contains("10.20.0.0/16"));
    assert!(!said(&[("FINGERPOST_DATABASE_URL", "mysql://root:secret@x/y")]).contains("secret"));
    for url in ["mail.example.org", "http://a:secret@mail.example.org", "smtp://a:secret@mail.example.org/x", "smtps://a:secret@"]
    {
        let told = read(&[("FINGERPOST_SMTP_URL", url)]).unwrap_err().to_string();
        assert!(told.contains("expected smtp://HOST:PORT") && !told.contains("secret"), "{told}");
    }
    assert!(said(&[("FINGERPOST_MAIL_FROM", "Luton")]).contains("directory@example.org"));
}

#[test]
fn passwords_are_not_shown() {
    let config = read(&[("FINGERPOST_DATABASE_URL", "postgres://fp:s3cret@db/fp")]).unwrap();
    assert_eq!(config.shown()["database_url"], "postgres://fp:hidden@db/fp");
    for (url, shown) in [
        (
            "postgres:///fp?host=/run/postgresql&user=fp&password=s3cret",
            "postgres:///fp?host=%2Frun%2Fpostgresql&user=fp&password=hidden",
        ),
        ("postgres://db/fp?sslKey=s3cret", "postgres://db/fp?sslKey=hidden"),
        ("postgres://db/fp?sslmode=require", "postgres://db/fp?sslmode=require"),
        ("sqlite:./data/one two.db", "sqlite:./data/one two.db"),
    ] {
        assert_eq!(read(&[("FINGERPOST_DATABASE_URL", url)]).unwrap().shown()["database_url"], shown);
    }
    for broken in ["postgres://fp:s3cret#s3cret@db/fp", "postgres://fp:12/s3cret@db/fp"] {
        assert_eq!(without_password(broken), "hidden");
    }
    assert!(config.public_url.is_none());
    let template = "f33517ff-2a88-4f6e-b855-c550268ce08b";
    let notify = [("FINGERPOST_NOTIFY_KEY", "luton-s3cret"), ("FINGERPOST_NOTIFY_MAIL_TEMPLATE", template)];
    assert_eq!(read(&notify).unwrap().shown()["notify_key"], "hidden");
    assert!(!read(&notify[..1]).unwrap_err().to_string().contains("s3cret"));
    let config = read(&[("FINGERPOST_SMTP_URL", "smtps://fp:s3cret@mail.example.org")]).unwrap();
    assert_eq!(config.shown()["smtp_url"], "smtps://fp:hidden@mail.example.org");
}

#[test]
fn no_secret_stands_in_what_a_program_prints_of_its_settings() {
    let config = read(&[
        ("FINGERPOST_DATABASE_URL", "postgres://fp:s3cret@db/fp"),
        ("FINGERPOST_SMTP_URL", "smtps://fp:s3cret@mail.example.org"),
        ("FINGERPOST_NOTIFY_KEY", "luton-s3cret"),
        ("FINGERPOST_NOTIFY_MAIL_TEMPLATE", "f33517ff-2a88-4f6e-b855-c550268ce08b"),
        ("FINGERPOST_NOTIFY_CALLBACK_TOKEN", "s3cret-s3cret-s3cret-s3cret"),
        ("FINGERPOST_OIDC_ISSUER", "https://login.example.org"),
        ("FINGERPOST_OIDC_CLIENT_ID", "fingerpost"),
        ("FINGERPOST_OIDC_CLIENT_SECRET", "s3cret"),
    ]);
    let printed = format!("{:?}", config.unwrap());
    assert!(!printed.contains("s3cret"), "{printed}");
}

#[test]
fn settings_with_which_no_email_leaves_are_refused() {
    let template = "f33517ff-2a88-4f6e-b855-c550268ce08b";
    let texts = [("FINGERPOST_NOTIFY_KEY", "luton-s3cret"), ("FINGERPOST_NOTIFY_TEXT_TEMPLATE", template)];
    let said = read(&texts).unwrap_err().to_string();
    assert!(said.contains("nobody could sign in") && !said.contains("s3cret"), "{said}");
    assert!(read(&[texts[0], texts[1], ("FINGERPOST_SMTP_URL", "smtp://mail.example.org")]).is_ok());
}

#[test]
fn every_setting_is_shown_as_it_is_in_force() {
    let shown = read(&[("FINGERPOST_HIDE_DAYS", "365")]).unwrap().shown();
    assert_eq!((&*shown["hide_days"], &*shown["reminder_days"]), ("365", "75, 90, 104, 118"));
    let missing: Vec<_> = SETTINGS
        .iter()
        .map(|setting| setting.name)
        .filter(|name| !name.starts_with("oidc_") && !shown.contains_key(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn sign_in_providers_stand_in_the_environment_and_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fingerpost.toml");
    let text = "name = \"Luton\"\n[[oidc]]\nissuer = \"https://accounts.google.com\"\nclient_id = \"b\"\nname = \"Google\"\n\
                [[oidc]]\nissuer = \"https://c.example.org/\"\nclient_id = \"c\"\ndomains = [\"luton.gov.uk\", \"luton.org\"]\n";
    std::fs::write(&file, text).unwrap();
    let first = [("OIDC_ISSUER", "https://a.example.org/v2.0"), ("OIDC_CLIENT_ID", "a"), ("OIDC_CLIENT_SECRET", "s3cret")];
    let environment = first.map(|(name, value)| (format!("FINGERPOST_{name}"), value.to_owned()));
    let config = Config::read(Some(&file), environment).unwrap();
    assert_eq!(
        config.shown()["oidc"],
        "https://a.example.org/v2.0 at https://a.example.org/v2.0 as a, Google at https://accounts.google.com as b, \
         https://c.example.org/ at https://c.example.org/ as c"
    );
    assert_eq!(config.sign_in_providers[0].client_secret.as_deref(), Some("s3cret"));
    assert_eq!(config.sign_in_providers[2].domains, ["luton.gov.uk", "luton.org"]);
    assert!(config.without_effect.is_empty());
    let said = |pairs| read(pairs).unwrap_err().to_string();
    assert!(said(&[("FINGERPOST_OIDC_CLIENT_ID", "a")]).contains("FINGERPOST_OIDC_ISSUER"));
    assert!(said(&[("FINGERPOST_OIDC_ISSUER", "https://a.example.org")]).contains("FINGERPOST_OIDC_CLIENT_ID"));
}

#[test]
fn a_provider_may_stand_in_a_single_table_and_a_slip_in_its_members_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fingerpost.toml");
    let text = "[oidc]\nissuer = \"https://accounts.google.com\"\nclient_id = \"b\"\ndomain = \"luton.gov.uk\"\n";
    std::fs::write(&file, text).unwrap();
    let config = Config::read(Some(&file), []).unwrap();
    let issuers: Vec<&str> = config.sign_in_providers.iter().map(|provider| provider.issuer.as_str()).collect();
    assert_eq!(issuers, ["https://accounts.google.com"]);
    assert_eq!(config.without_effect, ["oidc.domain"]);
}

#[test]
fn the_file_may_hold_numbers_lists_and_yes_or_no_and_its_schema_allows_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fingerpost.toml");
    std::fs::write(&file, "aggregator = true\nhide_days = 365\nreminder_days = [75, 90]\ntrusted_proxies = [\"10.0.0.0/8\"]\n")
        .unwrap();
    let config = Config::read(Some(&file), []).unwrap();
    assert_eq!((config.aggregator, config.hide_days, &config.reminder_days[..]), (true, 365, &[75, 90][..]));
    assert_eq!(config.trusted_proxies.len(), 1);
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let written = |hide_days: serde_json::Value| serde_json::json!({"aggregator": true, "hide_days": hide_days, "reminder_days": [75, 90], "trusted_proxies": ["10.0.0.0/8"]});
    assert!(schema.is_valid(&written(365.into())) && schema.is_valid(&written("365".into())));
    assert!(!schema.is_valid(&written(serde_json::json!([365]))));
    std::fs::write(&file, "hide_days = 90.5\n").unwrap();
    let said = Config::read(Some(&file), []).unwrap_err().to_string();
    assert!(said.contains("is \"90.5\": expected a number of days"), "{said}");
}

#[test]
fn days_of_freshness_rise() {
    let config = read(&[]).unwrap();
    assert_eq!((&config.reminder_days[..], config.label_days, config.hide_days), (&[75, 90, 104, 118][..], 120, 180));
    for (name, value) in [
        ("REMINDER_DAYS", "90, 75"),
        ("REMINDER_DAYS", "0, 75"),
        ("REMINDER_DAYS", "75, 75"),
        ("REMINDER_DAYS", "soon"),
        ("LABEL_DAYS", "117"),
        ("LABEL_DAYS", "-1"),
        ("HIDE_DAYS", "120"),
    ] {
        let name = format!("FINGERPOST_{name}");
        assert!(read(&[(&name, value)]).unwrap_err().to_string().contains(&name), "{name}={value}");
    }
    assert!(read(&[("FINGERPOST_REMINDER_DAYS", ""), ("FINGERPOST_LABEL_DAYS", "30"), ("FINGERPOST_HIDE_DAYS", "0")]).is_ok());
}

#[test]
fn events_are_known_for_a_month_at_least_and_a_thousand_days_at_most() {
    assert_eq!(read(&[]).unwrap().event_days, 400);
    for days in [31, 1_000] {
        assert_eq!(read(&[("FINGERPOST_EVENT_DAYS", &days.to_string())]).unwrap().event_days, days);
    }
    for wrong in ["30", "1001", "-400", "1e3", "a year", ""] {
        let said = read(&[("FINGERPOST_EVENT_DAYS", wrong)]).unwrap_err().to_string();
        assert!(said.contains("FINGERPOST_EVENT_DAYS") && said.contains("a number of days from 31 to 1000"), "{said}");
    }
}

#[test]
fn numbers_and_names_that_look_like_numbers_are_read_as_written() {
    let config = read(&[("FINGERPOST_NAME", "1066"), ("FINGERPOST_REQUESTS_PER_MINUTE", "50")]).unwrap();
    assert_eq!((config.name.as_str(), config.requests_per_minute), ("1066", 50));
}

#[test]
fn a_public_address_is_an_origin_and_nothing_more() {
    for (url, what) in [
        ("https://luton.example.org/directory", "a path"),
        ("https://luton.example.org/?x=1", "a query"),
        ("https://luton.example.org/#top", "a fragment"),
        ("https://fp:s3cret@luton.example.org/", "a user name or password"),
    ] {
        let said = read(&[("FINGERPOST_PUBLIC_URL", url)]).unwrap_err().to_string();
        assert!(said.starts_with("setting FINGERPOST_PUBLIC_URL (or public_url in the settings file) is "), "{said}");
        assert!(said.contains("expected https://luton.example.org/ and nothing after it") && said.contains(what), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    for url in ["https://luton.example.org", "http://127.0.0.1:8080/"] {
        assert!(read(&[("FINGERPOST_PUBLIC_URL", url)]).unwrap().public_url.unwrap().path() == "/", "{url}");
    }
}

#[test]
fn what_listens_everywhere_is_known_by_the_address_of_its_machine() {
    for (listen, known_as) in [
        ("0.0.0.0:8080", "http://127.0.0.1:8080/"),
        ("[::]:8080", "http://[::1]:8080/"),
        ("10.0.0.7:80", "http://10.0.0.7/"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
    ] {
        assert_eq!(read(&[("FINGERPOST_LISTEN", listen)]).unwrap().shown()["public_url"], known_as);
    }
    let set = [("FINGERPOST_LISTEN", "0.0.0.0:8080"), ("FINGERPOST_PUBLIC_URL", "https://luton.example.org")];
    assert_eq!(read(&set).unwrap().shown()["public_url"], "https://luton.example.org/");
}

#[test]
fn a_log_filter_that_would_log_nothing_is_refused() {
    let said = read(&[("FINGERPOST_LOG", ":::")]).unwrap_err().to_string();
    assert!(
        said.starts_with("setting FINGERPOST_LOG (or log in the settings file) is \":::\": expected error, warn, info"),
        "{said}"
    );
}

#[test]
fn a_slip_in_a_name_is_told_from_a_name_of_something_else() {
    for (written, meant) in [
        ("nmae", "name"),
        ("color", "colour"),
        ("license", "licence"),
        ("public-url", "public_url"),
        ("FINGERPOST_LISTEN", "listen"),
    ] {
        assert_eq!(perhaps_meant(written), Some(meant), "{written}");
    }
    for other in ["", "x", "home", "test_postgres", "oidc.domain"] {
        assert_eq!(perhaps_meant(other), None, "{other}");
    }
}

#[test]
fn a_password_that_breaks_the_address_of_the_database_is_told_without_it() {
    for broken in ["p#w", "p/w", "12#w", "12/w", "p?w#"] {
        let url = format!("postgres://directory:{broken}@db.luton.example.org/fingerpost");
        let said = read(&[("FINGERPOST_DATABASE_URL", &url)]).unwrap_err().to_string();
        assert!(said.contains("FINGERPOST_DATABASE_URL") && said.contains("percent-encoded, such as %40"), "{said}");
        assert!(!said.contains(broken), "{said}");
    }
    for good in ["postgres://directory:p%23w@db.luton.example.org/fingerpost", "postgresql:///fingerpost?host=/run/postgresql"] {
        assert_eq!(read(&[("FINGERPOST_DATABASE_URL", good)]).unwrap().database_url.as_str(), good);
    }
}

#[test]
fn one_address_without_a_network_is_told_how_to_write_it() {
    let said = read(&[("FINGERPOST_TRUSTED_PROXIES", "127.0.0.1")]).unwrap_err().to_string();
    assert!(said.contains("is \"127.0.0.1\": expected networks such as 10.0.0.0/8, or 10.0.0.7/32 for one address"), "{said}");
}
