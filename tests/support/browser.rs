//! Somebody with a browser: keeps cookies, follows redirects, fills in the forms that it is shown.

use std::{cell::RefCell, collections::BTreeMap};

use http::{Method, StatusCode};
use uuid::Uuid;

use super::{Answer, BROWSER, PUBLIC_URL, TestApp};

/// A browser with its cookies.
pub struct Browser<'a> {
    app: &'a TestApp,
    cookies: RefCell<BTreeMap<String, String>>,
    agent: &'static str,
}

impl<'a> Browser<'a> {
    pub fn new(app: &'a TestApp) -> Self {
        let agent = "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0";
        Self { app, cookies: RefCell::default(), agent }
    }

    /// A browser on which somebody is signed in by a link.
    pub async fn signed_in(app: &'a TestApp, email: &str) -> Self {
        let browser = Self::new(app);
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let secret = identity.link_for(&tx, &email.parse().unwrap(), "").await.unwrap();
        tx.commit().await.unwrap();
        let page = browser.open(&format!("/sign-in/link/{}", secret.as_str())).await;
        let inside = browser.submit(&page, "/sign-in/link", &[]).await;
        assert_eq!(inside.status, 200, "{}", inside.text());
        browser
    }

    /// A browser of somebody who keeps an organisation.
    pub async fn keeper(app: &'a TestApp, email: &str, organisation: Uuid) -> Self {
        use fingerpost::identity::MemberRole;
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let mut person = identity.welcome(&tx, &email.parse().unwrap()).await.unwrap();
        person.terms_at = Some(app.clock.now());
        identity.keep_person(&tx, &person).await.unwrap();
        identity.add_member(&tx, organisation, person.id, MemberRole::Lead).await.unwrap();
        tx.commit().await.unwrap();
        Self::signed_in(app, email).await
    }

    /// A browser of somebody with a role for the whole directory.
    pub async fn officer(app: &'a TestApp, role: fingerpost::identity::PlatformRole) -> Self {
        let email = format!("{}@council.example.org", role.as_str());
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        identity.give_role(&tx, &email.parse().unwrap(), Some(role)).await.unwrap();
        tx.commit().await.unwrap();
        Self::signed_in(app, &email).await
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub fn forget(&self, name: &str) {
        self.cookies.borrow_mut().remove(name);
    }

    pub fn steal(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        let cookies = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut all = vec![("accept", BROWSER), ("user-agent", self.agent), ("cookie", &cookies)];
        all.extend_from_slice(headers);
        let answer = self.app.ask(method, path, &all, body).await;
        for set in answer.headers.get_all("set-cookie") {
            let text = set.to_str().unwrap();
            for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(text.contains(attribute), "{text}");
            }
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            if text.contains("Max-Age=0") { self.forget(name) } else { self.steal(name, value) }
        }
        answer
    }

    /// Open a page, following redirects.
    pub async fn open(&self, path: &str) -> Answer {
        let mut answer = self.send(Method::GET, path, &[], "").await;
        for _ in 0..5 {
            if !answer.status.is_redirection() || answer.status == StatusCode::NOT_MODIFIED {
                return answer;
            }
            let next = answer.header("location").to_owned();
            assert!(next.starts_with('/'), "sent to {next}");
            answer = self.send(Method::GET, &next, &[], "").await;
        }
        panic!("sent round in circles from {path}");
    }

    /// The same, without following.
    pub async fn open_only(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// Send a body as a page of another origin would, or without what a form needs.
    pub async fn post(&self, path: &str, origin: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, &[("content-type", "application/x-www-form-urlencoded"), ("origin", origin)], body).await
    }

    /// Fill in the form of a page that goes to `action`, press a button (a pair among `with`), and follow.
    pub async fn submit(&self, page: &Answer, action: &str, with: &[(&str, &str)]) -> Answer {
        let answer = self.submit_only(page, action, with).await;
        if answer.status == StatusCode::SEE_OTHER {
            let next = answer.header("location").to_owned();
            self.app.follow().await;
            return self.open(&next).await;
        }
        answer
    }

    /// Send the form of a page that goes to `action` with a file, and follow.
    pub async fn upload(&self, page: &Answer, action: &str, with: &[(&str, &str)], file: &[u8]) -> Answer {
        let mut fields = form(&page.text(), action);
        for (name, value) in with {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        fields.retain(|(name, _)| name != "file");
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        body.extend(b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../logo.png\"\r\nContent-Type: image/png\r\n\r\n");
        body.extend_from_slice(file);
        body.extend(b"\r\n--edge--\r\n");
        let origin = PUBLIC_URL.trim_end_matches('/');
        let headers = [("content-type", "multipart/form-data; boundary=edge"), ("origin", origin)];
        let answer = self.send(Method::POST, action, &headers, body).await;
        if answer.status == StatusCode::SEE_OTHER {
            let next = answer.header("location").to_owned();
            self.app.follow().await;
            return self.open(&next).await;
        }
        answer
    }

    /// The same, without following.
    pub async fn submit_only(&self, page: &Answer, action: &str, with: &[(&str, &str)]) -> Answer {
        let mut fields = form(&page.text(), action);
        for (name, value) in with {
            // "+name" ticks one more box of that name.
            if let Some(more) = name.strip_prefix('+') {
                fields.push((more.to_owned(), (*value).to_owned()));
                continue;
            }
            // "-name" unticks a box.
            let plain = name.trim_start_matches('-');
            fields.retain(|(known, _)| known != plain);
            if plain == *name {
                fields.push((plain.to_owned(), (*value).to_owned()));
            }
        }
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(action, PUBLIC_URL.trim_end_matches('/'), &pairs).await
    }
}

/// The fields of the first form of a page that goes to `action`, as a browser would send them.
fn form(page: &str, action: &str) -> Vec<(String, String)> {
    let wanted = format!("action=\"{action}\"");
    let start = page
        .match_indices("<form")
        .find(|(at, _)| page[*at..].split('>').next().is_some_and(|tag| tag.contains(&wanted) && tag.contains("\"post\"")))
        .unwrap_or_else(|| panic!("no form goes to {action}: {page}"))
        .0;
    let inside = page[start..].split("</form>").next().unwrap();
    let mut fields = Vec::new();
    for (at, _) in inside.match_indices('<') {
        let rest = &inside[at + 1..];
        let tag = rest.split('>').next().unwrap();
        let after = &rest[tag.len() + 1..];
        let Some(name) = attribute(tag, "name") else { continue };
        let kind = attribute(tag, "type").unwrap_or_default();
        if tag.starts_with("input") {
            let ticked = tag.split_whitespace().any(|word| word.trim_end_matches('/') == "checked");
            if !matches!(kind.as_str(), "checkbox" | "radio") || ticked {
                fields.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        } else if tag.starts_with("textarea") {
            fields.push((name, unescape(after.split("</textarea>").next().unwrap())));
        } else if tag.starts_with("select") {
            let options = after.split("</select>").next().unwrap();
            let chosen = options
                .split("<option")
                .skip(1)
                .map(|option| option.split('>').next().unwrap())
                .find(|option| option.contains(" selected"))
                .or_else(|| options.split("<option").nth(1).map(|option| option.split('>').next().unwrap()));
            fields.push((name, chosen.and_then(|option| attribute(option, "value")).unwrap_or_default()));
        }
    }
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    Some(unescape(tag[start..].split('"').next().unwrap()))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
