//! A directory that speaks `open-directory/1` as it should, until a test makes it lie: it signs, pages
//! and numbers its records, and a test can change each answer before it is sent.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Utc};
use fingerpost::{
    federation::relay::sign_hop,
    model::Kind,
    published::own::digest::{BUCKETS, Bucket, bucket_of, root, weight},
    signing::{About, Keyring, Moved, Signer, canonical, hash_of},
};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::peer::{HostilePeer, Reply, Seen};

/// A record as the liar tells it.
#[derive(Clone, Debug)]
pub struct Told {
    pub kind: Kind,
    pub id: Uuid,
    pub rev: i64,
    /// None when it is gone.
    pub data: Option<Value>,
    pub urgent: bool,
    /// Of a record of another directory: the statement, and what it came through before.
    pub passed: Option<(Value, Vec<Value>)>,
}

type Twist = dyn Fn(&Seen, Value) -> Reply + Send + Sync;

/// What it says at the moment.
struct Words {
    told: Vec<Told>,
    epoch: String,
    began: i64,
    page_items: usize,
    licence: String,
    /// Records that are under other licences than its own.
    licences: BTreeMap<Uuid, String>,
    signer: Option<Signer>,
    ring: Keyring,
    first: Keyring,
    moved: Vec<Moved>,
    /// Whether it names a checkpoint.
    checkpoints: bool,
    /// What its clock shows.
    now: DateTime<Utc>,
    /// When its records have changed, by its own word.
    changed: DateTime<Utc>,
    twist: Arc<Twist>,
}

pub struct Liar {
    pub peer: HostilePeer,
    words: Arc<Mutex<Words>>,
    _keys: tempfile::TempDir,
}

/// The number that the liar's first epoch begins at.
pub const BEGAN: i64 = 1_764_000_000_000_000;
pub const OGL: &str = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/";

#[expect(clippy::needless_pass_by_value, reason = "a twist takes the page away")]
fn honest(_: &Seen, page: Value) -> Reply {
    Reply::json(page.to_string())
}

async fn answers(words: Arc<Mutex<Words>>) -> HostilePeer {
    HostilePeer::start(move |seen| {
        let (value, twist) = {
            let words = words.lock().unwrap();
            (words.answer(seen), words.twist.clone())
        };
        value.map_or_else(|| Reply::status(404), |value| twist(seen, value))
    })
    .await
}

impl Liar {
    pub async fn start() -> Self {
        let keys = tempfile::tempdir().unwrap();
        let ring = Keyring::open(keys.path(), DateTime::<Utc>::UNIX_EPOCH).unwrap();
        let words = Arc::new(Mutex::new(Words {
            told: Vec::new(),
            epoch: "first".to_owned(),
            began: BEGAN,
            page_items: 500,
            licence: OGL.to_owned(),
            licences: BTreeMap::new(),
            signer: None,
            first: ring.clone(),
            ring,
            moved: Vec::new(),
            checkpoints: false,
            now: super::noon(),
            changed: DateTime::<Utc>::UNIX_EPOCH,
            twist: Arc::new(honest),
        }));
        let peer = answers(words.clone()).await;
        let origin = peer.url("/").to_string();
        {
            let mut words = words.lock().unwrap();
            words.signer = Some(Signer::new(words.ring.clone(), origin, OGL.to_owned()));
        }
        Self { peer, words, _keys: keys }
    }

    pub fn url(&self) -> Url {
        self.peer.url("/")
    }

    fn change(&self, with: impl FnOnce(&mut Words)) {
        with(&mut self.words.lock().unwrap());
    }

    /// Change each answer before it is sent: the twist is given what an honest directory would say.
    pub fn twist(&self, twist: impl Fn(&Seen, Value) -> Reply + Send + Sync + 'static) {
        self.change(|words| words.twist = Arc::new(twist));
    }

    /// Be honest again.
    pub fn repent(&self) {
        self.twist(honest);
    }

    pub fn page_items(&self, items: usize) {
        self.change(|words| words.page_items = items);
    }

    pub fn licence(&self, licence: &str) {
        self.change(|words| licence.clone_into(&mut words.licence));
    }

    /// Sign that a record is under this licence.
    pub fn licence_of(&self, id: Uuid, licence: &str) {
        self.change(|words| drop(words.licences.insert(id, licence.to_owned())));
    }

