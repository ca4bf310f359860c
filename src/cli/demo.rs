//! `fingerpost demo`: two neighbouring directories from the fixtures, in folders that go away.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use chrono_tz::Europe::London;
use clap::Args;
use ipnet::IpNet;
use uuid::Uuid;

use super::{folder::Folder, say, serve::until_told};
use crate::{
    app::{App, Served, public_url},
    clock::Clock,
    config::{Config, SecondStep},
    db::Durability,
    federation::{
        neighbours::New,
        peers::{self, Trust},
    },
    identity::{Email, Identity, MemberRole, Person, PlatformRole, letters},
    importing::{Format, Options},
    jobs,
    model::Kind,
    places, serve,
};

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Port of the first directory; the second uses the next port.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..=65_534))]
    port: u16,
}

/// How often to look whether the first pull is over, a tenth of a second apart.
const PATIENCE: usize = 300;
/// How often the directories ask each other, in seconds.
const EVERY: i64 = 10;

/// The two districts: what they are called, their area code, and their fixtures, built into the program.
const DISTRICTS: [(&str, &str, &str); 2] = [
    ("Luton directory of support (demo)", "E06000032", include_str!("../../fixtures/luton/directory.ndjson")),
    (
        "Central Bedfordshire directory of support (demo)",
        "E06000056",
        include_str!("../../fixtures/central-bedfordshire/directory.ndjson"),
    ),
];

/// Where the places of both are, so that people are given the numbers of their own council.
const POSTCODES: &str = include_str!("../../fixtures/postcodes.csv");

impl Demo {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<bool> {
        let folder = Folder::new("demo")?;
        let stop = until_told();
        let mut running = Vec::new();
        let mut apps = Vec::new();
        for (district, number) in DISTRICTS.into_iter().zip(0_u16..) {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port + number));
            let listener = serve::listen(address).await?;
            let served = open(&config, district, listener.local_addr()?, &folder.path().join(number.to_string())).await?;
            jobs::follow(&served).await?;
            apps.push(served.app.clone());
            running.push(tokio::spawn(jobs::run(served.clone(), stop.clone())));
            let router = served.router(true);
            running.push(tokio::spawn(serve::serve(listener, router, served.app.proxies(), stop.clone())));
        }
        Box::pin(follow_each_other(&apps)).await?;
        print_what_to_try(self.port, Clock::System.now().with_timezone(&London).date_naive())?;
        if let Some(luton) = apps.first() {
            print_ways_in(luton).await?;
        }
        say!("\nStop with Ctrl-C; nothing is left behind.")?;
        for part in running {
            part.await?;
        }
        Ok(true)
    }
}

/// The settings of one of the two. How it looks is as the settings say; nothing of a demo reaches people, and everybody
/// gets in with the links that it prints.
fn settings(config: &Config, name: &str, gss: &str, address: SocketAddr, data_dir: &Path) -> Config {
    Config {
        listen: address,
        public_url: None,
        // The two follow each other on this machine.
        allow_private_peers: vec![IpNet::from(IpAddr::from(Ipv4Addr::LOCALHOST))],
        data_dir: data_dir.to_path_buf(),
        database_url: format!("sqlite:{}", data_dir.join("fingerpost.db").display()).into(),
        name: name.to_owned(),
        gss: Some(gss.to_owned()),
        smtp_url: None,
        notify_key: None,
        sign_in_providers: Vec::new(),
        second_step: SecondStep::Nobody,
        ..config.clone()
    }
}

