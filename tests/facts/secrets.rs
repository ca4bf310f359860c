//! Secrets: something distinctive is planted in each private field through every entrance, and
//! every exit is searched for it. A route that is not listed here fails the last fact of this file.

mod contacts;
mod places;
mod words;

use std::collections::BTreeSet;

use fingerpost::{
    importing::export,
    published::own::digest,
    publishing::forms::{self, Format},
};
use http::Method;
use uuid::Uuid;

use super::id;
use crate::support::{Answer, TestApp};

/// Every way out over HTTP. `{id}` is tried with the id of everything that was ever stored, and [`Real`] says what
/// stands for the other parts that vary.
const EXITS: &[&str] = &[
    "/",
    "/api",
    "/api/",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    "/robots.txt",
    "/sitemap.xml",
    "/.well-known/security.txt",
    "/.well-known/open-directory",
    "/federation/v1/changes",
    "/federation/v1/dataset",
    "/federation/v1/status",
    "/federation/v1/checkpoint",
    "/federation/v1/digest",
    "/federation/v1/digest/{bucket}",
    "/federation/v1/snapshot",
    "/federation/v1/snapshots/{name}",
    "/federation/v1/ping",
    "/mail/delivered",
    "/directory/sources",
    "/assets/style.css",
    "/assets/icon.svg",
    "/services",
    "/services.ics",
    "/services.atom",
    "/services/{id}",
    "/organizations",
    "/organizations.atom",
    "/organizations/{id}",
    "/service_at_locations",
    "/service_at_locations/{id}",
    "/taxonomies",
    "/taxonomies/{id}",
    "/taxonomy_terms",
    "/taxonomy_terms/{id}",
    "/locations",
    "/locations/{id}",
    "/events",
    "/events.ics",
    "/events.atom",
    "/events/{id}",
    "/directory",
    "/directory/search",
    "/directory/whats-on",
    "/facets",
    "/directory/needs",
    "/directory/needs/{id}",
    "/directory/services/{id}",
    "/directory/organisations/{id}",
    "/directory/services/{id}/{sheet}",
    "/directory/events/{id}/{sheet}",
    "/assets/poster.css",
    "/directory/places/{id}",
    "/directory/events/{id}",
    "/directory/about",
    "/account",
    "/account/changes/{id}",
    "/account/claims/{id}",
    "/account/find",
    "/account/invitations/{id}",
    "/account/listings/{id}",
    "/account/listings/{id}/history",
    "/account/listings/{id}/logo",
    "/account/listings/{id}/declarations",
    "/moderation/appeals/{id}",
    "/moderation/declarations",
    "/moderation/checks",
    "/moderation/quality",
    "/moderation/quality.csv",
    "/assets/queue.js",
    "/account/pictures/{id}/{name}",
    "/pictures/{id}/{name}",
    "/account/listings/{id}/preview",
    "/account/listings/{id}/share",
    "/account/listings/{id}/closed",
    "/account/listings/{id}/take-out",
    "/account/listings/{id}/send",
    "/account/listings/{id}/undo",
    "/account/listings/{id}/{section}",
    "/account/organisations/new",
    "/account/organisations/{id}",
    "/account/organisations/{id}/claim",
    "/account/organisations/{id}/events/new",
    "/account/organisations/{id}/members",
    "/account/organisations/{id}/services/new",
    "/account/organisations/{id}/tokens",
    "/account/passkeys",
    "/account/passkeys/new",
    "/account/passkeys/{id}",
    "/account/profile",
    "/account/profile/forget",
    "/account/sessions/{id}/end",
    "/api/v1/proposals",
    "/api/v1/proposals/{id}",
    "/api/v1/records",
    "/api/v1/records/{id}",
    "/moderation",
    "/moderation/audit",
    "/moderation/changes/{id}",
    "/moderation/changes/{id}/ask",
    "/moderation/changes/{id}/preview",
    "/moderation/claims/{id}",
    "/moderation/claims/{id}/ask",
    "/moderation/erase",
    "/moderation/find",
    "/account/terms",
    "/account/unfinished",
    "/moderation/listings/{bundle}",
    "/moderation/listings/{bundle}/ask",
    "/moderation/listings/{bundle}/preview",
    "/moderation/people",
    "/moderation/people/{id}/passkeys",
    "/moderation/records/{id}",
    "/sign-in",
    "/sign-in/link",
    "/sign-in/link/{secret}",
    "/sign-out",
    "/sign-in/with/{name}",
    "/sign-in/back",
    "/sign-in/passkey",
    "/assets/passkey.js",
    "/moderation/reports/{id}",
    "/account/listings/{id}/confirm",
    "/directory/report/{id}",
    "/still-correct/{secret}",
    "/directory/accessibility",
    "/directory/privacy",
    "/directory/listing-policy",
    "/directory/shortlist",
    "/directory/shortlist/more",
    "/assets/shortlist.js",
    "/assets/results.js",
    "/assets/back.js",
    "/assets/exit.js",
    "/embed/services",
    "/embed/services/{id}",
    "/embed/events",
    "/embed/events/{id}",
    "/embed/organizations/{id}",
    "/directory/guides",
    "/directory/guides/{slug}",
    "/assets/brand.css",
    "/assets/logo",
    "/moderation/texts",
    "/moderation/texts/new/{kind}",
    "/moderation/texts/{slug}",
    "/help",
    "/help/check",
    "/help/plan",
    "/help/budget",
    "/help/budget/plan",
    "/assets/help.css",
    "/assets/help.js",
    "/assets/budget.js",
    "/api/v1/checker",
    "/api/v1/checker/evaluate",
    "/api/v1/needs",
];

