//! Secrets: something distinctive is planted in each private field through every entrance, and
//! every exit is searched for it. A route that is not listed here fails the last fact.

use std::collections::BTreeSet;

use fingerpost::{
    importing::export,
    model::{Document, Location, LocationPolicy},
    published::own::digest,
    publishing::forms::{self, Format},
    records::{Draft, LastModified, State},
    safekeeping,
};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{id, pantry, refuge, texts};
use crate::support::{Answer, TestApp, fact};

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

/// What tells where the refuge is.
const HOUSE: &[&str] = &["Hidden Lane", "Hidden House", "LU2 9ZZ", "51.8811", "0.4177", "chapel"];

fact! {
    async fn a_refuge_in_a_feed_is_withheld_whatever_the_feed_says(app) {
        let mut told = refuge();
        told["service_at_locations"][0]["location_policy"] = json!("exact");
        app.import(format!("{}\n{told}\n", pantry())).await;
        let service = app.get(&format!("/services/{}", id("refuge"))).await.json();
        assert_eq!((service["name"].clone(), service["phones"][0]["number"].clone()), (json!("Rowan House"), json!("0808 157 0114")));
        assert_eq!(service.get("service_at_locations"), None);
        assert_eq!(service["description"], "A safe place to stay. Ring us; we are at [address withheld], [address withheld].");
        search(&app, &HOUSE[..1], false).await;
        // The place itself is not even kept; words in the service's own text are, privately.
        let place = app.app().records.find(id("house")).await.unwrap().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&place.document).unwrap(), json!({"id": id("house"), "location_type": "physical", "location_policy": "withheld"}));
        search(&app, &["Hidden House", "51.8811", "0.4177", "Bus 9"], true).await;
    }
}

fact! {
    async fn tightening_a_place_scrubs_it_everywhere_and_a_feed_does_not_bring_it_back(app) {
        let mut open = pantry();
        open["service_at_locations"][0]["location"]["description"] = json!("Ask for Bluebell at the back door");
        app.import(open.to_string()).await;
        app.edit(id("centre"), |document| if let Document::Location(place) = document { place.transportation = Some("Tram to Bluebell".into()) }).await;
        let secrets = ["Gorse Close", "LU3 9XQ", "51.9163", "Bluebell", "Gorse Centre"];
        assert!(app.get("/services?full=true").await.text().contains("Gorse Close"));
        let outcome = app.edit(id("centre"), |document| if let Document::Location(place) = document { place.location_policy = Some(LocationPolicy::Withheld) }).await;
        assert!(outcome.scrubbed);
        search(&app, &secrets, true).await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.json().get("service_at_locations"), None);
        app.import(open.to_string()).await;
        search(&app, &secrets, true).await;
        app.restart().await;
        search(&app, &secrets, true).await;
    }
}

/// Change a place while nothing follows.
async fn change_unseen(app: &TestApp, place: Uuid, with: impl FnOnce(&mut Location)) {
    let mut draft = Draft::new(app.app().records.find(place).await.unwrap().unwrap().read().unwrap());
    if let Document::Location(place) = &mut draft.document {
        with(place);
    }
    app.app().records.save_now(&TestApp::person("a threat"), vec![draft], &LastModified::new()).await.unwrap();
}

fact! {
    async fn an_index_that_lagged_does_not_keep_what_was_scrubbed_meanwhile(app) {
        // Words are packed in the index's files, so it is asked for segments that still hold something deleted.
        let in_the_index = |app: &TestApp| {
            let files = std::fs::read_dir(app.folder.path().join("index")).unwrap();
            files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "del")).count()
        };
        app.fixtures().await;
        let place: Uuid = app.ids("/locations").await[0].parse().unwrap();
        change_unseen(&app, place, |place| place.name = Some("Gorse Hall".to_owned())).await;
        app.restart().await;
        assert!(in_the_index(&app) > 0, "what was harmless may stay until segments are merged");
        change_unseen(&app, place, |place| place.location_policy = Some(LocationPolicy::Withheld)).await;
        // They have moved, and may be found again: nothing that stands now is urgent by itself.
        change_unseen(&app, place, |place| { place.location_policy = Some(LocationPolicy::Exact); place.name = Some("Xylograph Hall".to_owned()); }).await;
        app.restart().await;
        assert_eq!(in_the_index(&app), 0);
        assert_ne!(app.get("/services?search=xylograph").await.json()["total_items"], 0);
    }
}