    /// Name a checkpoint, or none.
    pub fn shows_checkpoints(&self, shows: bool) {
        self.change(|words| words.checkpoints = shows);
    }

    /// What its clock shows.
    pub fn now(&self, now: DateTime<Utc>) {
        self.change(|words| words.now = now);
    }

    /// When its records have changed, by its own word.
    pub fn says_changed(&self, changed: DateTime<Utc>) {
        self.change(|words| words.changed = changed);
    }

    /// Its checkpoint.
    pub fn checkpoint(&self) -> Value {
        self.words.lock().unwrap().checkpoint()
    }

    /// Sign something that is not a record; `domain` stands before it.
    pub fn seal(&self, domain: &[u8], said: Value) -> Value {
        self.words.lock().unwrap().signer.as_ref().unwrap().seal(domain, said)
    }

    /// Everything that it tells, signed with the key that it had first.
    pub fn signed_with_first_key(&self) -> Vec<Value> {
        let words = self.words.lock().unwrap();
        let signer = words.signer.as_ref().unwrap();
        let first = Signer::new(words.first.clone(), signer.origin().to_owned(), OGL.to_owned());
        words.told.iter().map(|told| words.item_by(&first, told)).collect()
    }

    /// Begin to number anew.
    pub fn new_epoch(&self, name: &str, began: i64) {
        self.change(|words| {
            name.clone_into(&mut words.epoch);
            words.began = began;
            words.told.sort_by_key(|told| told.rev);
            for (told, rev) in words.told.iter_mut().zip(began + 1..) {
                told.rev = rev;
            }
        });
    }

    /// Change the keys: with the endorsement of the old one, or as somebody else would.
    pub fn rotate(&self, endorsed: bool, compromised: bool) {
        self.change(|words| {
            let origin = words.signer.as_ref().unwrap().origin().to_owned();
            words.ring.rotate(&origin, DateTime::<Utc>::UNIX_EPOCH, compromised).unwrap();
            if !endorsed {
                words.ring.listed.last_mut().unwrap().endorsed_by = None;
            }
            words.signer = Some(Signer::new(words.ring.clone(), origin, OGL.to_owned()));
        });
    }

    /// Somebody who has an old key and the host: it counts again, and the newer ones never were.
    pub fn thief(&self) {
        self.change(|words| {
            let origin = words.signer.as_ref().unwrap().origin().to_owned();
            let mut ring = words.first.clone();
            ring.listed.truncate(1);
            words.signer = Some(Signer::new(ring.clone(), origin, OGL.to_owned()));
            words.ring = ring;
        });
    }

    /// Move to another address and take the keys along; `says` whether it says so. The old address goes on
    /// answering with what is said at the new one.
    pub async fn moves(&mut self, says: bool) -> HostilePeer {
        let from = self.url();
        let old = std::mem::replace(&mut self.peer, answers(self.words.clone()).await);
        let to = self.url();
        self.change(|words| {
            let signer = Signer::new(words.ring.clone(), to.to_string(), OGL.to_owned());
            words.moved = if says { vec![signer.moved(&from, DateTime::<Utc>::UNIX_EPOCH)] } else { Vec::new() };
            words.signer = Some(signer);
        });
        old
    }

    /// Tell a record; the number is the next one.
    pub fn tell(&self, kind: Kind, id: Uuid, data: Option<Value>) {
        self.tell_urgently(kind, id, data, false);
    }

    pub fn tell_urgently(&self, kind: Kind, id: Uuid, data: Option<Value>, urgent: bool) {
        self.change(|words| {
            let rev = words.told.iter().map(|told| told.rev).max().unwrap_or(words.began) + 1;
            words.told.retain(|told| told.id != id);
            words.told.push(Told { kind, id, rev, data, urgent, passed: None });
        });
    }

    /// The statement that it becomes part of the directory at `to`.
    pub fn moves_to(&self, to: &Url, ids: &BTreeMap<String, String>) -> Moved {
        self.words.lock().unwrap().signer.as_ref().unwrap().moves_to(to, ids, DateTime::<Utc>::UNIX_EPOCH)
    }

    /// Send everybody on to another directory.
    pub fn leads_to(&self, to: &Url) {
        let to = to.clone();
        self.twist(move |seen, _| Reply::redirect(308, to.join(&seen.path).unwrap()));
    }

