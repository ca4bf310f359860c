//! Claiming an organisation.

mod codes;

use fingerpost::identity::PlatformRole;
use uuid::Uuid;

use super::{id, with_pantry};
use crate::support::{Answer, TestApp, browser::Browser, fact, sink::Sink};

pub(super) async fn claim(browser: &Browser<'_>, organisation: Uuid) -> Answer {
    let path = format!("/account/organisations/{organisation}/claim");
    let page = browser.open(&path).await;
    let with = [("words", "I run the Thursday session."), ("terms", "yes")];
    browser.submit(&page, &path, &with).await
}

async fn keeps(app: &TestApp, email: &str, organisation: Uuid) -> bool {
    app.app().identity().members(organisation).await.unwrap().iter().any(|member| member.person.email.as_str() == email)
}

fact! {
    async fn whoever_has_the_domain_of_the_listing_keeps_it_at_once(app) {
        with_pantry(&app).await;
        let amina = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        let found = amina.open("/account/find?q=lark+hill").await;
        assert!(found.text().contains("Lark Hill Community Pantry"), "{}", found.text());
        let page = claim(&amina, id("marsh farm")).await;
        assert!(page.text().contains("Who manages it"), "{}", page.text());
        assert!(keeps(&app, "amina@lark-hill.example.org", id("marsh farm")).await);
    }
}

fact! {
    async fn others_wait_for_a_moderator_and_hear_why(app) {
        with_pantry(&app).await;
        for email in ["amina@gmail.com", "amina@lark-hill.example.org.evil.example", "amina@evil.example"] {
            let stranger = Browser::signed_in(&app, email).await;
            let page = claim(&stranger, id("marsh farm")).await;
            assert!(page.text().contains("Someone from the council will decide"), "{email}: {}", page.text());
            assert!(!keeps(&app, email, id("marsh farm")).await);
        }
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let queue = moderator.open("/moderation").await;
        assert_eq!(queue.text().matches("asks to manage it").count(), 3);
        let claim = app.app().identity().waiting_claims().await.unwrap().remove(0);
        let path = format!("/moderation/claims/{}", claim.id);
        let page = moderator.open(&path).await;
        assert!(page.text().contains("I run the Thursday session."));
        let again = moderator.submit(&page, &path, &[("do", "refuse")]).await;
        assert!(again.text().contains("There is a problem"), "a refusal needs a reason");
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("do", "refuse"), ("reason", "We could not reach you by phone.")]).await;
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let told = sink.received().into_iter().find(|letter| letter.text().contains("could not reach you by phone"));
        assert_eq!(told.expect("the person is told").to, ["amina@gmail.com"]);
    }
}

/// The digits of the code in the latest letter that has one.
pub(super) fn latest_code(sink: &Sink) -> String {
    let letters = sink.received();
    let letter = letters.iter().rev().find(|letter| letter.text().contains("give them this code")).expect("a code went out");
    letter.text().split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 8).expect("eight digits").to_owned()
}

