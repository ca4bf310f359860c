use proptest::prelude::*;
use serde_json::json;

use super::*;

fn package(files: &[(&str, &str)]) -> Join {
    let mut package = Package::default();
    for (name, content) in files {
        package.add(name, &mut content.as_bytes()).unwrap();
    }
    package.join().unwrap()
}

fn services(join: &mut Join) -> Vec<Joined> {
    join.service_rows()
        .into_iter()
        .map(|row| {
            let joined = join.service(row);
            join.given(&joined.nested);
            joined
        })
        .collect()
}

#[test]
fn tables_of_today_are_joined_into_services() {
    let mut join = package(&[
        ("organizations.csv", "id,name,description\no1,Larkspur Hall Trust,A hall\no2,Gorse Friends,\n"),
        ("services.csv", "id,organization_id,program_id,name,status\ns1,o1,p1,Warm lunch,active\ns2,o1,,Repair morning,active\n"),
        ("locations.csv", "id,name,latitude,longitude\nl1,Larkspur Hall,51.9,-0.44\nl2,Empty barn,,\n"),
        ("service_at_locations.csv", "id,service_id,location_id\nx1,s1,l1\nx2,s2,l1\n"),
        ("addresses.csv", "id,location_id,address_1,city,postal_code\na1,l1,4 Larkspur Way,Luton,LU3 9XQ\n"),
        ("contacts.csv", "id,service_id,name\nc1,s1,Desk\n"),
        ("phones.csv", "id,contact_id,service_id,number\nt1,c1,s1,01632 960123\nt2,,s9,01632 960124\nt3,,,01632 960125\n"),
        (
            "schedules.csv",
            "id,service_id,location_id,service_at_location_id,freq,byday,opens_at,closes_at\nh1,s1,l1,,WEEKLY,TU,12:00,14:00\n",
        ),
        (
            "attributes.csv",
            "id,link_id,link_entity,link_type,taxonomy_term_id,value\nm1,s1,service,need,t1,yes\nm2,nobody,service,need,t1,\n",
        ),
        ("taxonomy_terms.csv", "id,name,taxonomy_id\nt1,Food,x\n"),
        ("programs.csv", "id,name\np1,Winter welcome\n"),
        ("units.csv", "id,name\nu1,seat\n"),
        ("service_capacities.csv", "id,service_id,unit_id,available,updated\nq1,s1,u1,4,2026-11-20T09:00:00Z\n"),
    ]);
    let joined = services(&mut join);
    insta::assert_json_snapshot!(joined.iter().map(|one| &one.value).collect::<Vec<_>>(), @r#"
    [
      {
        "attributes": [
          {
            "id": "m1",
            "link_entity": "service",
            "link_type": "need",
            "taxonomy_term_id": "t1",
            "value": "yes"
          }
        ],
        "capacities": [
          {
            "available": "4",
            "id": "q1",
            "unit": {
              "id": "u1",
              "name": "seat"
            },
            "updated": "2026-11-20T09:00:00Z"
          }
        ],
        "contacts": [
          {
            "id": "c1",
            "name": "Desk",
            "phones": [
              {
                "id": "t1",
                "number": "01632 960123"
              }
            ]
          }
        ],
        "id": "s1",
        "name": "Warm lunch",
        "organization": {
          "description": "A hall",
          "id": "o1",
          "name": "Larkspur Hall Trust"
        },
        "organization_id": "o1",
        "program": {
          "id": "cdcea38a-a082-590c-b0fb-4fc2f8ac66e5",
          "name": "Winter welcome"
        },
        "program_id": "cdcea38a-a082-590c-b0fb-4fc2f8ac66e5",
        "service_at_locations": [
          {
            "id": "x1",
            "location": {
              "addresses": [
                {
                  "address_1": "4 Larkspur Way",
                  "city": "Luton",
                  "id": "a1",
                  "postal_code": "LU3 9XQ"
                }
              ],
              "id": "l1",
              "latitude": "51.9",
              "longitude": "-0.44",
              "name": "Larkspur Hall"
            },
            "location_id": "l1",
            "schedules": [
              {
                "byday": "TU",
                "closes_at": "14:00",
                "freq": "WEEKLY",
                "id": "h1",
                "opens_at": "12:00"
              }
            ]
          }
        ],
        "status": "active"
      },
      {
        "id": "s2",
        "name": "Repair morning",
        "organization_id": "o1",
        "service_at_locations": [
          {
            "id": "x2",
            "location_id": "l1"
          }
        ],
        "status": "active"
      }
    ]
    "#);
    let places: Vec<String> = joined[0].parts.iter().map(|part| format!("{} {}:{}", part.path, part.file, part.line)).collect();
    assert!(places.contains(&"contacts[0].phones[0] phones.csv:2".to_owned()), "{places:?}");
    assert!(places.contains(&"service_at_locations[0].location.addresses[0] addresses.csv:2".to_owned()), "{places:?}");
    assert_eq!(join.further_organizations().map(|one| one.value["name"].clone()).collect::<Vec<_>>(), ["Gorse Friends"]);
    assert_eq!(join.further_locations().map(|one| one.value["name"].clone()).collect::<Vec<_>>(), ["Empty barn"]);
    let problems: Vec<String> =
        join.take_problems().into_iter().map(|problem| format!("{}:{} {}", problem.file, problem.line, problem.reason)).collect();
    insta::assert_json_snapshot!(problems, @r#"
    [
      "phones.csv:3 has nothing to belong to: there is no service \"s9\"",
      "phones.csv:4 does not name what it belongs to (contact_id, service_at_location_id, service_id, location_id, organization_id)",
      "attributes.csv:3 has nothing to belong to: there is no service \"nobody\""
    ]
    "#);
}

#[test]
fn older_tables_are_joined_into_services_of_today() {
    let mut join = package(&[
        ("Organization.csv", "ID,Name,URL\n1,Larkspur Hall Trust,https://larkspur-hall.example.org\n"),
        ("service.csv", "id,organization_id,name,status\n10,1,Warm lunch,active\n"),
        ("location.csv", "id,name\n5,Larkspur Hall\n"),
        ("services_at_location.csv", "id,service_id,location_id\n7,10,5\n"),
        ("physical_addresses.csv", "id,location_id,address_1,city,postal_code\n1,5,4 Larkspur Way,Luton,LU3 9XQ\n"),
        ("regular_schedule.csv", "id,service_id,location_id,weekday,opens_at,closes_at\n1,10,5,Tuesday,12:00,14:00\n"),
        ("holiday_schedule.csv", "id,service_at_location_id,closed,start_date,end_date\n1,7,TRUE,2026-12-25,2026-12-26\n"),
        ("eligibility.csv", "id,service_id,eligibility,minimum_age\n3,10,Older people,60\n"),
        ("accessibility_for_disabilities.csv", "id,location_id,accessibility\n1,5,Step-free\n"),
        ("service_taxonomy.csv", "id,service_id,taxonomy_id,taxonomy_detail\n1,10,esd:1106,\n"),
        (
            "taxonomy.csv",
            "id,name,parent_id,parent_name,vocabulary\nesd:1106,Lunch clubs,esd:11,Meals,esd\nesd:11,Meals,NULL,,esd\n",
        ),
        ("link_taxonomy.csv", "id,link_type,link_id,taxonomy_id\n1,eligibility,3,esd:11\n2,location,5,esd:77\n"),
        ("language.csv", "id,service_id,language\n1,10,Urdu\n"),
        ("review.csv", "id,service_id,score\n1,10,5\n"),
    ]);
    let joined = services(&mut join);
    insta::assert_json_snapshot!(joined[0].value, @r#"
    {
      "attributes": [
        {
          "id": "service_taxonomy 1",
          "link_entity": "service",
          "taxonomy_term_id": "esd:1106"
        },
        {
          "id": "link_taxonomy 1",
          "link_entity": "service",
          "link_type": "eligibility",
          "taxonomy_term_id": "esd:11"
        }
      ],
      "eligibility_description": "Older people",
      "id": "10",
      "languages": [
        {
          "id": "1",
          "name": "Urdu"
        }
      ],
      "minimum_age": 60.0,
      "name": "Warm lunch",
      "organization": {
        "id": "1",
        "name": "Larkspur Hall Trust",
        "website": "https://larkspur-hall.example.org"
      },
      "organization_id": "1",
      "service_at_locations": [
        {
          "id": "7",
          "location": {
            "accessibility": [
              {
                "description": "Step-free",
                "id": "accessibility_for_disability 1"
              }
            ],
            "addresses": [
              {
                "address_1": "4 Larkspur Way",
                "address_type": "physical",
                "city": "Luton",
                "id": "physical_address 1",
                "postal_code": "LU3 9XQ"
              }
            ],
            "attributes": [
              {
                "id": "link_taxonomy 2",
                "link_entity": "location",
                "taxonomy_term_id": "esd:77"
              }
            ],
            "id": "5",
            "name": "Larkspur Hall"
          },
          "location_id": "5",
          "schedules": [
            {
              "byday": "TU",
              "closes_at": "14:00",
              "freq": "WEEKLY",
              "id": "regular_schedule 1",
              "notes": "Closed from 25 December 2026 to 26 December 2026",
              "opens_at": "12:00"
            }
          ]
        }
      ],
      "status": "active"
    }
    "#);
    let terms: Vec<_> = join.terms().map(|(kind, joined)| (kind, joined.value)).collect();
    assert_eq!(
        terms[0],
        (
            crate::model::Kind::TaxonomyTerm,
            json!({"id": "esd:1106", "code": "esd:1106", "name": "Lunch clubs", "parent_id": "esd:11",
        "taxonomy": "esd", "taxonomy_detail": {"id": "esd", "name": "esd"}})
        )
    );
    let problems: Vec<String> =
        join.take_problems().into_iter().map(|problem| format!("{}: {}", problem.file, problem.reason)).collect();
    assert_eq!(
        problems,
        [
            "review.csv: this directory does not store reviews of services (1 rows)",
            "link_taxonomy.csv: the package has no term \"esd:77\"; it is only shown if the directory has one",
        ]
    );
}

#[test]
fn a_place_whose_service_is_not_taken_is_left_out() {
    let join = package(&[
        ("services.csv", "id,name\ns1,\n"),
        ("locations.csv", "id,name\nl1,Hidden House\n"),
        ("service_at_locations.csv", "id,service_id,location_id\nx1,s1,l1\nx2,s9,l1\n"),
    ]);
    assert_eq!(join.further_locations().count(), 0);
    assert_eq!(join.locations_left_out().count(), 1);
}

#[test]
fn of_two_rows_with_the_same_id_the_first_stands() {
    let mut join = package(&[
        ("organizations.csv", "id,name\no1,First\no1,Second\n"),
        ("services.csv", "id,name,organization_id\ns1,A,o1\ns1,B,o1\n"),
    ]);
    let joined = services(&mut join);
    assert_eq!((joined.len(), joined[0].value["organization"]["name"].clone()), (1, json!("First")));
    let problems = join.take_problems();
    assert_eq!(problems.iter().map(|problem| (problem.line, problem.rejected)).collect::<Vec<_>>(), [(3, false), (3, true)]);
}

#[test]
fn a_description_may_name_the_files() {
    let mut package = Package::default();
    package.describe("datapackage.json", br#"{"resources": [{"name": "services", "path": "data/export_1.csv"}, {"name": "x"}]}"#);
    package.add("data/export_1.csv", &mut &b"id,name\n1,A\n"[..]).unwrap();
    package.add("data/export_2.csv", &mut &b"id,name\n1,A\n"[..]).unwrap();
    let mut join = package.join().unwrap();
    assert_eq!(join.service_rows().len(), 1);
    assert_eq!(join.take_problems()[0].file, "export_2.csv");
    assert!(Package::default().join().is_err());
}

#[test]
fn a_description_leads_to_no_file_outside_the_package() {
    for path in ["../services.csv", "data/../../services.csv", "/etc/services.csv", "C:\\services.csv", "..\\services.csv"] {
        let mut package = Package::default();
        let resources = json!({"resources": [{"name": "services", "path": [path, "./data//services-2.csv"]}]});
        package.describe("export/datapackage.json", resources.to_string().as_bytes());
        assert_eq!(package.folders().into_iter().collect::<Vec<_>>(), ["export/data"], "{path}");
        let refused = package.join().unwrap_err();
        assert!(refused.ends_with("leads outside the package, so it was not read"), "{path}: {refused}");
    }
    let mut package = Package::default();
    let many: Vec<String> = (0..5_000).map(|n| format!("folder {n}/a.csv")).collect();
    package.describe("datapackage.json", json!({"resources": [{"name": "services", "path": many}]}).to_string().as_bytes());
    assert_eq!(package.folders().len(), 1_000);
}

#[test]
fn packages_are_told_from_folders_of_sheets() {
    assert!(is_package(["services.csv", "organizations.csv"]) && is_package(["x.csv", "datapackage.json"]));
    assert!(!is_package(["services.csv", "notes.csv"]) && !is_package(["organizations.csv"]) && !is_package(["groups.csv"]));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(
        first in prop::sample::select(vec!["service", "location", "taxonomy", "contact"]),
        second in prop::sample::select(vec!["phone", "attribute", "service_at_location", "holiday_schedule", "eligibility", "schedule", "metadata"]),
        one in "[a-z,_\n\"0-2]{0,60}", other in "(id|service_id|link_id|location_id|,|\n|1|2){0,12}",
    ) {
        let mut package = Package::default();
        package.add(&format!("{first}.csv"), &mut format!("id,name,service_id\n{one}").as_bytes()).unwrap();
        package.add(&format!("{second}.csv"), &mut format!("id,service_id,location_id,link_id\n{other}").as_bytes()).unwrap();
        if let Ok(mut join) = package.join() {
            services(&mut join);
            let _ = (join.terms().count(), join.further_organizations().count(), join.further_locations().count(), join.take_problems());
        }
    }
}