    /// Become part of another one, which says so.
    pub fn becomes_part_of(&self, other: &Self, ids: &BTreeMap<String, String>) {
        let moved = self.moves_to(&other.url(), ids);
        other.change(|words| words.moved = vec![moved]);
        self.leads_to(&other.url());
    }

    /// Pass on what another one tells, as it came through `via` before.
    pub fn pass_on(&self, item: &Value, via: Vec<Value>) {
        let kind = Kind::RECORDS.into_iter().find(|kind| item["kind"] == kind.as_str()).unwrap();
        let passed = item.clone();
        self.change(|words| {
            let rev = words.told.iter().map(|told| told.rev).max().unwrap_or(words.began) + 1;
            let id = id(&format!("passed on {}", passed["id"]));
            words.told.retain(|told| told.id != id);
            let data = passed.get("data").cloned();
            words.told.push(Told { kind, id, rev, data, urgent: false, passed: Some((passed["fed"].clone(), via)) });
        });
    }

    /// Everything that it tells, as items of its feed.
    pub fn items(&self) -> Vec<Value> {
        let words = self.words.lock().unwrap();
        words.told.iter().map(|told| words.item(told)).collect()
    }

    /// A hop through this directory, as it signs it.
    pub fn hop(&self, of: &str) -> Value {
        sign_hop(self.words.lock().unwrap().signer.as_ref().unwrap(), 1, of)
    }

    /// An organisation, and so many services of it.
    pub fn tell_services(&self, many: usize) {
        self.tell(Kind::Organization, id("holder"), Some(organization()));
        for number in 0..many {
            self.tell(Kind::Service, id(&format!("service {number}")), Some(service(number)));
        }
    }

    /// Change what is told as it stands there.
    pub fn edit(&self, with: impl FnOnce(&mut Vec<Told>)) {
        self.change(|words| with(&mut words.told));
    }

    /// Every request since a test last looked, in order and briefly: `open-directory` is its discovery document,
    /// `changes after 4` the page behind the fourth number of its first epoch.
    pub fn lately(&self) -> Vec<String> {
        self.peer.lately().iter().map(|path| brief(path)).collect()
    }

    /// Paths of the feed that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.peer.paths().into_iter().filter(|path| path.contains("/changes")).collect()
    }
}

impl Words {
    fn answer(&self, seen: &Seen) -> Option<Value> {
        // Wherever it is asked, it speaks of the address that it has.
        let url = Url::parse(self.signer.as_ref()?.origin()).ok()?.join(&seen.path).ok()?;
        match url.path() {
            "/.well-known/open-directory" => Some(self.discovery()),
            "/federation/v1/changes" => Some(self.page(&url)),
            "/federation/v1/checkpoint" if self.checkpoints => Some(self.checkpoint()),
            // A test says what it is.
            path if path.starts_with("/federation/v1/snapshot") => Some(Value::Null),
            _ => None,
        }
    }

    fn discovery(&self) -> Value {
        let signer = self.signer.as_ref().unwrap();
        let origin = signer.origin();
        let (keys, kid, sig) = signer.sign_keys();
        let checkpoint = self.checkpoints.then(|| format!("{origin}federation/v1/checkpoint"));
        json!({
            "checkpoint": checkpoint,
            "protocol": "open-directory/1", "versions": ["1.0"], "origin": origin, "level": 1,
            "publisher": {"name": "Liar"}, "epoch": self.epoch,
            "feeds": [
                {"scope": "own", "kinds": ["service"], "url": format!("{origin}federation/v1/changes"), "format": "rpde-1.0+fed"},
                {"scope": "all", "kinds": ["service"], "url": format!("{origin}federation/v1/changes?scope=all"), "format": "rpde-1.0+fed"}
            ],
            "license": {"url": self.licence, "attribution": "Contains lies"},
            "keys": keys, "keys_sig": [{"kid": kid, "sig": sig}], "moved_from": self.moved
        })
    }