fact! {
    async fn restoring_an_older_backup_does_not_bring_back_what_was_scrubbed(app) {
        let mut listed = pantry();
        listed["contacts"] = json!([{"id": id("sheila"), "name": "Bluebell Winterbottom", "phones": [{"id": id("her phone"), "number": "01632 960999"}]}]);
        app.import(listed.to_string()).await;
        let file = app.folder.path().join("../").join(format!("{}.backup", fingerpost::ids::fresh()));
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        assert!(app.get("/services?full=true").await.text().contains("Bluebell"));
        app.edit(id("centre"), |document| if let Document::Location(place) = document { place.location_policy = Some(LocationPolicy::Withheld) }).await;
        let tx = app.app().db.write().await.unwrap();
        app.app().records.erase_contact(&tx, &TestApp::person("she asked for it"), id("pantry"), id("sheila")).await.unwrap();
        tx.commit().await.unwrap();
        app.app().db.sweep_now().await.unwrap();
        app.follow().await;
        let secrets = ["Gorse Close", "LU3 9XQ", "51.9163", "Bluebell", "01632 960999"];
        search(&app, &secrets, true).await;
        // The same scrubs are then known twice: from the database, and from the list beside it.
        safekeeping::keep_scrubs(&app.app().records, &app.config.data_dir).await.unwrap();
        safekeeping::restore(&app.app().records, &file, &app.config.data_dir).await.unwrap();
        app.follow().await;
        search(&app, &secrets, true).await;
        // The database is lost as a whole; only the data folder's list of scrubs is left.
        safekeeping::keep_scrubs(&app.app().records, &app.config.data_dir).await.unwrap();
        let Some(other) = TestApp::start(app.on).await else { return };
        std::fs::copy(app.folder.path().join("scrubs.ndjson"), other.folder.path().join("scrubs.ndjson")).unwrap();
        safekeeping::restore(&other.app().records, &file, &other.config.data_dir).await.unwrap();
        other.follow().await;
        assert_eq!(other.ids("/services").await.len(), 1);
        search(&other, &secrets, true).await;
        other.end().await;
        std::fs::remove_file(file).unwrap();
    }
}

fact! {
    async fn a_place_is_told_as_its_policy_says(app) {
        for (policy, name) in [(LocationPolicy::Area, "Luton"), (LocationPolicy::OnRequest, "Address given when you book")] {
            let mut listed = pantry();
            listed["description"] = json!("We meet at 12 Gorse Close, LU3 9XQ.");
            listed["service_at_locations"][0]["description"] = json!("Door by the Gorse shops");
            listed["schedules"][0]["location_id"] = json!(id("centre"));
            listed["service_at_locations"][0]["schedules"] = json!([{"id": id("link times"), "freq": "WEEKLY", "byday": "TU", "location_id": id("centre"), "notes": "By the Gorse shops"}]);
            listed["service_at_locations"][0]["location"]["external_identifier"] = json!("100080012345");
            app.import(listed.to_string()).await;
            app.edit(id("pantry"), |document| if let Document::Service(doc) = document { doc.service_at_locations[0].location_policy = Some(policy); }).await;
            search(&app, &["Gorse", "LU3 9XQ", "51.9163", "100080012345", "Gorse Centre"], false).await;
            assert!(!app.get("/services?full=true").await.text().contains(&id("centre").to_string()), "its id would lead to it elsewhere");
            let link = app.get(&format!("/service_at_locations/{}", id("pantry at the centre"))).await.json();
            assert_eq!((link["location"]["name"].as_str(), link["location"]["location_policy"].as_str()), (Some(name), Some(policy.as_str())));
            assert_eq!(app.get("/service_at_locations?near=51.9163,-0.4486&proximity=100").await.json()["total_items"], 0, "distance tells nothing");
            // A person may open it again.
            app.edit(id("pantry"), |document| if let Document::Service(doc) = document { doc.service_at_locations[0].location_policy = None; }).await;
            assert!(app.get("/services?full=true").await.text().contains("LU3 9XQ"));
        }
    }
}