/// Ways in which a list can be asked for.
const FORMS: &[&str] = &[
    "",
    "?full=true",
    "?minimal=true",
    "?format=ndjson&full=true",
    "?format=csv",
    "?format=geojson",
    "?format=ics",
    "?format=atom",
    "?format=jsonld",
    "?full_service=true",
    "?search={secret}",
    "?q={secret}",
    "?postcode=LU2%209ZZ&proximity=100000",
    "?near=51.88,-0.42",
];

/// Documents that have more forms than one, and those.
const DOCUMENTS: &[&str] = &["/services/{id}", "/organizations/{id}", "/events/{id}"];
const DOCUMENT_FORMS: &[&str] = &["?format=ics", "?format=jsonld", "?format=ics&full_service=true"];

/// Pages that send everybody who is not signed in away before they look at what they are asked for.
fn is_for_people(exit: &str) -> bool {
    ["/account", "/moderation"].iter().any(|start| exit.starts_with(start))
}

/// Searches that are sent rather than linked to: what is written in them must not stand in an address.
const SENT: &[(&str, &[&str])] = &[
    ("/directory/search", &["q=hidden", "q=help&relaxed=true", "q=&postcode=LU3", "q=house"]),
    ("/directory/whats-on", &["", "q=hidden", "postcode=LU3"]),
];

/// What stands for the parts of an exit's path that vary, as the directory itself gives them.
struct Real {
    ids: Vec<Uuid>,
    buckets: Vec<String>,
    guides: Vec<String>,
    snapshot: String,
}

impl Real {
    async fn of(app: &TestApp) -> Self {
        let (mut ids, mut buckets) = (Vec::new(), BTreeSet::new());
        for kind in fingerpost::model::Kind::RECORDS {
            for stored in app.app().records.by_kind(kind, None, 1_000).await.unwrap() {
                buckets.insert(digest::bucket_of(kind, stored.id).to_string());
                ids.push(stored.id);
            }
        }
        ids.extend([id("pantry at the centre"), id("refuge at the house")]);
        let listed = app.page("/directory/guides").await.text();
        let guides = listed.split("href=\"/directory/guides/").skip(1).filter_map(|rest| rest.split('"').next());
        let pointer = app.get("/federation/v1/snapshot").await;
        assert_eq!(pointer.status, 200, "{}", pointer.text());
        Self {
            ids,
            // A bucket is made by reading everything, and names only ids: a few stand for all.
            buckets: buckets.into_iter().take(3).collect(),
            guides: guides.map(ToOwned::to_owned).collect(),
            snapshot: pointer.json()["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned(),
        }
    }

    fn values(&self, exit: &str, part: &str) -> Vec<String> {
        let these = |values: &[&str]| -> Vec<String> { values.iter().map(|value| (*value).to_owned()).collect() };
        match (exit, part) {
            // For whoever is not signed in, one listing's page is as good as another's.
            (_, "id" | "bundle") if is_for_people(exit) => self.ids.iter().take(3).map(Uuid::to_string).collect(),
            (_, "id") => self.ids.iter().map(Uuid::to_string).collect(),
            (_, "bucket") => self.buckets.clone(),
            ("/directory/guides/{slug}", "slug") => self.guides.clone(),
            ("/federation/v1/snapshots/{name}", "name") => vec![self.snapshot.clone()],
            (_, "sheet") => these(&["leaflet", "poster"]),
            (_, "section") => these(&["times"]),
            (_, "kind") => these(&["guide"]),
            // Behind somebody else's link, door or login: guessed, as a stranger would have to.
            (_, "secret" | "name" | "slug") => these(&["a-guess"]),
            _ => panic!("say what stands for {{{part}}} in {exit}"),
        }
    }

    /// The addresses of an exit, with nothing left to fill in.
    fn addresses(&self, exit: &str) -> Vec<String> {
        let mut paths = vec![exit.to_owned()];
        for part in exit.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            let name = format!("{{{part}}}");
            let mut filled = Vec::new();
            for value in self.values(exit, part) {
                filled.extend(paths.iter().map(|path| path.replace(&name, &value)));
            }
            paths = filled;
        }
        paths
    }
}

