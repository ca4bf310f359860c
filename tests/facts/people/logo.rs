//! Logos: read within limits, written anew, looked at by a moderator, given out from here.

use std::io::Cursor;

use fingerpost::{identity::PlatformRole, safekeeping};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use super::{id, with_pantry};
use crate::support::{browser::Browser, fact};

fn apple() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(RgbImage::from_pixel(600, 300, Rgb([30, 120, 40]))).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

const ALT: &str = "Marsh Farm Pantry, a green apple";

fact! {
    async fn a_logo_waits_for_a_moderator_and_is_then_given_out_from_here(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/logo", id("marsh farm"));
        let page = amina.open(&path).await;
        let told = amina.upload(&page, &path, &[("alt", ""), ("do", "save")], &apple()).await;
        assert!(told.text().contains("href=\"#alt\""), "it needs words: {}", told.text());
        let sent = amina.upload(&page, &path, &[("alt", ALT), ("do", "save")], &apple()).await;
        assert!(sent.text().contains("A moderator will check it"), "{}", sent.text());
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        let document: serde_json::Value = serde_json::from_str(&waiting[0].document).unwrap();
        let address = document["logo"].as_str().unwrap().to_owned();
        let public = address.strip_prefix("https://directory.luton.example.org").unwrap().to_owned();
        assert_eq!(app.get(&public).await.status, 404, "nobody sees it before");
        // Those who keep or decide it do.
        let moderator = Browser::officer(&app, PlatformRole::Moderator).await;
        let change = format!("/moderation/changes/{}", waiting[0].id);
        let page = moderator.open(&change).await;
        let private = format!("/account{public}");
        assert!(page.text().contains(&format!("src=\"{private}\"")), "{}", page.text());
        let seen = moderator.open(&private).await;
        assert_eq!((seen.status.as_u16(), seen.header("content-type")), (200, "image/png"));
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        assert_eq!(stranger.open(&private).await.status, 404);

        moderator.submit(&page, &change, &[("do", "decide")]).await;
        app.follow().await;
        let picture = app.get(&public).await;
        assert_eq!(picture.status, 200);
        assert_eq!(picture.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(picture.header("x-content-type-options"), "nosniff");
        let drawn = image::load_from_memory(&picture.body).unwrap();
        assert_eq!((drawn.width(), drawn.height()), (400, 200), "made smaller");
        let organisation = app.get(&format!("/organizations/{}", id("marsh farm"))).await.json();
        assert_eq!((organisation["logo"].as_str(), organisation["logo_alt"].as_str()), (Some(address.as_str()), Some(ALT)));
        let page = app.page(&format!("/directory/organisations/{}", id("marsh farm"))).await;
        assert!(page.text().contains(&format!("src=\"{public}\" alt=\"{ALT}\"")), "{}", page.text());

        // A backup has it.
        let file = app.folder.path().join("../").join(format!("{}.backup", fingerpost::ids::fresh()));
        safekeeping::backup(&app.app().records, &file).await.unwrap();
        let Some(other) = crate::support::TestApp::start(app.on).await else { return };
        safekeeping::restore(&other.app().records, &file, &other.config.data_dir).await.unwrap();
        other.follow().await;
        assert_eq!(other.get(&public).await.body, picture.body);
        other.end().await;
        std::fs::remove_file(file).unwrap();

        // Taken away, it is gone for everybody.
        let page = moderator.open(&path).await;
        moderator.upload(&page, &path, &[("do", "remove")], b"").await;
        app.follow().await;
        assert_eq!(app.get(&public).await.status, 404);
    }
}

fact! {
    async fn a_picture_that_came_without_its_words_is_not_chosen_again(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/logo", id("marsh farm"));
        let page = amina.open(&path).await;
        let told = amina.upload(&page, &path, &[("alt", ""), ("do", "save")], &apple()).await;
        assert!(told.text().contains("href=\"#alt\"") && told.text().contains("Your picture is here already"), "{}", told.text());
        let seen = told.text().split("<img class=\"logo\" src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert_eq!(amina.open(&seen).await.header("content-type"), "image/png");
        // A picture of another organisation, or none, is not taken by its address.
        let kept = told.text().split("name=\"kept\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        for other in [kept.replace(&id("marsh farm").to_string(), &id("rowan").to_string()), "https://tracker.example.org/a.png".to_owned()] {
            let refused = amina.upload(&told, &path, &[("alt", ALT), ("kept", &other), ("do", "save")], b"").await;
            assert!(refused.text().contains("hoose the picture again"), "{other}: {}", refused.text());
        }
        let sent = amina.upload(&told, &path, &[("alt", ALT), ("do", "save")], b"").await;
        assert!(sent.text().contains("A moderator will check it"), "{}", sent.text());
        let waiting = app.app().records.waiting(None, None, 10).await.unwrap();
        assert!(waiting[0].document.contains(&kept), "{}", waiting[0].document);
    }
}

fact! {
    async fn a_photograph_of_a_phone_is_made_small_here(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/logo", id("marsh farm"));
        let page = amina.open(&path).await;
        let mut photograph = Cursor::new(Vec::new());
        DynamicImage::from(RgbImage::from_pixel(3_400, 2_550, Rgb([90, 120, 40]))).write_to(&mut photograph, ImageFormat::Jpeg).unwrap();
        let mut photograph = photograph.into_inner();
        photograph.resize(4 << 20, 0);
        let sent = amina.upload(&page, &path, &[("alt", ALT), ("do", "save")], &photograph).await;
        assert!(sent.text().contains("A moderator will check it"), "{}", sent.text());
    }
}

fact! {
    async fn hostile_files_are_refused_in_words(app) {
        with_pantry(&app).await;
        let amina = Browser::keeper(&app, "amina@lark-hill.example.org", id("marsh farm")).await;
        let path = format!("/account/listings/{}/logo", id("marsh farm"));
        let page = amina.open(&path).await;
        let mut bomb = apple();
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
        let cases = [(Vec::new(), "Choose a picture"), (svg, "We cannot read this picture"), (vec![0; 13 << 20], "more than 12 MB")];
        for (file, said) in cases {
            let told = amina.upload(&page, &path, &[("alt", ALT), ("do", "save")], &file).await;
            assert!(told.text().contains(said), "{said}: {}", told.text());
            assert!(told.text().contains(ALT), "what was typed stays: {}", told.text());
        }
        let told = amina.upload(&page, &path, &[("alt", ALT), ("do", "save")], &bomb).await;
        assert!(told.text().contains("There is a problem"), "{}", told.text());
        let told = amina.upload(&page, &path, &[("alt", ALT), ("do", "save")], &vec![0; 33 << 20]).await;
        assert!(told.status.is_client_error() && told.text().contains("larger than 32 MB"), "{}: {}", told.status, told.text());
        assert!(app.app().records.waiting(None, None, 10).await.unwrap().is_empty());
        // Somebody who does not keep it sends nothing.
        let stranger = Browser::signed_in(&app, "stranger@example.org").await;
        let own = stranger.open("/account/profile").await;
        assert_eq!(own.status, 200);
        let sent = stranger.upload(&page, &path, &[("alt", ALT), ("do", "save")], &apple()).await;
        assert_eq!(sent.status, 403, "a form of somebody else proves nothing");
    }
}

fact! {
    async fn a_logo_elsewhere_is_not_loaded(app) {
        let mut listing = crate::facts::pantry();
        listing["organization"]["logo"] = serde_json::json!("https://tracker.example.org/logo.png");
        app.import(listing.to_string()).await;
        let page = app.page(&format!("/directory/organisations/{}", id("marsh farm"))).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("Lark Hill Community Pantry") && !page.text().contains("tracker.example.org/logo"), "{}", page.text());
    }
}

fact! {
    async fn on_a_page_that_is_to_be_kept_quiet_nothing_stands_above_the_way_to_999(app) {
        let mut listing = crate::facts::refuge();
        let name = format!("{}.png", "a".repeat(64));
        listing["organization"]["logo"] = serde_json::json!(format!("https://directory.luton.example.org/pictures/{}/{name}", id("rowan")));
        app.import(listing.to_string()).await;
        let page = app.page(&format!("/directory/organisations/{}", id("rowan"))).await.text();
        let main = page.split("id=\"main\"").nth(1).unwrap();
        assert!(main.find("In danger now?").unwrap() < main.find("<img class=\"logo\"").unwrap(), "{main}");
    }
}