fact! {
    async fn private_contacts_and_unpublished_records_stay_inside(app) {
        let mut listed = pantry();
        listed["contacts"] = json!([
            {"id": id("own mobile"), "name": "Sheila Hopcroft", "phones": [{"id": id("p1"), "number": "07700 900123"}]},
            {"id": id("marked"), "name": "Secret Desk", "visibility": "private", "email": "secretdesk@example.org"},
        ]);
        listed["email"] = json!("bluebell.winterbottom@gmail.com");
        listed["phones"] = json!([{"id": id("p2"), "number": "01632 960777", "visibility": "private"}]);
        listed["organization"]["contacts"] = json!([{"id": id("p3"), "name": "Mrs Primrose Quill", "phones": [{"id": id("p4"), "number": "+44 7700 900456"}]}]);
        listed["service_at_locations"][0]["contacts"] = json!([{"id": id("p5"), "name": "Violet Larkspur", "email": "vlarkspur@hotmail.co.uk"}]);
        listed["service_at_locations"][0]["location"]["addresses"][0]["attention"] = json!("Marigold Fennel");
        let report = app.import(listed.to_string()).await;
        assert_eq!(report.personal_total, 5, "{:?}", report.personal);
        let secrets = ["Hopcroft", "900123", "Secret Desk", "secretdesk", "bluebell", "960777", "Primrose", "900456", "Larkspur", "Marigold"];
        search(&app, &secrets, false).await;
        // Our own records, as an editor would keep them: a contact is private unless it says public.
        let mut document = app.app().records.find(id("marsh farm")).await.unwrap().unwrap().read().unwrap();
        for contact in document.contact_lists().into_iter().flatten() { contact.visibility = None; }
        app.save(vec![Draft::new(document)]).await;
        search(&app, &secrets, false).await;
        // An organization that is not to be seen takes its services along.
        let document = app.app().records.find(id("marsh farm")).await.unwrap().unwrap().read().unwrap();
        app.save(vec![Draft { state: State::Unpublished, ..Draft::new(document) }]).await;
        // This was not urgent, so the snapshot from before may stand until the next one is due.
        app.served.outlet.make_snapshot().await.unwrap();
        search(&app, &["Lark Hill", "Meadow larder", "LU3 9XQ"], false).await;
    }
}

/// A number that is this contact's, as the standard's third version says it.
fn number_of(contact: &str, number: &str) -> Value {
    json!({"id": id(number), "number": number, "contact_id": id(contact)})
}

