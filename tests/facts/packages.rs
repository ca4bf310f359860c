//! Data packages whose description says where their tables lie.

use serde_json::json;

use super::intake::{import_folder, said, zipped};
use crate::support::{TestApp, fact};

/// Tables in a folder, the services cut into two files; the description lies above them.
fn in_folders() -> Vec<(&'static str, String)> {
    let resources = json!({"resources": [
        {"name": "organizations", "path": "data/groups.csv"},
        {"name": "services", "path": ["./data/services-1.csv", "data/services-2.csv"]},
        {"name": "phones", "path": "data/more/phones.csv"},
        {"name": "contacts", "path": "data/contacts.csv"},
    ]});
    let heading = "id,organization_id,name,status,email";
    vec![
        ("datapackage.json", resources.to_string()),
        ("data/groups.csv", "id,name,description\n1,Elm,A group.\n".to_owned()),
        ("data/services-1.csv", format!("{heading}\n1,1,Elm lunch,active,\n1,1,Elm lunch,active,\n")),
        (
            "data/services-2.csv",
            format!("{heading}\n2,1,Elm supper,active,walks at elm\n3,1,,active,\n1,1,Elm lunch,active,\n4,1,A,active,,5\n"),
        ),
        ("data/more/phones.csv", "id,service_id,number\n1,2,01632 960123\n2,9,01632 960124\n".to_owned()),
        ("old/services.csv", format!("{heading}\n7,1,Elm breakfast,active,\n")),
    ]
}

fn written(files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

async fn services(app: &TestApp) -> Vec<(String, usize)> {
    let answer = app.get("/services?full=true").await.json();
    let mut services: Vec<(String, usize)> = answer["contents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap().to_owned(), one["phones"].as_array().map_or(0, Vec::len)))
        .collect();
    services.sort();
    services
}

const READ: [&str; 7] = [
    "rejected line 3: services-1.csv: the id \"1\" is already used on line 2; the first is used",
    "rejected line 4: services-2.csv: the id \"1\" is already used on line 2 of services-1.csv; the first is used",
    "rejected line 5: services-2.csv: has 6 cells under 5 headings; text with a comma in it needs quotation marks around it",
    "rejected line 3: services-2.csv: name is missing; a service needs it",
    "left out of line 0: datapackage.json | names files that are not here, or not as CSV: data/contacts.csv",
    "left out of line 3: phones.csv | has nothing to belong to: there is no service \"9\"",
    "left out of line 2: email | \"walks at elm\" is not an email address (expected something like name@example.org) (services-2.csv, line 2)",
];

fact! {
    async fn tables_in_folders_and_in_several_files_are_read_where_their_description_says(app) {
        let files = in_folders();
        let folder = written(&files);
        let report = import_folder(&app, folder.path()).await;
        let mut lines = said(&report);
        lines.sort();
        let mut expected = READ.map(str::to_owned).to_vec();
        expected.sort();
        assert_eq!(lines, expected, "nobody asked for the old folder");
        assert_eq!(services(&app).await, [("Elm lunch".to_owned(), 0), ("Elm supper".to_owned(), 1)]);
        // The same as a zip, in a folder of its own; there it is seen what nobody asked for.
        let zip = zipped(files.iter().map(|(name, content)| (*name, content.as_str())));
        let again = app.import(zip).await;
        assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 2));
        let lines = said(&again);
        let old = "left out of line 0: export 2026-11/old/services.csv | lies in another folder than the services, so it was not imported";
        assert!(lines.contains(&old.to_owned()) && lines.contains(&READ[1].to_owned()), "{lines:?}");
    }
}

fact! {
    async fn a_description_that_leads_out_of_its_package_is_refused_with_a_reason(app) {
        let outside = written(&[("services.csv", "id,organization_id,name,status\n1,1,Secret,active\n".to_owned())]);
        let paths = json!(["../services.csv", outside.path().join("services.csv"), "https://example.org/services.csv"]);
        let resources = json!({"resources": [{"name": "services", "path": paths}, {"name": "phones", "path": "../phones.csv"}]});
        let files = [("datapackage.json", resources.to_string()), ("organizations.csv", "id,name,description\n1,Elm,A group.\n".to_owned())];
        let folder = written(&files);
        for report in [
            import_folder(&app, folder.path()).await,
            app.import(zipped(files.iter().map(|(name, content)| (*name, content.as_str())))).await,
        ] {
            let lines = said(&report);
            assert_eq!(report.rejected_total, 3, "{lines:?}");
            for line in [
                "rejected line 0: the file \"../services.csv\" leads outside the package, so it was not read",
                "rejected line 0: the file \"https://example.org/services.csv\" is an address on the web, and an import fetches nothing: put the file into the package",
                "left out of line 0: datapackage.json | the file \"../phones.csv\" leads outside the package, so it was not read",
            ] {
                assert!(lines.contains(&line.to_owned()), "{lines:?}");
            }
        }
        assert!(app.ids("/services").await.is_empty());
        assert_eq!(app.ids("/organizations").await.len(), 1, "what is inside is read");
    }
}

#[cfg(unix)]
fact! {
    async fn a_linked_folder_of_a_package_is_not_followed(app) {
        let outside = written(&[("services.csv", "id,name,organization_id\n1,A,1\n".to_owned())]);
        let resources = json!({"resources": [{"name": "services", "path": "data/services.csv"}]});
        let folder = written(&[("datapackage.json", resources.to_string())]);
        std::os::unix::fs::symlink(outside.path(), folder.path().join("data")).unwrap();
        let options = fingerpost::importing::Options { source: "a test".to_owned(), ..Default::default() };
        let error = app.app().importer().run_folder(folder.path().to_path_buf(), &options, |_| {}).await.unwrap_err();
        assert!(error.to_string().contains("data is a link, not a folder"), "{error}");
        assert!(app.ids("/services").await.is_empty());
    }
}

fact! {
    async fn a_number_in_a_table_stays_with_the_contact_that_it_names_be_that_in_the_package_or_not(app) {
        let folder = written(&[
            ("organizations.csv", "id,name,description\no1,Elm,A group.\n".to_owned()),
            ("services.csv", "id,organization_id,name,status\ns1,o1,Elm lunch,active\n".to_owned()),
            ("contacts.csv", "id,service_id,name,visibility\nc1,s1,Back office,private\nc2,s1,Lunch desk,\n".to_owned()),
            ("phones.csv", "id,service_id,contact_id,number\nt1,s1,c1,01632 960123\nt2,s1,c2,01632 960124\nt3,s1,c9,01632 960125\nt4,s1,,01632 960126\n".to_owned()),
        ]);
        let report = import_folder(&app, folder.path()).await;
        assert_eq!(said(&report), ["left out of line 4: phones.csv | the package has no contact \"c9\"; the number is kept, but only shown if that contact is"]);
        let told = app.get("/services?full=true").await.text();
        for (number, is_told) in [("960123", false), ("960124", true), ("960125", false), ("960126", true)] {
            assert_eq!(told.contains(number), is_told, "{number}: {told}");
        }
        let service = app.ids("/services").await[0].parse().unwrap();
        let kept = app.app().records.find(service).await.unwrap().unwrap().document;
        assert!(kept.contains("01632 960123") && kept.contains("01632 960125"), "{kept}");
    }
}