/// What an answer says to whoever unpacks and unfolds it: neither a file's packing nor a calendar's folds may hide a secret.
fn read(answer: &Answer) -> String {
    let packed = answer.header("content-type") == "application/zstd";
    let text = if packed { String::from_utf8(zstd::decode_all(answer.body.as_slice()).unwrap()).unwrap() } else { answer.text() };
    format!("{:?} {}", answer.headers, text.replace("\r\n ", ""))
}

/// What is answered to searches, and to lists, that are asked for by POST.
async fn by_post(app: &TestApp, real: &Real) -> Vec<(String, String)> {
    let mut asked = Vec::new();
    for (path, forms) in SENT {
        asked.extend(forms.iter().map(|form| ((*path).to_owned(), (*form).to_owned())));
    }
    let mut kept: Vec<String> = real.ids.iter().take(40).map(|id| format!("keep={id}")).collect();
    kept.push("q=hidden".to_owned());
    asked.push(("/directory/shortlist".to_owned(), kept.join("&")));
    for collection in fingerpost::publishing::COLLECTIONS {
        asked.push((format!("{}?full=true", collection.path), String::new()));
    }
    let mut outputs = Vec::new();
    let mut unread: BTreeSet<String> = asked.iter().map(|(path, _)| path.clone()).collect();
    for (path, form) in asked {
        for base in if path.starts_with("/directory") { ["", "/ur"] } else { ["", "/api"] } {
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            let answer = app.ask(Method::POST, &format!("{base}{path}"), &headers, &form).await;
            if answer.status == 200 {
                unread.remove(&path);
            }
            outputs.push((format!("{base}{path} by POST with {form:?}"), read(&answer)));
        }
    }
    assert!(unread.is_empty(), "these were asked by POST, but never read: {unread:?}");
    outputs
}