    fn page(&self, url: &Url) -> Value {
        let asked = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let same_epoch = asked("epoch").is_none_or(|epoch| epoch == self.epoch);
        let after: i64 = asked("afterChangeNumber").filter(|_| same_epoch).and_then(|number| number.parse().ok()).unwrap_or(0);
        let mut told: Vec<&Told> = self.told.iter().filter(|told| told.rev > after).collect();
        told.sort_by_key(|told| told.rev);
        told.truncate(self.page_items);
        let scope = if asked("scope").is_some() { "&scope=all" } else { "" };
        let mut here = url.clone();
        here.set_query(None);
        let next = match told.last() {
            None => url.to_string(),
            Some(last) => format!("{here}?afterChangeNumber={}&epoch={}{scope}", last.rev, self.epoch),
        };
        json!({
            "next": next, "items": told.into_iter().map(|told| self.item(told)).collect::<Vec<_>>(), "license": self.licence,
            "epoch": self.epoch,
            "feed": {
                "origin": self.signer.as_ref().unwrap().origin(), "scope": "own",
                "head": self.told.iter().map(|told| told.rev).max().unwrap_or(self.began), "min_safe": self.began
            }
        })
    }

    fn checkpoint(&self) -> Value {
        let mut buckets = vec![Bucket::default(); BUCKETS];
        for told in &self.told {
            let which = usize::from(bucket_of(told.kind, told.id));
            let hash = told.data.as_ref().map(|data| hash_of(&canonical(data))).unwrap_or_default();
            buckets[which] = buckets[which].plus(&weight(&told.id.to_string(), told.data.is_some(), &hash));
        }
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let signer = self.signer.as_ref().unwrap();
        signer.seal(
            b"open-directory-checkpoint-v1\n",
            json!({
                "origin": signer.origin(), "epoch": self.epoch, "min_safe": self.began, "count_live": 0, "count_deleted": 0,
                "head": self.told.iter().map(|told| told.rev).max().unwrap_or(self.began),
                "digest_root": hex::encode(root(&buckets)),
                "issued": time(self.now), "expires": time(self.now + chrono::Duration::days(1)),
            }),
        )
    }

    fn item(&self, told: &Told) -> Value {
        self.item_by(self.signer.as_ref().unwrap(), told)
    }

    fn item_by(&self, signer: &Signer, told: &Told) -> Value {
        if let Some((fed, via)) = &told.passed {
            let hop = sign_hop(signer, told.rev, fed["sig"].as_str().unwrap_or_default());
            let via: Vec<Value> = via.iter().cloned().chain([hop]).collect();
            return json!({
                "state": "updated", "kind": told.kind.as_str(), "id": told.id, "modified": told.rev, "data": told.data, "fed": fed, "via": via
            });
        }
        let bytes = told.data.as_ref().map(canonical);
        let under = self.licences.get(&told.id);
        let under = under.map(|licence| Signer::new(self.ring.clone(), signer.origin().to_owned(), licence.clone()));
        let statement = under.as_ref().unwrap_or(signer).sign(About {
            kind: told.kind,
            id: told.id,
            epoch: &self.epoch,
            position: told.rev,
            urgent: told.urgent,
            changed: self.changed,
            canonical: bytes.as_deref(),
        });
        let statement: Value = serde_json::from_str(&statement).unwrap();
        let mut item = json!({
            "state": if told.data.is_some() { "updated" } else { "deleted" },
            "kind": told.kind.as_str(), "id": told.id, "modified": told.rev, "fed": statement
        });
        if let Some(data) = &told.data {
            item["data"] = data.clone();
        }
        item
    }
}

/// What it says, as a directory would that signs nothing.
pub fn unsigned(mut said: Value) -> Value {
    for item in said.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        item.as_object_mut().unwrap().remove("fed");
    }
    let members = said.as_object_mut().unwrap();
    members.remove("keys");
    members.remove("keys_sig");
    said
}

/// The last part of a path, and the number that a page follows.
fn brief(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let what = path.rsplit('/').next().unwrap_or_default();
    let after = query.split('&').find_map(|pair| pair.strip_prefix("afterChangeNumber="));
    let after = after.and_then(|number| number.parse::<i64>().ok());
    after.map_or_else(|| what.to_owned(), |after| format!("{what} after {}", after - BEGAN))
}

/// The same name gives the same id.
pub fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

pub fn organization() -> Value {
    json!({"id": id("holder"), "name": "Holder", "description": "Holds clubs."})
}

pub fn service(number: usize) -> Value {
    json!({
        "id": id(&format!("service {number}")), "name": format!("Club {number}"), "status": "active",
        "description": "A club for everybody.", "organization": {"id": id("holder"), "name": "Holder, as the service calls it", "description": "x"}
    })
}