fact! {
    async fn a_claim_can_be_withdrawn_while_it_waits(app) {
        with_pantry(&app).await;
        let amina = Browser::signed_in(&app, "amina@gmail.com").await;
        let page = claim(&amina, id("marsh farm")).await;
        let identity = app.app().identity();
        let path = format!("/account/claims/{}", identity.waiting_claims().await.unwrap().remove(0).id);
        let mallory = Browser::signed_in(&app, "mallory@evil.example").await;
        let theirs = claim(&mallory, id("marsh farm")).await;
        let own = format!("/account/claims/{}", identity.waiting_claims().await.unwrap().remove(1).id);
        let token = theirs.text().split("name=\"form\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        let foreign = mallory.post(&path, "https://directory.luton.example.org", &[("form", &token), ("do", "withdraw")]).await;
        assert_eq!(foreign.status, 404, "nobody takes back what others ask");
        let back = amina.submit(&page, &path, &[("do", "withdraw")]).await;
        assert!(back.text().contains("You withdrew your request."), "{}", back.text());
        let waiting = identity.waiting_claims().await.unwrap();
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        assert!(own.ends_with(&waiting[0].id.to_string()));
        let trail = identity.audit(None, None, 10).await.unwrap();
        assert!(trail.iter().any(|line| line.what == "take back a claim"), "{trail:?}");
    }
}

fact! {
    async fn whoever_is_on_the_listing_hears_that_somebody_keeps_it_from_now_on(app) {
        with_pantry(&app).await;
        let sink = Sink::start().await;
        let amina = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        claim(&amina, id("marsh farm")).await;
        assert!(keeps(&app, "amina@lark-hill.example.org", id("marsh farm")).await);
        sink.mailer(&app).send_due().await.unwrap();
        let told: Vec<_> = sink.received().into_iter().filter(|letter| letter.text().contains("can now edit")).collect();
        assert!(told.iter().any(|letter| letter.to == ["hello@lark-hill.example.org"]), "{told:?}");
        let text = told[0].text();
        assert!(text.contains("amina@lark-hill.example.org") && text.contains("/directory/report/"), "{text}");
        let trail = app.app().identity().audit(None, None, 10).await.unwrap();
        assert!(trail.iter().any(|line| line.what == "decide a claim" && line.detail.contains("has the domain")), "{trail:?}");
    }
}

fact! {
    async fn a_mailbox_that_pupils_have_is_no_proof_and_moderators_hear_where_no_address_is_listed(app) {
        let mut school = crate::facts::pantry();
        school["organization"]["website"] = serde_json::json!("https://hill.luton.sch.uk/");
        let mut hall = crate::facts::refuge();
        for (name, value) in [("id", serde_json::json!(id("hall"))), ("name", serde_json::json!("Hall club")), ("attributes", serde_json::json!([])), ("service_at_locations", serde_json::json!([])), ("description", serde_json::json!("Games."))] {
            hall[name] = value;
        }
        hall["organization"] = serde_json::json!({"id": id("hall trust"), "name": "Hall trust", "description": "A hall.", "website": "https://www.hall-trust.example.org/"});
        app.import(format!("{school}\n{hall}\n")).await;
        let pupil = Browser::signed_in(&app, "pupil@hill.luton.sch.uk").await;
        let page = claim(&pupil, id("marsh farm")).await;
        assert!(page.text().contains("Someone from the council will decide"), "{}", page.text());
        let _moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let jo = Browser::signed_in(&app, "jo@hall-trust.example.org").await;
        claim(&jo, id("hall trust")).await;
        assert!(keeps(&app, "jo@hall-trust.example.org", id("hall trust")).await);
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let told: Vec<_> = sink.received().into_iter().filter(|letter| letter.text().contains("can now edit")).collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].to, ["moderator@council.example.org"]);
    }
}

fact! {
    async fn a_refuge_is_never_claimed_without_a_call_back(app) {
        let mut listing = crate::facts::refuge();
        listing["organization"]["email"] = serde_json::json!("office@rowan.example.org");
        app.import(format!("{listing}\n")).await;
        let somebody = Browser::signed_in(&app, "office@rowan.example.org").await;
        let page = claim(&somebody, id("rowan")).await;
        assert!(page.text().contains("Someone from the council will decide"), "{}", page.text());
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        assert!(!sink.received().iter().any(|letter| letter.text().contains("code")), "no code is sent");
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let claim = app.app().identity().waiting_claims().await.unwrap().remove(0);
        let path = format!("/moderation/claims/{}", claim.id);
        let page = moderator.open(&path).await;
        let refused = moderator.submit(&page, &path, &[("do", "accept")]).await;
        assert!(refused.text().contains("href=\"#called_back.number\""), "{}", refused.text());
        assert!(!keeps(&app, "office@rowan.example.org", id("rowan")).await);
        let page = moderator.open(&path).await;
        moderator.submit(&page, &path, &[("do", "accept"), ("called_back.number", "0808 157 0114"), ("called_back.spoke_to", "the manager")]).await;
        assert!(keeps(&app, "office@rowan.example.org", id("rowan")).await);
        let trail = moderator.open("/moderation/audit").await.text();
        assert!(trail.contains("called back on 0808 157 0114, spoke to the manager"), "the call back is on record: {trail}");
    }
}

fact! {
    async fn a_second_claim_goes_to_whoever_leads(app) {
        with_pantry(&app).await;
        let _lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let second = Browser::signed_in(&app, "second@lark-hill.example.org").await;
        let page = claim(&second, id("marsh farm")).await;
        assert!(page.text().contains("Someone from the council will decide"), "{}", page.text());
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        assert!(sink.received().iter().any(|letter| letter.to == ["lead@lark-hill.example.org"]), "the lead hears of it");
    }
}

