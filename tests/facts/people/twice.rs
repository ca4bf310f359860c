//! Two taps on one button, and forms that come too late: one thing is done, once, and nobody hears of it twice.

use fingerpost::identity::{MemberRole, PlatformRole};
use uuid::Uuid;

use super::{id, public, with_pantry};
use crate::support::{PUBLIC_URL, TestApp, browser::Browser, fact, sink::Sink};

const AMINA: &str = "amina@lark-hill.example.org";
const NEXT: &str = "next@lark-hill.example.org";

async fn amina(app: &TestApp) -> Browser<'_> {
    with_pantry(app).await;
    Browser::keeper(app, AMINA, id("marsh farm")).await
}

fn home() -> String {
    format!("/account/organisations/{}", id("marsh farm"))
}

fn members() -> String {
    format!("{}/members", home())
}

/// How many letters of a subject came to an address.
async fn letters(app: &TestApp, to: &str, subject: &str) -> usize {
    let sink = Sink::start().await;
    sink.mailer(app).send_due().await.unwrap();
    let about = |said: Option<String>| said.is_some_and(|said| said.contains(subject));
    sink.received().iter().filter(|letter| letter.to == [to] && about(letter.header("Subject"))).count()
}

async fn person(app: &TestApp, email: &str) -> String {
    app.app().identity().person_at(&email.parse().unwrap()).await.unwrap().unwrap().id.to_string()
}

async fn role(app: &TestApp, email: &str) -> Option<MemberRole> {
    let members = app.app().identity().members(id("marsh farm")).await.unwrap();
    members.into_iter().find(|member| member.person.email.as_str() == email).map(|member| member.membership.role)
}

async fn named(app: &TestApp, name: &str) -> usize {
    let listings = app.app().records.referring_to(id("marsh farm")).await.unwrap();
    listings.iter().filter(|stored| stored.read().unwrap().name() == name).count()
}

fact! {
    async fn a_new_listing_is_added_once_however_often_its_form_is_sent(app) {
        let amina = amina(&app).await;
        let path = format!("{}/services/new", home());
        let page = amina.open(&path).await;
        let with = [("name", "Repair café"), ("description", "We mend."), ("terms", "yes")];
        let (first, second) = tokio::join!(amina.submit_only(&page, &path, &with), amina.submit_only(&page, &path, &with));
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (303, 303), "{} {}", first.text(), second.text());
        assert_eq!(first.header("location"), second.header("location"));
        assert_eq!(named(&app, "Repair café").await, 1);
        // Whoever goes back and writes down something else adds something else.
        amina.submit_only(&page, &path, &[("name", "Lunch club"), ("description", "We eat."), ("terms", "yes")]).await;
        assert_eq!((named(&app, "Repair café").await, named(&app, "Lunch club").await), (1, 1));
        // And the form of another person is another form, whatever it says.
        let bela = Browser::keeper(&app, "bela@lark-hill.example.org", id("marsh farm")).await;
        let text = page.text();
        let begun = text.split("name=\"begun\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let own = bela.open(&path).await;
        bela.submit_only(&own, &path, &[("begun", &begun), ("name", "Repair café"), ("description", "We mend."), ("terms", "yes")]).await;
        assert_eq!(named(&app, "Repair café").await, 2);

        let path = "/account/organisations/new";
        let page = amina.open(path).await;
        let with = [("name", "Zebra Choir"), ("description", "We sing."), ("terms", "yes")];
        let one = amina.submit_only(&page, path, &with).await;
        let two = amina.submit_only(&page, path, &with).await;
        assert_eq!((one.status.as_u16(), one.header("location")), (303, two.header("location")));
    }
}

fact! {
    async fn whoever_has_left_what_they_added_leads_it_again_by_no_old_form(app) {
        let amina = Browser::signed_in(&app, AMINA).await;
        let path = "/account/organisations/new";
        let page = amina.open(path).await;
        let with = [("name", "Zebra Choir"), ("description", "We sing."), ("terms", "yes")];
        let added = amina.submit_only(&page, path, &with).await;
        let choir: Uuid = added.header("location").split('/').nth(3).unwrap().parse().unwrap();
        let about = format!("/account/listings/{choir}/about");
        amina.submit(&amina.open(&about).await, &about, &[("description", "We sing on Mondays."), ("do", "save")]).await;
        assert_eq!(app.app().records.history(choir).await.unwrap().len(), 2, "theirs is the last word on it");
        let identity = app.app().identity();
        let them = identity.person_at(&AMINA.parse().unwrap()).await.unwrap().unwrap();
        let tx = identity.write().await.unwrap();
        identity.leave(&tx, choir, them.id).await.unwrap();
        tx.commit().await.unwrap();
        let again = amina.submit_only(&page, path, &with).await;
        assert_eq!(again.header("location"), added.header("location"), "nothing is added twice");
        assert!(identity.members(choir).await.unwrap().is_empty());
    }
}