fact! {
    async fn a_number_is_as_private_as_the_contact_that_it_names_wherever_it_stands(app) {
        let mut listed = pantry();
        listed["contacts"] = json!([{"id": id("sheila"), "name": "Sheila Hopcroft"}, {"id": id("marked"), "name": "Back office", "visibility": "private"},
            {"id": id("front desk"), "name": "Pantry desk"}]);
        // A mobile number beside a person's name, although it does not stand in the contact.
        listed["phones"] = json!([number_of("sheila", "07700 900771"), number_of("marked", "01632 960772"), number_of("nobody here", "01632 960773"),
            number_of("front desk", "01632 960799"), {"id": id("whose"), "number": "01632 960770", "contact_id": ["?"]}]);
        listed["organization"]["contacts"] = json!([{"id": id("secretary"), "name": "Group secretary", "visibility": "private"}]);
        listed["organization"]["phones"] = json!([number_of("secretary", "01632 960774")]);
        let link = &mut listed["service_at_locations"][0];
        link["phones"] = json!([number_of("marked", "01632 960775"), number_of("front desk", "01632 960798")]);
        link["location"]["contacts"] = json!([{"id": id("keys"), "name": "Key desk", "visibility": "private"}]);
        link["location"]["phones"] = json!([number_of("keys", "01632 960776")]);
        let supper = json!({"id": id("supper"), "organization_id": id("marsh farm"), "name": "Harvest supper", "status": "scheduled", "timezone": "Europe/London",
            "start": "2026-12-01T19:00:00", "end": "2026-12-01T21:00:00", "phones": [number_of("cook", "01632 960778"), number_of("secretary", "01632 960779")],
            "contacts": [{"id": id("cook"), "name": "Kitchen desk", "visibility": "private"}]});
        app.import(format!("{listed}\n{}", json!({"kind": "event", "document": supper}))).await;
        let secrets = ["900771", "960772", "960773", "960770", "960774", "960775", "960776", "960778", "960779", "Hopcroft"];
        search(&app, &secrets, false).await;
        let numbers = async || -> Vec<String> {
            let told = app.get(&format!("/services/{}", id("pantry"))).await.json();
            let lists = [&told["phones"], &told["service_at_locations"][0]["phones"], &told["organization"]["phones"]];
            lists.into_iter().flat_map(|list| list.as_array().cloned().unwrap_or_default()).map(|one| one["number"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(numbers().await, ["01632 960799", "01632 960798"], "whose contact is public");
        // Whoever may say so lets the world see it, and so its numbers.
        for record in ["pantry", "marsh farm"] {
            app.edit(id(record), |document| for contact in document.contact_lists().into_iter().flatten() {
                contact.visibility = Some(fingerpost::model::Visibility::Public);
            }).await;
        }
        let told = numbers().await;
        assert_eq!(told, ["07700 900771", "01632 960772", "01632 960799", "01632 960775", "01632 960798", "01632 960774"]);
        let supper = app.get(&format!("/events/{}", id("supper"))).await.json();
        assert_eq!((supper["phones"].as_array().map(Vec::len), &supper["phones"][0]["number"]), (Some(1), &json!("01632 960779")));
    }
}

fact! {
    async fn a_term_that_comes_later_makes_its_services_secret(app) {
        let mut early = refuge();
        let attribute = early["attributes"][0].clone();
        early["attributes"] = json!([{"id": id("refuge kind"), "link_entity": "service", "taxonomy_term_id": id("refuge term")}]);
        app.import(early.to_string()).await;
        assert!(app.get("/services?full=true").await.text().contains("Hidden House"), "nothing says yet that it is a refuge");
        app.import(json!({"kind": "taxonomy_term", "document": attribute["taxonomy_term"]}).to_string()).await;
        search(&app, &["Hidden House", "51.8811", "Bus 9"], true).await;
    }
}

fact! {
    async fn an_organization_does_not_tell_where_its_refuge_is(app) {
        let mut told = refuge();
        told["organization"]["description"] = json!("We help women. Find us at 7 Hidden Lane, LU2 9ZZ.");
        let mut open = pantry();
        open["organization"] = told["organization"].clone();
        app.import(open.to_string()).await;
        assert!(app.get("/organizations").await.text().contains("LU2 9ZZ"), "nothing is hidden yet");
        app.import(told.to_string()).await;
        search(&app, &["Hidden Lane"], false).await;
        assert_eq!(app.get(&format!("/organizations/{}", id("rowan"))).await.json()["description"], "We help women. Find us at [address withheld], [address withheld].");
        app.edit(id("rowan"), |document| if let Document::Organization(doc) = document { doc.legal_status = Some("Charity".into()) }).await;
        search(&app, &["Hidden Lane"], false).await;
    }
}

fact! {
    async fn an_address_in_a_sheet_does_not_hide_in_an_id(app) {
        app.import(refuge().to_string()).await;
        let sheet = "organisation,service,address_1,postcode,needs,city\nWren House,Safe rooms,9 Bittern Lane,LU4 9QZ,refuge,Luton\n";
        let report = app.import(sheet).await;
        assert_eq!((report.created, report.rejected_total), (1, 0), "{report:?}");
        search(&app, &["Bittern", "LU4 9QZ"], true).await;
        let mut named = refuge();
        named["id"] = json!(id("another refuge"));
        named["service_at_locations"][0]["id"] = json!("link at 4 bittern lane");
        named["service_at_locations"][0]["location"]["id"] = json!("4 bittern lane");
        app.import(named.to_string()).await;
        search(&app, &["bittern"], true).await;
    }
}

fact! {
    async fn a_refuge_is_withheld_by_whichever_door_it_comes(app) {
        let doors = crate::facts::intake::doors_of_a_refuge();
        for (door, word, file) in &doors {
            let report = app.import(file.clone()).await;
            assert!(report.created > 0 && report.rejected_total == 0, "{door}: {report:?}");
            let mut told = Vec::new();
            for path in ["/services", "/organizations", "/locations", "/service_at_locations", "/events", "/taxonomy_terms"] {
                told.extend(app.get(&format!("{path}?full=true&per_page=1000")).await.body);
            }
            told.extend(app.export(Format::Ndjson, fingerpost::model::Kind::Service).await.into_bytes());
            let told = String::from_utf8(told).unwrap();
            assert!(told.contains("Rowan House"), "{door}: what helps is seen");
            assert!(!told.contains(word) && !told.contains("LU2 9ZZ") && !told.contains("51.8811"), "{door}: {told}");
        }
        // What only the place said is not even kept.
        let houses: Vec<String> = doors.iter().map(|(_, word, _)| format!("{word} House")).chain(["51.8811".to_owned()]).collect();
        search(&app, &houses.iter().map(String::as_str).collect::<Vec<_>>(), true).await;
    }
}

fact! {
    async fn what_history_says_is_not_told_to_everybody(app) {
        app.import(pantry().to_string()).await;
        let document = app.app().records.find(id("marsh farm")).await.unwrap().unwrap().read().unwrap();
        let caller = TestApp::person("a neighbour called Bluebell complained");
        let hidden = Draft { state: State::Unpublished, ..Draft::new(document) };
        app.app().records.save_now(&caller, vec![hidden], &fingerpost::records::LastModified::new()).await.unwrap();
        app.follow().await;
        search(&app, &["Bluebell"], false).await;
        assert_eq!(app.get(&format!("/services/{}", id("pantry"))).await.status, 410);
    }
}

fact! {
    async fn what_a_part_of_a_listing_said_before_is_told_to_nobody(app) {
        let changed = |name: &str, field: &str, value: &str| json!([{"id": id(name), "resource_id": id("pantry"), "resource_type": "phone", "field_name": field,
            "previous_value": value, "replacement_value": "as it is", "last_action_date": "2026-01-01", "last_action_type": "update", "updated_by": "Bluebell Quill"}]);
        let mut listed = pantry();
        listed["phones"][0]["metadata"] = changed("an older number", "number", "07700 900129");
        listed["contacts"][0]["metadata"] = changed("an older name", "name", "Primrose Fennel");
        listed["service_at_locations"][0]["location"]["addresses"][0]["metadata"] = changed("an older street", "address_1", "3 Cobnut Row");
        listed["organization"]["phones"] = json!([{"id": id("office"), "number": "01632 960124", "metadata": changed("an older office", "number", "01632 960666")}]);
        app.import(listed.to_string()).await;
        search(&app, &["Bluebell", "900129", "Primrose", "Cobnut", "960666"], false).await;
        let told = app.get(&format!("/services/{}", id("pantry"))).await.json();
        assert_eq!(told["phones"][0]["metadata"], json!([{"id": id("an older number"), "resource_id": id("pantry"), "resource_type": "phone",
            "field_name": "number", "last_action_date": "2026-01-01", "last_action_type": "update"}]));
    }
}

fact! {
    async fn erasing_a_contact_that_is_not_there_is_an_error(app) {
        app.import(pantry().to_string()).await;
        let tx = app.app().db.write().await.unwrap();
        let error = app.app().records.erase_contact(&tx, &TestApp::person("a request"), id("pantry"), id("nobody")).await.unwrap_err();
        assert!(error.to_string().contains("has never had, contact"), "{error}");
    }
}

fact! {
    async fn a_place_that_a_person_opened_stays_open_when_its_feed_comes_again(app) {
        app.import(pantry().to_string()).await;
        let set = async |policy| {
            app.edit(id("pantry"), |document| if let Document::Service(doc) = document { doc.service_at_locations[0].location_policy = Some(policy) }).await;
        };
        for policy in [LocationPolicy::Area, LocationPolicy::OnRequest, LocationPolicy::Exact] {
            set(policy).await;
        }
        app.import(pantry().to_string()).await;
        assert!(app.get("/services?full=true").await.text().contains("LU3 9XQ"));
        set(LocationPolicy::OnRequest).await;
        app.import(pantry().to_string()).await;
        assert!(!app.get("/services?full=true").await.text().contains("LU3 9XQ"), "and closed when it was closed");
    }
}

fact! {
    async fn the_fixtures_keep_their_secrets(app) {
        app.fixtures().await;
        texts::publish_guide(&app).await;
        let secrets = ["Silk Weaver", "LU1 1QD", "Jasmine Terrace", "LU4 8HL", "Crescent Homework", "Hate crime friends"];
        let sent = std::fs::read_to_string("fixtures/luton/directory.ndjson").unwrap();
        for secret in secrets {
            assert!(sent.contains(secret), "the fixtures have {secret:?} no more, so nothing is searched for");
        }
        search(&app, &secrets, false).await;
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

/// A group whose place is known to the directory, and told word for word in texts, in every spelling.
fn told_in_words(policy: &str, name: &str, address: &str) -> Value {
    let mut told = pantry();
    told["id"] = json!(id(&format!("service at {address}")));
    told["organization"]["id"] = json!(id(&format!("group at {address}")));
    let place = &mut told["service_at_locations"][0];
    place["id"] = json!(id(&format!("link to {address}")));
    place["location_policy"] = json!(policy);
    place["location"]["id"] = json!(id(address));
    place["location"]["name"] = json!(name);
    place["location"]["latitude"] = json!(53.0411);
    place["location"]["longitude"] = json!(-2.9911);
    place["location"]["addresses"][0]["id"] = json!(id(&format!("address {address}")));
    place["location"]["addresses"][0]["address_1"] = json!(address);
    let (lower, upper) = (address.to_lowercase(), address.to_uppercase());
    let text = format!("Come to {address}, or {lower}; {upper}! Ask for the {name} (53.0411,-2.9911), lu39xq. Open 10 to 12.");
    told["description"] = json!(text);
    told["organization"]["description"] = json!(format!("Meets at {address}."));
    told
}

fact! {
    async fn what_the_directory_knows_of_a_hidden_place_stands_in_no_text(app) {
        let places = [
            ("Bryn Teg", "9 Xylophone St"), ("Capel Mawr", "12 Stryd Seiloffon"), ("Rose Bothy", "14-16 Maes-y-Dref"),
            ("Tŷ Xylem", "Flat 2, 41 xylophone road"),
        ];
        for policy in ["area", "on_request", "withheld"] {
            let Some(other) = TestApp::start(app.on).await else { return };
            let file: String = places.iter().map(|(name, address)| told_in_words(policy, name, address).to_string() + "\n").collect();
            other.import(file.clone()).await;
            let mut exits = String::new();
            for exit in ["/services?full=true", "/organizations?full=true", "/services?format=csv", "/services?format=atom", "/service_at_locations?full=true"] {
                exits += &other.get(exit).await.text().to_lowercase();
            }
            for secret in ["teg", "mawr", "bothy", "xylem", "xylophone", "seiloffon", "dref", "53.04", "2.991", "lu39xq"] {
                assert!(!exits.contains(secret), "{policy}: {secret} in {exits}");
            }
            assert!(exits.contains("open 10 to 12."), "{exits}");
            let again = other.import(file).await;
            assert_eq!((again.created, again.updated), (0, 0));
            other.end().await;
        }
    }
}

fact! {
    async fn neither_links_to_a_map_nor_a_number_behind_its_street_tell_of_a_withheld_place(app) {
        let mut told = told_in_words("withheld", "Bothy", "77 Zebedee Lane");
        let ways = "77 Zebedee, Luton; no. 77 Zebedee; Zebedee 77; Zebedee Lane 77; Zebedee Ln 77; 77 Zebedee Ln; Zebedee Lane, no. 77; https://www.google.com/maps/@53.0422,-2.9922,17z or https://maps.google.com/?q=77+Zebedee+Lane, \
            maps.app.goo.gl/aBcDeZ, https://example.org/find?at=77%20Zebedee%20Lane, ///filled.zebedee.soap, 53.0422, -2.9922. Ring first.";
        told["description"] = json!(ways);
        told["fees_description"] = json!("Free. See https://goo.gl/maps/aBcDeZ.");
        told["organization"]["description"] = json!(format!("We listen. {ways}"));
        told["additional_urls"] = json!([{"id": id("a map"), "label": "Map", "url": "https://www.openstreetmap.org/?mlat=53.0422&mlon=-2.9922"}, {"id": id("a page"), "url": "https://example.org/talks"}]);
        app.import(told.to_string()).await;
        search(&app, &["zebedee", "53.0422", "2.9922", "abcdez"], false).await;
        let service = app.get(&format!("/services/{}", told["id"].as_str().unwrap())).await.json();
        assert!(service["description"].as_str().unwrap().ends_with("Ring first.") && service["fees_description"].as_str().unwrap().starts_with("Free. See "), "{service}");
        assert_eq!(service["additional_urls"].as_array().unwrap().len(), 1, "{service}");
    }
}

fact! {
    async fn a_place_that_is_withheld_later_is_forgotten_in_texts_and_their_history(app) {
        app.import(told_in_words("exact", "Bryn Teg", "41 Xylophone St").to_string()).await;
        let (service, group, place) = (id("service at 41 Xylophone St"), id("group at 41 Xylophone St"), id("41 Xylophone St"));
        app.edit(service, |document| {
            if let Document::Service(service) = document { service.alert = Some("closed on Friday at 41 xylophone street".into()); }
        }).await;
        app.edit(place, |document| {
            if let Document::Location(place) = document { place.location_policy = Some(LocationPolicy::Withheld); }
        }).await;
        for record in [service, group, place] {
            for version in app.app().records.history(record).await.unwrap() {
                assert!(!version.document.to_lowercase().contains("xylophone"), "{}", version.document);
            }
        }
        let service = app.get(&format!("/services/{service}")).await.json();
        assert_eq!(service["alert"], "closed on Friday at [address withheld]");
        assert_eq!(app.files_with("xylophone"), Vec::<String>::new());
    }
}

fact! {
    async fn what_a_link_says_of_a_withheld_place_goes_with_it(app) {
        app.import(refuge().to_string()).await;
        assert_eq!(app.files_with("Behind the chapel"), Vec::<String>::new(), "a refuge, from the beginning");
        let mut listed = pantry();
        listed["service_at_locations"][0]["description"] = json!("Ring at the blue door behind the bakery");
        app.import(listed.to_string()).await;
        assert!(app.get("/services?full=true").await.text().contains("blue door"));
        let withhold = |document: &mut Document| {
            if let Document::Service(service) = document {
                service.service_at_locations[0].location_policy = Some(LocationPolicy::Withheld);
            }
        };
        app.edit(id("pantry"), withhold).await;
        assert_eq!(app.files_with("blue door"), Vec::<String>::new());
        let history = app.app().records.history(id("pantry")).await.unwrap();
        assert!(history.len() > 1 && history.iter().all(|version| !version.document.contains("blue door")));
    }
}

fact! {
    async fn a_place_that_carries_a_term_itself_goes_when_that_becomes_secret(app) {
        let mut listed = pantry();
        listed["service_at_locations"][0]["location"]["attributes"] = json!([{"id": id("house kind"), "link_entity": "location",
            "taxonomy_term": {"id": id("house term"), "name": "Women's house", "description": "A house."}}]);
        app.import(listed.to_string()).await;
        assert!(app.get("/locations").await.text().contains("Gorse Centre"));
        let rename = |document: &mut Document| {
            if let Document::TaxonomyTerm(term) = document {
                "Women's refuge".clone_into(&mut term.name);
            }
        };
        app.edit(id("house term"), rename).await;
        assert!(!app.get("/locations").await.text().contains("Gorse Centre"));
        assert_eq!(app.files_with("Gorse Close"), Vec::<String>::new());
    }
}