/// Everything that leaves the directory, searched for each secret. Private by design and so left
/// out: the complete export and backups, except where `kept` says that nothing may be left there either.
pub(super) async fn search(app: &TestApp, secrets: &[&str], kept_nowhere: bool) {
    let real = Real::of(app).await;
    let mut outputs: Vec<(String, String)> = Vec::new();
    let mut reached = BTreeSet::new();
    for exit in EXITS {
        let forms = if is_for_people(exit) || exit.contains('{') { &FORMS[..1] } else { FORMS };
        let translated = ["/directory", "/help"].iter().any(|start| exit.starts_with(start));
        for address in real.addresses(exit) {
            for path in forms.iter().map(|form| format!("{address}{}", form.replace("{secret}", "hidden"))) {
                for base in ["", "/api", "/ur"].into_iter().filter(|base| *base != "/ur" || translated) {
                    let page = app.page(&format!("{base}{path}")).await;
                    let data = app.get(&format!("{base}{path}")).await;
                    for answer in [page, data] {
                        if answer.status == 200 {
                            reached.insert(*exit);
                        }
                        outputs.push((path.clone(), read(&answer)));
                    }
                }
            }
        }
    }
    for exit in ["/federation/v1/snapshots/{name}", "/federation/v1/digest/{bucket}"] {
        assert!(reached.contains(exit), "{exit} was asked for, but never read");
    }
    assert!(real.guides.is_empty() || reached.contains("/directory/guides/{slug}"), "guides were asked for, but never read");
    outputs.extend(by_post(app, &real).await);
    for (document, id) in DOCUMENTS.iter().flat_map(|document| real.ids.iter().map(move |id| (document, id))) {
        for form in DOCUMENT_FORMS {
            let path = format!("{}{form}", document.replace("{id}", &id.to_string()));
            let answer = app.get(&path).await;
            outputs.push((path, read(&answer)));
        }
    }
    for format in [Format::Ndjson, Format::Csv, Format::Geojson, Format::Ics] {
        for kind in fingerpost::model::Kind::PUBLISHED {
            outputs.push((format!("export of {kind} as {}", format.name()), app.export(format, kind).await.replace("\r\n ", "")));
        }
    }
    if kept_nowhere {
        let mut complete = Vec::new();
        export::complete(&app.app().records, &mut complete, |_| {}).await.unwrap();
        outputs.push(("complete export".to_owned(), String::from_utf8(complete).unwrap()));
        for id in &real.ids {
            if let Ok(history) = app.app().records.history(*id).await {
                outputs.push((
                    format!("history of {id}"),
                    history.iter().map(|version| version.document.as_str()).collect::<Vec<_>>().join("\n"),
                ));
            }
        }
    }
    for (_, output) in &mut outputs {
        *output = output.to_lowercase();
    }
    for secret in secrets {
        for (path, output) in &outputs {
            assert!(!output.contains(&secret.to_lowercase()), "{secret:?} came out of {path}: {output}");
        }
        let files: Vec<String> =
            app.files_with(secret).into_iter().filter(|file| kept_nowhere || file.contains("shelf")).collect();
        assert!(files.is_empty(), "{secret:?} lies in {files:?}");
    }
}

/// Every source file, with its text.
fn sources() -> Vec<(std::path::PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![std::path::PathBuf::from("src")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// Paths that routers are given, read from the sources.
fn routes_in_sources() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, text) in sources() {
        for (at, _) in text.match_indices(".route(") {
            let rest = text[at + 7..].trim_start();
            if let Some(path) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                found.insert(path.to_owned());
            }
        }
    }
    for collection in fingerpost::publishing::COLLECTIONS {
        found.insert(collection.path.to_owned());
        found.insert(format!("{}/{{id}}", collection.path));
    }
    found.extend(forms::SHORTCUTS.map(|(path, ..)| path.to_owned()));
    found
}

/// Where a router is given a path that is not written out: what these stand for is known above, and [`search`] asks
/// under each base.
const NOT_WRITTEN_OUT: [&str; 6] = [
    ".route(collection.path, ",
    ".route(&format!(\"{}/{{id}}\", collection.path), ",
    ".route(path, api(get(list)))",
    ".route(&format!(\"{prefix}/\"), ",
    ".nest(prefix, ",
    ".nest(\"/api\", api)",
];

#[test]
fn no_route_is_given_in_a_way_that_the_search_for_secrets_would_miss() {
    for (file, text) in sources() {
        for (at, _) in text.match_indices(".route(").chain(text.match_indices(".nest(")) {
            let rest = &text[at..];
            let written_out = rest.strip_prefix(".route(").is_some_and(|rest| rest.trim_start().starts_with('"'));
            // Other things than routers have a method of that name.
            let is_our_own = text[..at].ends_with("self");
            let known = NOT_WRITTEN_OUT.iter().any(|known| rest.starts_with(known));
            assert!(written_out || is_our_own || known, "{}: write this path out: {:?}", file.display(), rest.lines().next());
        }
        for way in [".route_service(", ".nest_service(", ".fallback_service("] {
            assert!(!text.contains(way), "{}: the search for secrets does not know what {way} leads to", file.display());
        }
    }
}

#[test]
fn every_route_is_searched_for_secrets() {
    let missing: Vec<String> = routes_in_sources().into_iter().filter(|route| !EXITS.contains(&route.as_str())).collect();
    assert!(missing.is_empty(), "list these in EXITS, so that they are searched: {missing:?}");
    let routes = routes_in_sources();
    let stale: Vec<_> = EXITS.iter().filter(|exit| !routes.contains(**exit)).collect();
    assert!(stale.is_empty(), "these are not routes any more: {stale:?}");
}