fact! {
    async fn two_taps_on_the_button_of_a_link_sign_in_once_and_lead_on(app) {
        with_pantry(&app).await;
        let identity = app.app().identity();
        let wanted = format!("/account/organisations/{}/claim", id("marsh farm"));
        let tx = identity.write().await.unwrap();
        let secret = identity.link_for(&tx, &AMINA.parse().unwrap(), &wanted).await.unwrap();
        tx.commit().await.unwrap();
        let link = format!("/sign-in/link/{}", secret.as_str());
        let (phone, thief) = (Browser::new(&app), Browser::new(&app));
        let (page, seen) = (phone.open(&link).await, thief.open(&link).await);
        let tap = async |with: &[(&str, &str)]| {
            let answer = phone.submit_only(&page, "/sign-in/link", with).await;
            (answer.status.as_u16(), answer.headers.get("location").map(|to| to.to_str().unwrap().to_owned()))
        };
        let (first, second) = tokio::join!(tap(&[]), tap(&[]));
        assert_eq!((first, second), ((303, Some(wanted.clone())), (303, Some(wanted))));
        let them = identity.person_at(&AMINA.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(identity.sessions(them.id).await.unwrap().len(), 1);
        let trail = identity.audit(None, None, 20).await.unwrap();
        assert_eq!(trail.iter().filter(|line| line.who == format!("person:{}", them.id)).count(), 1, "{trail:?}");
        // Whoever is in is told so, and the link has been used for them as for everybody.
        let used = phone.submit_only(&page, "/sign-in/link", &[]).await;
        assert_eq!((used.status.as_u16(), used.text().contains("It signed you in on this browser")), (410, true), "{}", used.text());
        let opened = phone.open(&link).await;
        assert_eq!((opened.status.as_u16(), opened.text().contains("It signed you in on this browser")), (410, true));
        assert_eq!(phone.open("/account").await.status, 200);
        // A browser that has not taken the first answer in gets the same session.
        let held = phone.cookie("__Host-session").unwrap();
        phone.forget("__Host-session");
        assert_eq!(phone.open(&link).await.status, 410, "opening signs nobody in");
        assert_eq!(tap(&[("return_to", "https://evil.example/")]).await, (303, Some("/account".to_owned())));
        assert_eq!(phone.cookie("__Host-session").unwrap(), held);
        // Nobody else is let in by it, nor anybody a minute later, nor after they have signed out.
        assert_eq!(thief.submit_only(&seen, "/sign-in/link", &[]).await.status, 410);
        phone.forget("__Host-session");
        app.clock.set(app.clock.now() + chrono::Duration::minutes(1));
        assert_eq!(tap(&[]).await.0, 410);
        phone.steal("__Host-session", &held);
        phone.submit_only(&phone.open("/account").await, "/sign-out", &[]).await;
        app.clock.set(app.clock.now() - chrono::Duration::minutes(1));
        assert_eq!(tap(&[]).await.0, 410);
    }
}

fact! {
    async fn a_change_that_is_sent_twice_is_saved_once_and_says_that_it_is(app) {
        let amina = amina(&app).await;
        let path = format!("/account/listings/{}/cost", id("pantry"));
        let page = amina.open(&path).await;
        let with = [("free", "no"), ("cost", "£5 a visit"), ("do", "save")];
        let versions = async || app.app().records.history(id("pantry")).await.unwrap().len();
        let before = versions().await;
        for _ in 0..2 {
            let saved = amina.submit(&page, &path, &with).await;
            assert!(saved.text().contains("It is public now"), "{}", saved.text());
        }
        assert_eq!(versions().await, before + 1);
        // Undone twice, it is undone once.
        let saved = amina.open(&format!("/account/listings/{}?saved=published", id("pantry"))).await;
        let undo = format!("/account/listings/{}/undo", id("pantry"));
        for _ in 0..2 {
            let undone = amina.submit(&saved, &undo, &[]).await;
            assert!(undone.text().contains("Undone."), "{}", undone.text());
        }
        assert_eq!((versions().await, public(&app, "pantry").await["fees_description"].clone()), (before + 2, "£4 a visit".into()));
    }
}

fact! {
    async fn a_listing_that_is_sent_for_publication_twice_waits_once(app) {
        let amina = amina(&app).await;
        let path = format!("{}/services/new", home());
        let page = amina.open(&path).await;
        let times = amina.submit(&page, &path, &[("name", "Repair café"), ("description", "We mend."), ("terms", "yes")]).await;
        let listing = times.text().split("/account/listings/").nth(1).unwrap()[..36].to_owned();
        for (section, with) in [("times", [("day-0", "SA"), ("from-0", "10:00"), ("to-0", "13:00")]), ("cost", [("free", "yes"), ("a", ""), ("b", "")]), ("contact", [("phone", "01632 960555"), ("a", ""), ("b", "")])] {
            let path = format!("/account/listings/{listing}/{section}");
            let with: Vec<(&str, &str)> = with.iter().copied().chain([("do", "save")]).collect();
            amina.submit(&amina.open(&path).await, &path, &with).await;
        }
        let page = amina.open(&format!("/account/listings/{listing}")).await;
        for _ in 0..2 {
            let sent = amina.submit(&page, &format!("/account/listings/{listing}/send"), &[]).await;
            assert!(sent.text().contains("Sent. A moderator will check it"), "{}", sent.text());
        }
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        assert!(moderator.open("/moderation").await.text().contains("1 item waiting"));
    }
}

fact! {
    async fn an_invitation_is_sent_once_and_nobody_is_invited_who_is_there(app) {
        let amina = amina(&app).await;
        let _bela = Browser::keeper(&app, "bela@lark-hill.example.org", id("marsh farm")).await;
        let page = amina.open(&home()).await;
        let with = [("email", NEXT), ("role", "editor"), ("do", "invite")];
        for _ in 0..2 {
            assert_eq!(amina.submit_only(&page, &members(), &with).await.status, 303);
        }
        assert_eq!(app.app().identity().invitations_of(id("marsh farm")).await.unwrap().len(), 1);
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().iter().filter(|letter| letter.to == [NEXT]).count(), 1);
        assert_eq!(sink.received().iter().filter(|letter| letter.to == ["bela@lark-hill.example.org"]).count(), 1);
        // As something else it is another invitation.
        amina.submit_only(&page, &members(), &[("email", NEXT), ("role", "lead"), ("do", "invite")]).await;
        assert_eq!(app.app().identity().invitations_of(id("marsh farm")).await.unwrap()[0].role, MemberRole::Lead);
        let told = amina.submit(&page, &members(), &[("email", "bela@lark-hill.example.org"), ("role", "editor"), ("do", "invite")]).await;
        assert!(told.text().contains("already manages this organisation") && told.text().contains("value=\"bela@lark-hill.example.org\""), "{}", told.text());
    }
}

