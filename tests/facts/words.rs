//! What people write: danger is seen in everyday and misspelt words, and not where there is none.

use serde_json::{Value, json};

use super::{
    commands::{run, text},
    id,
    search::{percent, service},
    sheets::told,
};
use crate::support::{TestApp, fact};

/// What was made of somebody's words.
async fn understood(app: &TestApp, words: &str) -> Value {
    app.get(&format!("/services?relaxed=true&search={}", percent(words))).await.json()["interpreted"].clone()
}

/// The lines of a file of `tests/judged`, without its heading, as cells.
fn lines(file: &str) -> Vec<Vec<String>> {
    let path = format!("{}/tests/judged/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// How many of a hundred sentences of danger that nobody looked at when the phrases were written are understood at least.
const UNSEEN_DANGER: usize = 90;
/// How many of a hundred ordinary sentences of that kind raise no alarm at least.
const UNSEEN_CALM: usize = 95;

/// Shares of what was looked at and of what was not, in hundredths, and what went wrong in either.
struct Shares {
    right: [usize; 2],
    all: [usize; 2],
    wrong: Vec<String>,
}

impl Shares {
    fn new() -> Self {
        Self { right: [0; 2], all: [0; 2], wrong: Vec::new() }
    }

    fn count(&mut self, list: &str, is_right: bool, told: &str) {
        let at = usize::from(list == "unseen");
        self.all[at] += 1;
        self.right[at] += usize::from(is_right);
        if !is_right {
            self.wrong.push(format!("{list}: {told}"));
        }
    }

    fn share(&self, at: usize) -> usize {
        self.right[at] * 100 / self.all[at]
    }
}

fact! {
    async fn what_people_write_in_text_messages_stands_in_no_ones_way(app) {
        app.take(&[service("Debt advice desk", "Help with debts and bills that you cannot pay.", json!({})), service("Knitting circle", "Wool and cake.", json!({}))]).await;
        for words in ["how to pay my bills", "idk how 2 pay my bills", "dunno how 2 pay my bills 2nite"] {
            assert_eq!(app.names(&format!("/services?search={}", percent(words))).await, ["Debt advice desk"], "{words}");
        }
        assert_eq!(app.names("/services?search=knitting+2nite").await, ["Knitting circle"]);
    }
}

fact! {
    async fn sentences_of_danger_are_understood_in_everyday_and_misspelt_words(app) {
        app.take(&[service("Knitting circle", "Wool and cake.", json!({}))]).await;
        let mut shares = Shares::new();
        for line in lines("danger.csv") {
            let [list, words, is_urgent, needs] = line.as_slice() else { panic!("{line:?}") };
            let said = understood(&app, words).await;
            let codes: Vec<&str> = said["needs"].as_array().into_iter().flatten().filter_map(|need| need["code"].as_str()).take(2).collect();
            let is_meant = codes.iter().any(|code| needs.split(' ').any(|need| code.starts_with(need)));
            shares.count(list, is_meant && (is_urgent == "no" || said["urgent"] == true), &format!("{words}: {said}"));
        }
        assert!(shares.share(0) == 100 && shares.share(1) >= UNSEEN_DANGER, "{:?} of {:?}: {:#?}", shares.right, shares.all, shares.wrong);
    }
}

fact! {
    async fn what_people_say_of_those_around_them_leads_to_help_and_hides_no_danger(app) {
        app.take(&[service("Knitting circle", "Wool and cake.", json!({}))]).await;
        for (words, need, urgent, sensitive) in [
            ("my dad drinks", "health-alcohol-drugs", false, true), ("dad drinks and hits mum", "safety-domestic-abuse", true, true),
            ("my mum cant cope", "caring-carers", false, false), ("my mum cant cope anymore", "health-crisis", true, true),
            ("my son is being bullied", "family-parenting", false, false), ("my son is being bullied and wants to die", "health-crisis", true, true),
            ("nan is on her own", "social-company", false, false), ("my nan is alone and has collapsed", "safety-emergency", true, true),
            ("no gas", "energy-no-supply", false, false), ("bailiffs are here", "money-bailiffs", false, false), ("kids hungry", "food-emergency", false, false),
            ("uc has been stopped", "money-benefits", false, false), ("benefits stopped", "money-benefits", false, false), ("pip refused", "money-benefits", false, false),
            ("someone to talk to", "health-mental", false, false), ("i want to stop drinking", "health-alcohol-drugs", false, false), ("lost my dad", "family-bereavement", false, false),
            ("he hits me", "safety-domestic-abuse", true, true), ("bloke in my flat wont leave", "safety-violence", false, true), ("cant read", "learning-skills", false, false),
        ] {
            let said = understood(&app, words).await;
            assert_eq!((&said["needs"][0]["code"], &said["urgent"], &said["sensitive"]), (&json!(need), &json!(urgent), &json!(sensitive)), "{words}: {said}");
        }
    }
}

fact! {
    async fn what_people_type_on_a_phone_leads_to_what_they_need(app) {
        app.take(&[service("Knitting circle", "Wool and cake.", json!({}))]).await;
        for (words, need) in [
            ("cnt pay my rent this mnth", "housing-rent-arrears"),
            ("landlord put rent up 200 quid", "housing-advice"),
            ("got a section 21 wot do i do", "housing-eviction"),
            ("house full of black mould kids chest bad", "housing-repairs"),
            ("boiler bust no heating landlord not bovered", "energy-heating"),
            ("5 of us in a one bed flat", "housing-overcrowding"),
            ("how do i bid on council houses", "housing-finding"),
            ("no food til monday", "food-emergency"),
            ("kids eat for free half term luton", "food-affordable"),
            ("were can i get cheap shopping", "food-affordable"),
            ("leccy gone emergency credit used up", "energy-no-supply"),
            ("gas bill gone thru the roof", "energy-bills"),
            ("uc sanctioned got nuffin", "money-benefits"),
            ("pip form help filling in", "money-benefits"),
            ("pip got turned down want to appeal", "money-benefits"),
            ("bailifs coming 2moro council tax", "housing-eviction"),
            ("in loads of debt cant sleep", "money-debt"),
            ("klarna and credit cards maxed", "money-debt"),
            ("lost my job last wk", "work-jobs"),
            ("not been paid my wages off agency", "work-rights"),
            ("need sum1 to do my cv", "work-jobs"),
            ("learn inglish free class for my wife", "learning-english"),
            ("my asylum got refused need a solicitor", "legal-immigration"),
            ("home office letter dont understand", "legal-immigration"),
            ("no recourse cant get benefits got a baby", "legal-immigration"),
            ("feel so lonley since my husband past away", "social-company"),
            ("somewere for my dad to go hes 82 never leaves the house", "social-company"),
            ("mum has dementia i need a brake", "caring-carers"),
            ("wheelchair broke need new one", "health-disability"),
            ("my lad is autistic wont go school", "health-disability"),
            ("cant get a dr appointment", "health-access"),
            ("need a dentist nhs taking on", "health-access"),
            ("panic attacks anxiety who do i talk to", "health-mental"),
            ("hubby drinks everyday how to stop", "health-alcohol-drugs"),
            ("gambled all my wages again", "health-gambling"),
            ("baby stuff nappys cot free", "essentials-baby"),
            ("school uniform too dear", "essentials-clothing"),
            ("got a flat but no bed or cooker", "essentials-furniture"),
            ("lift to hospital appointment cant drive", "transport-travel"),
            ("dont no how to use computer need to do uc online", "digital-access"),
            ("stuff for toddlers to do near me", "family-parenting"),
            ("childminder costs 30 hours help", "family-childcare"),
            ("things for over 60s bury park", "social-company"),
            ("gp surgery wont let me see a doctor", "health-access"),
            ("chemist wont give me my tablets", "health-access"),
            ("my toddler keeps coming into my bed at night", "family-parenting"),
            ("mice come in my bedroom at night", "housing-repairs"),
            ("nowhere else to turn", "legal-advice"),
            ("lift to doctors appointment", "transport-travel"),
            ("no way to get to the hospital", "transport-travel"),
            ("working 30 hours on universal credit", "money-benefits"),
        ] {
            let said = understood(&app, words).await;
            assert_eq!((&said["needs"][0]["code"], &said["urgent"]), (&json!(need), &json!(false)), "{words}: {said}");
        }
    }
}

#[test]
fn whoever_writes_of_danger_is_given_numbers_to_ring_for_it() {
    let contacts: Value = serde_json::from_str(&std::fs::read_to_string("content/support_contacts.json").unwrap()).unwrap();
    let troubles =
        contacts["troubles"].as_array().unwrap().iter().flat_map(|trouble| trouble["needs"].as_array().into_iter().flatten());
    let known: Vec<&str> = troubles.map(|need| need.as_str().unwrap()).collect();
    let mut table = csv::ReaderBuilder::new().flexible(true).from_path("content/everyday_words.csv").unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let urgent: Vec<&csv::StringRecord> = rows.iter().filter(|row| row[2].contains("URGENT")).collect();
    assert!(urgent.len() > 500, "{}", urgent.len());
    let lost = urgent.iter().filter(|row| !row[1].split('|').any(|need| known.contains(&need)));
    assert_eq!(lost.map(|row| &row[0]).collect::<Vec<_>>(), [""; 0]);
}

fact! {
    async fn ordinary_sentences_raise_no_alarm(app) {
        app.take(&[service("Knitting circle", "Wool and cake.", json!({}))]).await;
        let mut shares = Shares::new();
        for line in lines("harmless.csv") {
            let [list, words] = line.as_slice() else { panic!("{line:?}") };
            let said = understood(&app, words).await;
            shares.count(list, said["urgent"] != true && said["sensitive"] != true, &format!("{words}: {said}"));
        }
        assert!(shares.share(0) == 100 && shares.share(1) >= UNSEEN_CALM, "{:?} of {:?}: {:#?}", shares.right, shares.all, shares.wrong);
    }
}

fact! {
    async fn a_real_word_is_not_corrected_and_a_mangled_one_is_what_people_mean(app) {
        app.take(&[
            service("Many named bills", "Shakers, hair, homes, traffic and gangmasters for many.", json!({})),
            service("Night shelter", "For homeless people.", json!({})),
        ]).await;
        let none: [String; 0] = [];
        for word in ["pills", "man", "naked", "shake", "hai", "gang"] {
            let said = app.get(&format!("/services?search={word}")).await.json();
            assert_eq!((&said["interpreted"]["corrected"], &said["total_items"]), (&json!([]), &json!(0)), "{word}: {said}");
        }
        assert_eq!(app.names("/services?search=homles").await, ["Night shelter"]);
        assert_eq!(app.names("/services?search=shakrs").await, ["Many named bills"], "a slip is still forgiven");
        assert_eq!(app.names("/services?search=zebra").await, none);
    }
}

fact! {
    async fn who_smells_gas_is_not_led_to_vouchers_and_urgent_needs_are_told_first(app) {
        app.take(&[
            service("Fuel voucher", "A voucher for a prepayment meter, for gas and electric.", json!({})),
            service("Flu jabs", "Vaccination at the health bus.", json!({})),
            service("Tenants' desk", "Help with an eviction.", json!({})),
        ]).await;
        for (words, need) in [("smell of gas", "energy-emergency"), ("chest pain", "safety-emergency"), ("wont wake up", "safety-emergency")] {
            let said = app.get(&format!("/services?relaxed=true&search={}", percent(words))).await.json();
            assert_eq!((&said["total_items"], &said["interpreted"]["needs"][0]["code"], &said["interpreted"]["urgent"]), (&json!(0), &json!(need), &json!(true)), "{words}: {said}");
        }
        let said = understood(&app, "eviction letter and my partner hits me").await;
        let needs: Vec<(&str, bool)> = said["needs"].as_array().unwrap().iter().map(|need| (need["code"].as_str().unwrap(), need["urgent"] == true)).collect();
        assert_eq!(needs[0], ("safety-domestic-abuse", true));
        assert!(needs.contains(&("housing-eviction", false)), "{needs:?}");
    }
}

fact! {
    async fn a_need_takes_in_what_is_narrower(app) {
        app.fixtures().await;
        let total = async |path: &str| app.get(path).await.json()["total_items"].as_u64().unwrap();
        for kind in ["services", "events"] {
            let (wide, narrow) = (total(&format!("/{kind}?need=food")).await, total(&format!("/{kind}?need=food-affordable")).await);
            assert!(wide >= narrow && narrow > 0, "{kind}: {wide} and {narrow}");
        }
        assert_eq!(total("/services?need=food").await, total("/services?need=food-affordable,food-children,food-emergency").await);
        assert_eq!(app.get("/services?need=fod").await.status, 400);
    }
}

fact! {
    async fn a_place_behind_near_that_nobody_knows_is_left_out_and_named(app) {
        app.take(&[service("Larder", "A food bank by the Pix brook.", json!({}))]).await;
        for (words, place) in [("food bank near Bristol", "Bristol"), ("food bank near SW1A", "SW1A"), ("food bank near SW1A 1AA", "SW1A 1AA")] {
            let said = app.get(&format!("/services?search={}", percent(words))).await.json();
            assert_eq!((&said["contents"][0]["name"], &said["interpreted"]["unknown_place"]), (&json!("Larder"), &json!(place)), "{words}: {said}");
        }
        for words in ["food bank near me", "food bank near Pix", "food bank"] {
            let said = app.get(&format!("/services?search={}", percent(words))).await.json();
            assert_eq!((&said["contents"][0]["name"], said["interpreted"].get("unknown_place")), (&json!("Larder"), None), "{words}: {said}");
        }
    }
}

fact! {
    async fn filters_say_yes_in_any_case_and_a_location_has_no_status(app) {
        app.take(&[service("Larder", "A food bank.", json!({}))]).await;
        for yes in ["true", "TRUE", "True", "1", "YES"] {
            assert_eq!(app.get(&format!("/services?open_now={yes}")).await.status, 200, "{yes}");
        }
        let refused = app.get("/locations?status=active").await;
        assert_eq!((refused.status.as_u16(), &refused.json()["parameter"]), (400, &json!("status")), "{}", refused.text());
    }
}

fact! {
    async fn a_snippet_has_only_what_has_the_words(app) {
        app.take(&[service("Club", "Bring your kettles.", json!({}))]).await;
        let found = app.get("/services?search=kettle&snippets=true").await.json();
        assert_eq!(found["snippets"][id("Club").to_string()], json!({"description": "Bring your <mark>kettles</mark>."}));
    }
}

fact! {
    async fn a_new_directory_may_begin_with_the_needs_that_everyday_words_lead_to(app) {
        let report = app.import(std::fs::read("content/needs.ndjson").unwrap()).await;
        assert_eq!((report.rejected.len(), told(&report)), (0, Vec::new()));
        let terms = app.get("/taxonomy_terms?format=ndjson&full=true").await.text();
        let terms: Vec<Value> = terms.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let is_here = |need: &str| terms.iter().any(|term| term["code"] == need);
        let mut table = csv::ReaderBuilder::new().flexible(true).from_path("content/everyday_words.csv").unwrap();
        let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
        let needs: Vec<&str> = rows.iter().flat_map(|row| row[1].split('|')).filter(|need| !need.is_empty()).collect();
        assert!(needs.len() > 1_000, "{}", needs.len());
        assert_eq!(needs.into_iter().filter(|need| !is_here(need)).collect::<Vec<_>>(), [""; 0]);
        let report = app.import("organisation,service,needs\nElm,Larder,food-emergency; People without a home\n").await;
        assert_eq!((report.created, told(&report)), (1, Vec::new()));
        assert_eq!(understood(&app, "nothing to eat").await["needs"][0]["name"], "Food today");
    }
}

fact! {
    async fn a_sheet_that_names_needs_before_there_are_any_is_told_where_they_come_from(app) {
        let report = app.import("organisation,service,needs\nElm,Larder,food-emergency\n").await;
        assert_eq!(told(&report), [
            "2: needs | \"food-emergency\" is not a term here: there are none yet; fingerpost import --needs brings ours, and then import this again",
        ]);
    }
}

#[test]
fn the_list_of_needs_comes_with_the_program_and_is_the_file_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let import = |arguments: &[&str]| {
        let (code, out, said) = text(&run(folder.path(), &[&["import", "--json"][..], arguments].concat()));
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{said}"));
        let of = |what: &str| {
            let kinds = report["records"].as_object().unwrap().values();
            kinds.map(|counts| counts[what].as_u64().unwrap()).sum::<u64>()
        };
        (code, of("created"), of("unchanged"))
    };
    let file = std::fs::canonicalize("content/needs.ndjson").unwrap();
    let all = std::fs::read_to_string(&file).unwrap().lines().count() as u64;
    let first = import(&["--needs", "--dry-run"]);
    assert!(first.0 == 0 && first.1 >= all && first.2 == 0, "{first:?}");
    assert_eq!(import(&["--needs"]), first);
    assert_eq!(import(&["--needs"]), (0, 0, first.1));
    assert_eq!(import(&[file.to_str().unwrap()]), (0, 0, first.1));
    for wrong in [&["--needs", "feed.ndjson"][..], &["--needs", "--format", "csv"]] {
        assert_eq!(text(&run(folder.path(), &[&["import"][..], wrong].concat())).0, 2, "{wrong:?}");
    }
}