fact! {
    async fn a_removed_member_can_do_nothing_from_that_moment(app) {
        with_pantry(&app).await;
        let lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/organisations/{}/members", id("marsh farm"));
        let home = format!("/account/organisations/{}", id("marsh farm"));
        let page = lead.open(&home).await;
        lead.submit(&page, &path, &[("do", "invite"), ("email", "ex@lark-hill.example.org"), ("role", "editor")]).await;
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        assert!(sink.received().iter().any(|letter| letter.to == ["ex@lark-hill.example.org"]));
        let ex = Browser::signed_in(&app, "ex@lark-hill.example.org").await;
        let identity = app.app().identity();
        let invitation = identity.invitations_for(&"ex@lark-hill.example.org".parse().unwrap()).await.unwrap().remove(0);
        let page = ex.open("/account").await;
        let accept = format!("/account/invitations/{}", invitation.id);
        let asked = ex.submit(&page, &accept, &[]).await;
        assert!(asked.text().contains("href=\"#terms\"") && asked.text().contains("an open licence, which cannot be withdrawn"), "{}", asked.text());
        assert_eq!(identity.invitations_for(&"ex@lark-hill.example.org".parse().unwrap()).await.unwrap().len(), 1, "nobody writes here who has not agreed");
        ex.submit(&asked, &accept, &[("terms", "yes")]).await;
        let listing = format!("/account/listings/{}/about", id("pantry"));
        let form = ex.open(&listing).await;
        assert_eq!(form.status, 200);
        let person = identity.person_at(&"ex@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap();
        // The form on the lead's page for this member.
        let page = lead.open(&home).await;
        lead.submit(&page, &path, &[("do", "remove"), ("person", &person.id.to_string()), ("-email", ""), ("-role", "")]).await;
        let after = ex.submit(&form, &listing, &[("do", "save"), ("description", "Hacked")]).await;
        assert!(after.text().contains("Send me a link"), "the session ended with the grant: {}", after.text());
        let back = Browser::signed_in(&app, "ex@lark-hill.example.org").await;
        assert_eq!(back.open(&listing).await.status, 404);
    }
}

fact! {
    async fn the_terms_name_the_licence_and_the_privacy_notice_and_what_was_agreed_to_is_kept(app) {
        with_pantry(&app).await;
        let amina = Browser::signed_in(&app, "amina@lark-hill.example.org").await;
        let path = format!("/account/organisations/{}/claim", id("marsh farm"));
        let page = amina.open(&path).await;
        let licence = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/";
        for said in [&format!("href=\"{licence}\""), "Open Government Licence v3.0", "href=\"/directory/privacy\""] {
            assert!(page.text().contains(said), "{said}: {}", page.text());
        }
        amina.submit(&page, &path, &[("words", "I run it."), ("terms", "yes")]).await;
        let trail = app.app().identity().audit(None, None, 10).await.unwrap();
        let agreed = trail.iter().find(|line| line.what == "agree to the terms").expect("it is on record");
        assert!(agreed.detail.starts_with("terms of ") && agreed.detail.contains(licence) && agreed.who.starts_with("person:"), "{agreed:?}");
    }
}

fact! {
    async fn the_last_lead_cannot_leave_the_others_alone(app) {
        with_pantry(&app).await;
        let lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let other = identity.welcome(&tx, &"other@lark-hill.example.org".parse().unwrap()).await.unwrap();
        identity.add_member(&tx, id("marsh farm"), other.id, fingerpost::identity::MemberRole::Editor).await.unwrap();
        tx.commit().await.unwrap();
        let page = lead.open(&format!("/account/organisations/{}", id("marsh farm"))).await;
        let me = identity.person_at(&"lead@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap();
        let path = format!("/account/organisations/{}/members", id("marsh farm"));
        let refused = lead.submit(&page, &path, &[("do", "leave"), ("sure", "yes"), ("person", &me.id.to_string())]).await;
        assert_eq!(refused.status, 409, "{}", refused.text());
        assert!(keeps(&app, "lead@lark-hill.example.org", id("marsh farm")).await);
    }
}

fact! {
    async fn whom_the_only_lead_invited_takes_over_when_they_have_left(app) {
        with_pantry(&app).await;
        let organisation = id("marsh farm");
        let lead = Browser::keeper(&app, "lead@lark-hill.example.org", organisation).await;
        let page = lead.open(&format!("/account/organisations/{organisation}")).await;
        let path = format!("/account/organisations/{organisation}/members");
        let page = lead.submit(&page, &path, &[("email", "next@lark-hill.example.org"), ("role", "editor"), ("do", "invite")]).await;
        let me = app.app().identity().person_at(&"lead@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap().id.to_string();
        let asked = lead.submit(&page, &path, &[("do", "leave"), ("person", &me)]).await;
        for said in ["Nobody else manages it", "next@lark-hill.example.org", "becomes lead"] {
            assert!(asked.text().contains(said), "{}", asked.text());
        }
        assert!(keeps(&app, "lead@lark-hill.example.org", organisation).await, "one tap is not enough");
        lead.submit(&asked, &path, &[("do", "leave")]).await;
        assert!(!keeps(&app, "lead@lark-hill.example.org", organisation).await);
        let next = Browser::signed_in(&app, "next@lark-hill.example.org").await;
        let home = next.open("/account").await;
        let invitation = home.text().split("/account/invitations/").nth(1).expect("it is still good").split('"').next().unwrap().to_owned();
        next.submit(&home, &format!("/account/invitations/{invitation}"), &[("terms", "yes")]).await;
        let members = app.app().identity().members(organisation).await.unwrap();
        let [only] = &members[..] else { panic!("{members:?}") };
        assert_eq!(only.membership.role, fingerpost::identity::MemberRole::Lead, "somebody leads");
    }
}

fact! {
    async fn a_moderator_reads_which_number_to_ring_about_a_claim_of_a_protected_listing(app) {
        with_pantry(&app).await;
        let stranger = Browser::signed_in(&app, "office@rowan.example.org").await;
        let path = format!("/account/organisations/{}/claim", id("rowan"));
        let page = stranger.open(&path).await;
        stranger.submit(&page, &path, &[("words", "I am the manager."), ("terms", "yes")]).await;
        let claims = app.app().identity().claims_of(app.app().identity().person_at(&"office@rowan.example.org".parse().unwrap()).await.unwrap().unwrap().id).await.unwrap();
        let moderator = Browser::officer(&app, fingerpost::identity::PlatformRole::Moderator).await;
        let page = moderator.open(&format!("/moderation/claims/{}", claims[0].id)).await.text();
        assert!(page.contains("value=\"0808 157 0114\"") && page.contains("0808 157 0114, the published number of"), "{page}");
    }
}

fact! {
    async fn who_lets_others_in_or_out_is_seen_by_those_whom_it_concerns(app) {
        with_pantry(&app).await;
        let lead = Browser::keeper(&app, "lead@lark-hill.example.org", id("marsh farm")).await;
        let _other = Browser::keeper(&app, "other@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/organisations/{}", id("marsh farm"));
        let members = format!("{path}/members");
        let page = lead.open(&path).await;
        let other = app.app().identity().person_at(&"other@lark-hill.example.org".parse().unwrap()).await.unwrap().unwrap();
        lead.submit(&page, &format!("{path}/tokens"), &[("name", "Booking"), ("scope", "write"), ("do", "make")]).await;
        let invite = [("email", "mallory@evil.example"), ("role", "lead"), ("do", "invite")];
        let form = lead.open(&path).await.text();
        let proof = form.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let send = async |fields: &[(&str, &str)]| {
            let mut all = vec![("form", proof.as_str())];
            all.extend_from_slice(fields);
            lead.post(&members, crate::support::PUBLIC_URL.trim_end_matches('/'), &all).await
        };
        assert_eq!(send(&invite).await.status, 303);
        // Nobody leaves for somebody else: that is removing them.
        let person = other.id.to_string();
        assert_eq!(send(&[("do", "leave"), ("sure", "yes"), ("person", &person)]).await.status, 403);
        assert_eq!(send(&[("do", "remove"), ("person", &person)]).await.status, 303);
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        let to_other: Vec<String> =
            sink.received().into_iter().filter(|letter| letter.to == ["other@lark-hill.example.org"]).map(|letter| letter.text()).collect();
        for said in ["created a token", "invited mallory@evil.example as lead", "has removed other@lark-hill.example.org"] {
            assert!(to_other.iter().any(|letter| letter.contains(said)), "{said}: {to_other:?}");
        }
    }
}

fact! {
    async fn only_an_officer_lets_people_and_programs_into_a_protected_organisation(app) {
        with_pantry(&app).await;
        let lead = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        let path = format!("/account/organisations/{}", id("rowan"));
        let page = lead.open(&path).await.text();
        assert!(page.contains("ask the council") && !page.contains("Create a token</button>"), "{page}");
        let proof = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let origin = crate::support::PUBLIC_URL.trim_end_matches('/');
        let invite = [("form", proof.as_str()), ("email", "mallory@evil.example"), ("role", "lead"), ("do", "invite")];
        assert_eq!(lead.post(&format!("{path}/members"), origin, &invite).await.status, 403);
        let make = [("form", proof.as_str()), ("name", "x"), ("scope", "write"), ("days", "365"), ("do", "make")];
        assert_eq!(lead.post(&format!("{path}/tokens"), origin, &make).await.status, 403);
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let page = moderator.open(&path).await;
        moderator.submit(&page, &format!("{path}/members"), &[("email", "new@rowan.example.org"), ("role", "editor"), ("do", "invite")]).await;
        assert_eq!(app.app().identity().invitations_of(id("rowan")).await.unwrap().len(), 1);
    }
}