fact! {
    async fn an_invitation_is_taken_once_and_by_nobody_else(app) {
        let amina = amina(&app).await;
        let page = amina.open(&home()).await;
        amina.submit_only(&page, &members(), &[("email", NEXT), ("role", "editor"), ("do", "invite")]).await;
        let invitation = app.app().identity().invitations_of(id("marsh farm")).await.unwrap()[0].id;
        let accept = format!("/account/invitations/{invitation}");
        // Somebody who has seen its id has another address.
        let thief = Browser::signed_in(&app, "thief@example.org").await;
        let profile = thief.open("/account/profile").await.text();
        let proof = profile.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let tried = thief.post(&accept, PUBLIC_URL.trim_end_matches('/'), &[("form", &proof), ("terms", "yes")]).await;
        assert_eq!(tried.status, 410, "{}", tried.text());
        assert_eq!(role(&app, "thief@example.org").await, None);

        let next = Browser::signed_in(&app, NEXT).await;
        let page = next.open("/account").await;
        let first = next.submit_only(&page, &accept, &[("terms", "yes")]).await;
        assert_eq!(first.status, 303);
        // The second of two taps leads to what they manage, and not to an error.
        let second = next.submit_only(&page, &accept, &[("terms", "yes")]).await;
        assert_eq!(second.status, 410);
        assert!(second.text().contains("has been used already") && second.text().contains(&home()), "{}", second.text());
        assert_eq!(role(&app, NEXT).await, Some(MemberRole::Editor));
    }
}