async fn open(
    config: &Config,
    (name, gss, fixtures): (&str, &str, &'static str),
    address: SocketAddr,
    data_dir: &Path,
) -> anyhow::Result<Served> {
    let config = settings(config, name, gss, address, data_dir);
    let app = App::open(config, Clock::System, Durability::Batched).await?;
    let options = Options { format: Format::Ndjson, source: "the fixtures".to_owned(), ..Options::default() };
    let report = app.importer().run(fixtures.as_bytes(), &options, |_| {}).await.context("cannot import the fixtures")?;
    if report.rejected_total > 0 {
        bail!("the fixtures are damaged: {:?}", report.rejected);
    }
    let postcodes = data_dir.join("postcodes.csv");
    std::fs::write(&postcodes, POSTCODES).context("cannot write the postcodes")?;
    places::import(&app.db, &postcodes, app.clock.now(), |_| {}).await.context("cannot import the postcodes")?;
    Served::open(app, address).await
}

/// Let each directory follow the other, and wait until the listings are there.
async fn follow_each_other(apps: &[App]) -> anyhow::Result<()> {
    for (app, other) in apps.iter().zip(apps.iter().rev()) {
        let harvester = app.harvester();
        let new = New {
            url: public_url(&other.config, other.config.listen),
            name: None,
            kind: None,
            trust: Trust::Auto,
            every_seconds: EVERY,
            licence: None,
        };
        let peer = harvester.add_peer(new).await.context("the two directories cannot follow each other")?;
        // The server may have begun already: then it is waited for.
        for _ in 0..PATIENCE {
            harvester.pull(peer.id, |_| {}).await?;
            if peers::find(&app.db, peer.id).await?.is_some_and(|peer| peer.succeeded_at.is_some()) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

fn print_what_to_try(port: u16, today: NaiveDate) -> io::Result<()> {
    let (here, there) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{}", port + 1));
    say!(
        "Two neighbouring directories are running. Everything in them is invented.

  Luton                  {here}/
  Central Bedfordshire   {there}/

Open them in a browser, or ask the API (Open Referral UK 3.0):

  curl '{here}/services?per_page=2'
  curl '{here}/services?search=landlord%20wants%20me%20out&near=LU1&snippets=true'
  curl '{here}/services?need=food-emergency&full=true&per_page=1'
  curl '{here}/services?open_now=true&near=LU1%202AA&proximity=3000&times=true'
  curl '{here}/facets?search=advice'            # how many have each term, language, day …
  curl '{here}/organizations'
  curl '{here}/events?from={today}&near=LU1'    # what is on, nearest first
  curl '{here}/events.ics'                      # a calendar to subscribe to
  curl '{here}/services?format=csv&search=food' > food.csv
  curl '{here}/services?format=ndjson&full=true' > luton.ndjson
  curl '{here}/openapi.json'

The two directories follow each other: each shows the other's listings and says where they come from.

  curl '{here}/.well-known/open-directory'
  curl '{here}/federation/v1/changes'
  curl '{here}/federation/v1/status'
  curl '{here}/services?source={there}/&per_page=1'"
    )
}

/// A link that signs in, for each role, and for somebody who keeps a listing.
async fn print_ways_in(app: &App) -> anyhow::Result<()> {
    let identity = app.identity();
    let base = public_url(&app.config, app.config.listen);
    let organisations = app.records.by_kind(Kind::Organization, None, 1_000).await?;
    let own = organisations.iter().filter(|stored| stored.origin.is_empty() && stored.document.contains("Pantry"));
    let kept = own.min_by_key(|stored| stored.id);
    let mut asked = None;
    say!("\nSign in as someone who manages listings, or as an officer (each link works once, within half an hour):\n")?;
    for role in PlatformRole::ALL.into_iter().map(Some).chain([None]) {
        let name = role.map_or("editor", PlatformRole::as_str);
        let email: Email = format!("{name}@demo.example").parse().context("a constant address")?;
        let tx = identity.write().await?;
        let person = match role {
            Some(role) => identity.give_role(&tx, &email, Some(role)).await?,
            None => identity.welcome(&tx, &email).await?,
        };
        if let (None, Some(kept)) = (role, kept) {
            let agreed = Person { terms_at: Some(app.clock.now()), ..person.clone() };
            identity.keep_person(&tx, &agreed).await?;
            identity.add_member(&tx, kept.id, person.id, MemberRole::Lead).await?;
        }
        let secret = identity.link_for(&tx, &email, "").await?;
        tx.commit().await?;
        say!("  {name:<14} {}", letters::sign_in_address(&base, &secret))?;
        if let (None, Some(kept)) = (role, kept) {
            let services = app.records.referring_to(kept.id).await?;
            let services: Vec<Uuid> =
                services.iter().filter(|stored| stored.kind == Kind::Service).map(|stored| stored.id).collect();
            asked = Some(app.quality(&base).link_for(&Identity::known_as(person.id), &services).await?);
        }
    }
    if let Some(link) = asked {
        say!(
            "\nThe link from the email that asks the editor whether their listings are still correct:\n\n  {:<14} {link}",
            "still-correct"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_beside_a_real_directory_sends_nothing_and_lets_everybody_in() {
        let real = [
            ("FINGERPOST_PUBLIC_URL", "https://directory.luton.example.org/"),
            ("FINGERPOST_SMTP_URL", "smtp://mail.luton.example.org"),
            ("FINGERPOST_NOTIFY_KEY", "luton-s3cret"),
            ("FINGERPOST_NOTIFY_MAIL_TEMPLATE", "f33517ff-2a88-4f6e-b855-c550268ce08a"),
            ("FINGERPOST_OIDC_ISSUER", "https://login.example.org"),
            ("FINGERPOST_OIDC_CLIENT_ID", "fingerpost"),
            ("FINGERPOST_SECOND_STEP", "officers"),
            ("FINGERPOST_DATABASE_URL", "postgres://db/fp"),
            ("FINGERPOST_COLOUR", "#0b4f4a"),
        ];
        let real = Config::read(None, real.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        let demo = settings(&real, "Luton", "E06000032", address, Path::new("/tmp/demo"));
        assert!(demo.smtp_url.is_none() && demo.notify_key.is_none() && demo.sign_in_providers.is_empty());
        assert_eq!((demo.second_step, demo.database_url.as_str()), (SecondStep::Nobody, "sqlite:/tmp/demo/fingerpost.db"));
        assert_eq!((public_url(&demo, address).as_str(), demo.colour), ("http://127.0.0.1:8080/", real.colour));
    }
}
