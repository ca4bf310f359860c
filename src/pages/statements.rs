//! The accessibility statement that the regulations prescribe, and the privacy notice: texts to start
//! from, true of the software. What only the publisher knows is left to them, and said to be.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use maud::html;

use super::{Site, layout, layout::Page};

/// The accessibility statement (The Public Sector Bodies (Websites and Mobile Applications)
/// Accessibility Regulations 2018).
pub(super) async fn accessibility(State(site): State<Site>, headers: HeaderMap) -> Response {
    let name = &*site.directory.name;
    let body = html! {
        h1 { "Accessibility statement" }
        p class="lead" { "This statement is about the pages of " (name) ". We want as many people as possible to be able to use them." }
        h2 { "What you should be able to do" }
        ul {
            li { "make the text four times as large without scrolling sideways" }
            li { "get everywhere with a keyboard, or by speaking" }
            li { "listen to the pages with a screen reader" }
            li { "use every page without JavaScript, on a small screen, in dark colours or in colours of your own" }
            li { "print the pages" }
        }
        h2 { "How accessible these pages are" }
        p { "The pages are made to meet the Web Content Accessibility Guidelines (WCAG) 2.2, level AA. A program checks every kind of page for this. People who use screen readers, voice control or magnifiers have not tested them yet, so there may be problems that we do not know of." }
        p { "Listings link to other websites and documents, which we do not look after." }
        h2 { "If something does not work for you" }
        p { "Tell " (name) " what you were trying to do, and on what device. Say so, too, if you need something in another form, such as large print, easy read or on paper." }
        h2 { "If you are not happy with the answer" }
        p { "The Equality and Human Rights Commission (EHRC) enforces the Public Sector Bodies (Websites and Mobile Applications) (No. 2) Accessibility Regulations 2018. If you are not happy with how we answer, contact the Equality Advisory and Support Service (EASS)." }
        h2 { "About this statement" }
        p { "This text comes with the software. Whoever runs this directory has to check it and add who answers, how soon, and when it was last reviewed." }
    };
    let page = Page { path: Some("/directory/accessibility".to_owned()), ..Page::new("Accessibility statement", body) };
    layout::answer(&site, &headers, Ok(page))
}

/// The privacy notice.
pub(super) async fn privacy(State(site): State<Site>, headers: HeaderMap) -> Response {
    let name = &*site.directory.name;
    let body = html! {
        h1 { "Privacy notice" }
        p class="lead" { "You can use every page of " (name) " without telling us who you are." }
        h2 { "What we keep of you" }
        p { "Nothing. We set no cookies. We count how often pages are asked for, not by whom. We do not keep what you search for, what you answer to the questions, what you write into the budget, or your postcode. They are worked with while the page is made, and are then gone." }
        p { "To keep the server from being overrun, it counts requests of each network address for about a minute, in memory. The addresses are not written down." }
        h2 { "What others may keep" }
        ul {
            li { "Your own device keeps a history of the pages you open. “Exit this page” does not clear it." }
            li { "Whoever runs your network, such as an employer or a library, may see that you were on this website, but not what you answered." }
            li { "A file that you save, or a page that you print, can be read by others who find it." }
            li { "Links lead to other websites, which have notices of their own." }
        }
        h2 { "People named in listings" }
        p { "Listings may name people who can be contacted. If you are named and do not want to be, tell " (name) ": your name is then taken out, here and in the directories that follow this one." }
        h2 { "About this notice" }
        p { "This text comes with the software. Whoever runs this directory has to check it, and add who is responsible for data protection and how to reach them and the Information Commissioner’s Office." }
    };
    let page = Page { path: Some("/directory/privacy".to_owned()), ..Page::new("Privacy notice", body) };
    layout::answer(&site, &headers, Ok(page))
}