fact! {
    async fn nobody_is_made_lead_who_has_left_and_no_lead_is_made_less_by_an_invitation(app) {
        let amina = amina(&app).await;
        let next = Browser::keeper(&app, NEXT, id("marsh farm")).await;
        let identity = app.app().identity();
        let tx = identity.write().await.unwrap();
        let them = identity.person_at(&NEXT.parse().unwrap()).await.unwrap().unwrap();
        identity.add_member(&tx, id("marsh farm"), them.id, MemberRole::Editor).await.unwrap();
        tx.commit().await.unwrap();
        let page = amina.open(&home()).await;
        let them = person(&app, NEXT).await;
        let asked = next.submit(&next.open(&home()).await, &members(), &[("do", "leave"), ("person", &them), ("-email", ""), ("-role", "")]).await;
        next.submit(&asked, &members(), &[("do", "leave")]).await;
        assert_eq!(role(&app, NEXT).await, None);
        let late = [("do", "lead"), ("person", them.as_str()), ("-email", ""), ("-role", "")];
        let told = amina.submit(&page, &members(), &late).await;
        assert!(told.status == 403 && told.text().contains("have left"), "{}", told.text());
        assert_eq!(role(&app, NEXT).await, None, "a hand-over brings nobody back");
        // The second of two taps on "Leave" is no error.
        assert_eq!(next.submit_only(&asked, &members(), &[("do", "leave")]).await.header("location"), "/account");

        // Somebody who has become a lead since is not made an editor by an old invitation.
        let tx = identity.write().await.unwrap();
        let invited = identity.invite(&tx, id("marsh farm"), &AMINA.parse().unwrap(), MemberRole::Editor, "person:1").await.unwrap();
        tx.commit().await.unwrap();
        let page = amina.open("/account").await;
        amina.submit_only(&page, &format!("/account/invitations/{}", invited.id), &[]).await;
        assert_eq!(role(&app, AMINA).await, Some(MemberRole::Lead));
    }
}

fact! {
    async fn a_lead_ends_no_sessions_of_people_who_are_none_of_theirs(app) {
        let amina = amina(&app).await;
        let stranger = Browser::keeper(&app, "office@rowan.example.org", id("rowan")).await;
        let page = amina.open(&home()).await;
        let them = person(&app, "office@rowan.example.org").await;
        amina.submit_only(&page, &members(), &[("do", "remove"), ("person", &them), ("-email", ""), ("-role", "")]).await;
        assert!(stranger.open("/account").await.text().contains("Your listings"), "they are still signed in");
        let trail = app.app().identity().audit(None, None, 5).await.unwrap();
        assert!(trail.iter().all(|line| !line.detail.contains(&them)), "{trail:?}");
    }
}

fact! {
    async fn a_report_is_settled_once_and_two_taps_are_no_error(app) {
        with_pantry(&app).await;
        let form = [("content-type", "application/x-www-form-urlencoded")];
        app.ask(http::Method::POST, &format!("/directory/report/{}", id("pantry")), &form, "wrong=phone&words=&reply_to=").await;
        let quality = app.app().quality(&PUBLIC_URL.parse().unwrap());
        let path = format!("/moderation/reports/{}", quality.open_reports().await.unwrap()[0].id);
        let (first, second) = (Browser::officer(&app, PlatformRole::Moderator).await, Browser::officer(&app, PlatformRole::Administrator).await);
        let (one, other) = (first.open(&path).await, second.open(&path).await);
        for _ in 0..2 {
            let settled = first.submit_only(&one, &path, &[("standing", "unchanged"), ("answer", "It is right.")]).await;
            assert_eq!((settled.status.as_u16(), settled.header("location")), (303, "/moderation?done=settled"), "{}", settled.text());
        }
        let told = second.submit_only(&other, &path, &[("standing", "corrected"), ("answer", "Mended.")]).await;
        assert_eq!(told.status, 409, "{}", told.text());
    }
}

/// A change of the pantry's name that waits, and who decides it.
async fn proposed(app: &TestApp) -> (Browser<'_>, String, Uuid) {
    let amina = amina(app).await;
    let path = format!("/account/listings/{}/about", id("pantry"));
    amina.submit(&amina.open(&path).await, &path, &[("name", "The larder"), ("do", "save")]).await;
    let change = app.app().records.waiting(None, None, 10).await.unwrap()[0].id;
    (Browser::officer(app, PlatformRole::Moderator).await, format!("/moderation/changes/{change}"), change)
}

