//! The plan as one file that needs nothing else: to keep, to print, to take along.

use axum::{
    extract::{State, rejection::StringRejection},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};

use super::{
    carried::Carried,
    nearby::Nearby,
    panels,
    place::Place,
    result::{self, Plan},
    start,
};
use crate::{
    http::Problem,
    pages::{
        Site, home,
        language::{as_written, rightwards, say, spoken, weave},
        layout, phones,
        results::sent,
        words,
    },
};

/// What the file looks like.
const STYLE: &str = "body{font:1.1rem/1.5 sans-serif;max-width:42em;margin:1em auto;padding:0 1em;color:#16191d;background:#fff}\
h1,h2,h3{line-height:1.2}ul.lines{list-style:none;padding:0}ul.lines li{margin:.5em 0}ul.lines span{display:block}.who{font-weight:700}\
.number{font-size:1.3em;font-weight:700;margin-inline-end:.5em}.urgent{border-inline-start:.4em solid #a8201a;padding-inline-start:1em}\
caption,th{text-align:start}th{font-weight:400}td.number,th.number{font-size:1em;text-align:end;margin:0;padding-inline-start:.6em}\
.sample{border:2px solid #16191d;padding:0 1em}@media print{a{color:inherit}}";

/// The plan of somebody who answered the questions.
pub(super) async fn checked(State(site): State<Site>, headers: HeaderMap, body: Result<String, StringRejection>) -> Response {
    let edition = match site.self_help.in_force().await {
        Ok(edition) => edition,
        Err(reason) => return layout::answer(&site, &headers, Ok(start::unavailable(&site, reason).await)),
    };
    let made = async {
        let carried = Carried::read(&sent(&headers, body)?, &edition.checker);
        let place = Place::find(&site, Some(&edition.contacts), carried.place.clone()).await?;
        let mut result = result::work_out(&site, &edition, &carried, &place).await?;
        // Who answers now is not who answers when it is read.
        result.advice.chooser.now = None;
        Ok::<_, Problem>(document(&site, &of_result(&site, &result)))
    };
    match made.await {
        Ok(document) => download(document),
        Err(problem) => layout::answer(&site, &headers, Err(problem)),
    }
}

fn of_result(site: &Site, result: &Plan<'_>) -> Markup {
    html! {
        @if result.edition.is_sample() { p class="sample" { (say("This is a sample. No council has reviewed it. Do not rely on its phone numbers.")) } }
        h2 { (as_written(result.advice.title)) }
        @if let Some(text) = result.advice.text { p { (as_written(text)) } }
        (panels::list(&result.advice.panels, &result.advice.chooser, &Markup::default()))
        @if !result.advice.gives_999() { (home::danger()) }
        (result::whose(&result.advice, &Markup::default()))
        (result::elsewhere(result))
        (result::reasons(result))
        (result::steps(result, |path| site.address(path), &Markup::default()))
        (result::talk(result))
        (places(site, &result.nearby))
        (panels::reviewed(result.edition))
    }
}

/// What is near, with whole addresses.
pub(super) fn places(site: &Site, nearby: &Nearby) -> Markup {
    let item = |found: &super::nearby::Found| {
        let (path, name) = found.listing.link();
        html! {
            li {
                a href=(site.address(path)) { (as_written(name)) }
                @if let Some(phone) = found.phone() { ". " (say("Phone")) " " span dir=[rightwards()] { (phones::to_ring(&phone, None)) } }
                @for (label, value) in found.facts() { br; (say(label)) ": " (value) }
            }
        }
    };
    html! {
        @if nearby.all().next().is_some() { h2 { (say("Help near you")) } }
        @for need in &nearby.needs {
            h3 { (as_written(&need.name)) }
            ul { @for found in &need.services { (item(found)) } }
        }
        @if !nearby.workshops.is_empty() {
            h3 { (say("Workshops and groups")) }
            ul { @for found in &nearby.workshops { (item(found)) } }
        }
    }
}

/// A whole file around the parts of a plan. Its title says nothing of what it is about.
pub(super) fn document(site: &Site, body: &Markup) -> String {
    let day = words::date(site.today());
    html! {
        (DOCTYPE)
        html lang=(spoken().page_tag()) dir=[spoken().runs_leftwards().then_some("rtl")] {
            head {
                meta charset="utf-8";
                title { (say("My plan")) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (say("My plan")) }
                    (layout::draft())
                    p { (weave("Made on {day} with {name}. Phone numbers and times change: check before you go.", &[("day", html! { (day) }), ("name", as_written(&site.directory.name))])) }
                    (body)
                }
            }
        }
    }
    .into_string()
}

/// The file as an answer that is saved, not shown, and kept nowhere on the way.
pub(super) fn download(document: String) -> Response {
    let mut response = (StatusCode::OK, document).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"my-plan.html\""),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