fact! {
    async fn a_decision_or_a_question_that_is_sent_twice_is_made_once(app) {
        let (moderator, path, change) = proposed(&app).await;
        let page = moderator.open(&path).await;
        for _ in 0..2 {
            moderator.submit_only(&page, &format!("{path}/ask"), &[("question", "Is that its name?")]).await;
        }
        assert_eq!(app.app().records.thread(change).await.unwrap().len(), 1);
        assert_eq!(letters(&app, AMINA, "A question about").await, 1);
        for _ in 0..2 {
            let sent = moderator.submit_only(&page, &path, &[("do", "decide")]).await;
            assert_eq!((sent.status.as_u16(), sent.header("location")), (303, "/moderation?done=published"), "{}", sent.text());
        }
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().len(), 1, "the author is told once");
    }
}

fact! {
    async fn whoever_writes_why_and_forgets_the_tick_publishes_nothing(app) {
        let (moderator, path, _) = proposed(&app).await;
        let page = moderator.open(&path).await;
        let asked = moderator.submit(&page, &path, &[("reason-name", "That is not its name."), ("do", "decide")]).await;
        assert!(asked.text().contains("href=\"#refuse-name\"") && asked.text().contains("That is not its name."), "{}", asked.text());
        assert_eq!(public(&app, "pantry").await["name"], "Meadow larder");
        moderator.submit(&asked, &path, &[("refuse-name", "yes"), ("do", "decide")]).await;
        assert_eq!(app.app().records.waiting(None, None, 10).await.unwrap(), []);
        assert_eq!(public(&app, "pantry").await["name"], "Meadow larder");
    }
}

fact! {
    async fn a_claim_is_decided_once_and_the_second_moderator_reads_by_whom(app) {
        with_pantry(&app).await;
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        let lead = "lead@lark-hill.example.org";
        let _lead = Browser::keeper(&app, lead, id("marsh farm")).await;
        let path = format!("{}/claim", home());
        let page = stranger.open(&path).await;
        for _ in 0..2 {
            assert_eq!(stranger.submit_only(&page, &path, &[("words", "I run it."), ("terms", "yes")]).await.status, 303);
        }
        let sink = Sink::start().await;
        sink.mailer(&app).send_due().await.unwrap();
        assert_eq!(sink.received().iter().filter(|letter| letter.to == [lead]).count(), 1, "the lead hears of it once");
        let claim = app.app().identity().waiting_claims().await.unwrap().remove(0).id;
        let path = format!("/moderation/claims/{claim}");
        let (first, second) = (Browser::officer(&app, PlatformRole::Moderator).await, Browser::officer(&app, PlatformRole::Administrator).await);
        let (one, other) = (first.open(&path).await, second.open(&path).await);
        for _ in 0..2 {
            assert_eq!(first.submit_only(&one, &path, &[("do", "accept")]).await.header("location"), "/moderation?done=answered");
        }
        let told = second.submit(&other, &path, &[("do", "refuse"), ("reason", "I do not know them.")]).await;
        assert!(told.status == 409 && told.text().contains("accepted, decided by moderator@council.example.org"), "{}", told.text());
        assert_eq!(role(&app, "stranger@example.org").await, Some(MemberRole::Editor));
    }
}

fact! {
    async fn a_token_whose_form_is_sent_twice_is_made_once_and_the_secret_that_is_shown_is_good(app) {
        let amina = amina(&app).await;
        let (page, path) = (amina.open(&home()).await, format!("{}/tokens", home()));
        let fields = [("name", "Website"), ("scope", "read"), ("days", "90"), ("do", "make"), ("-token", "")];
        for _ in 0..2 {
            let made = amina.submit(&page, &path, &fields).await;
            assert!(made.text().contains("shown only this once"), "{}", made.text());
        }
        let tokens = async || app.app().identity().tokens(Some(id("marsh farm"))).await.unwrap().len();
        assert_eq!(tokens().await, 1, "nobody has read the secret of the first");
        app.clock.set(app.clock.now() + chrono::Duration::minutes(2));
        amina.submit(&amina.open(&home()).await, &path, &fields).await;
        assert_eq!(tokens().await, 2, "later it is another one");
    }
}
