//! The tables of the standard, of every version: what they are called, and on which rows of which
//! other tables their rows hang.

use serde_json::{Map, Value};

use crate::formats::oruk1::parts;

type Object = Map<String, Value>;

/// A table of the standard.
#[derive(Debug)]
pub(super) struct Known {
    /// Name, in the singular.
    pub(super) name: &'static str,
    /// What its rows belong to; the first that leads to a row counts.
    pub(super) hangs: &'static [Hang],
    /// Brings a row's members to the names of today.
    pub(super) shape: fn(&mut Object),
    /// Why its rows are not taken, where they are not.
    pub(super) passed_over: Option<&'static str>,
}

/// That a row belongs to a row of another table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hang {
    /// The column that names the other row.
    pub(super) column: &'static str,
    /// The other table.
    pub(super) on: &'static str,
    /// The list there that it goes into.
    pub(super) list: &'static str,
}

const fn hang(column: &'static str, on: &'static str, list: &'static str) -> Hang {
    Hang { column, on, list }
}

const fn table(name: &'static str, hangs: &'static [Hang]) -> Known {
    Known { name, hangs, shape: as_it_is, passed_over: None }
}

const fn shaped(name: &'static str, hangs: &'static [Hang], shape: fn(&mut Object)) -> Known {
    Known { name, hangs, shape, passed_over: None }
}

const fn passed_over(name: &'static str, reason: &'static str) -> Known {
    Known { name, hangs: &[], shape: as_it_is, passed_over: Some(reason) }
}

/// Every table, of HSDS 1 to 3 and Open Referral UK 1 and 3. Rows of the first ones stand for themselves.
pub(super) const KNOWN: &[Known] = &[
    shaped("organization", &[], parts::organization),
    table("service", &[]),
    table("location", &[]),
    table("taxonomy", &[]),
    table("taxonomy_term", &[]),
    table("program", &[hang("organization_id", "organization", "programs")]),
    table("unit", &[]),
    table("service_at_location", &[hang("service_id", "service", "service_at_locations")]),
    table("address", ON_LOCATION),
    shaped("physical_address", ON_LOCATION, |row| address(row, "physical")),
    shaped("postal_address", ON_LOCATION, |row| address(row, "postal")),
    shaped(
        "phone",
        &[
            hang("contact_id", "contact", "phones"),
            hang("service_at_location_id", "service_at_location", "phones"),
            hang("service_id", "service", "phones"),
            hang("location_id", "location", "phones"),
            hang("organization_id", "organization", "phones"),
        ],
        parts::phone,
    ),
    table(
        "contact",
        &[
            hang("service_at_location_id", "service_at_location", "contacts"),
            hang("service_id", "service", "contacts"),
            hang("location_id", "location", "contacts"),
            hang("organization_id", "organization", "contacts"),
        ],
    ),
    shaped("schedule", WHEN, parts::schedule),
    shaped("regular_schedule", WHEN, parts::schedule),
    table(
        "holiday_schedule",
        &[
            hang("service_at_location_id", "service_at_location", "holiday_schedules"),
            hang("service_id", "service", "holiday_schedules"),
            hang("location_id", "location", "holiday_schedules"),
        ],
    ),
    shaped(
        "language",
        &[
            hang("phone_id", "phone", "languages"),
            hang("service_id", "service", "languages"),
            hang("location_id", "location", "languages"),
        ],
        parts::language,
    ),
    shaped("accessibility", ACCESS, parts::accessibility),
    shaped("accessibility_for_disability", ACCESS, parts::accessibility),
    shaped(
        "service_area",
        &[hang("service_at_location_id", "service_at_location", "service_areas"), hang("service_id", "service", "service_areas")],
        parts::area,
    ),
    shaped("cost_option", &[hang("service_id", "service", "cost_options")], parts::cost),
    table("funding", &[hang("service_id", "service", "funding"), hang("organization_id", "organization", "funding")]),
    table("required_document", &[hang("service_id", "service", "required_documents")]),
    table("organization_identifier", &[hang("organization_id", "organization", "organization_identifiers")]),
    table(
        "url",
        &[hang("service_id", "service", "additional_urls"), hang("organization_id", "organization", "additional_websites")],
    ),
    table("service_capacity", &[hang("service_id", "service", "capacities")]),
    table("eligibility", &[hang("service_id", "service", "eligibilitys")]),
    table("service_taxonomy", &[hang("service_id", "service", "attributes")]),
    table("service_attribute", &[hang("service_id", "service", "attributes")]),
    // These name what they belong to by its id and the name of its table.
    table("attribute", &[]),
    table("other_attribute", &[]),
    table("link_taxonomy", &[]),
    table("metadata", &[]),
    passed_over("review", "this directory does not store reviews of services"),
    passed_over("payment_accepted", "accepted payments are not part of the current standard"),
    passed_over("meta_table_description", "it describes the package, not services in it"),
];

const ON_LOCATION: &[Hang] = &[hang("location_id", "location", "addresses")];
const ACCESS: &[Hang] = &[hang("location_id", "location", "accessibility")];
const WHEN: &[Hang] = &[
    hang("service_at_location_id", "service_at_location", "schedules"),
    hang("service_id", "service", "schedules"),
    hang("location_id", "location", "schedules"),
];

/// Tables whose rows name what they belong to by its id and the name of its table: the columns of
/// both, and the list they go into.
pub(super) fn linked(name: &str) -> Option<(&'static str, &'static [&'static str], &'static str)> {
    match name {
        "attribute" | "other_attribute" | "link_taxonomy" => Some(("link_id", &["link_entity", "link_type"], "attributes")),
        "metadata" => Some(("resource_id", &["resource_type"], "metadata")),
        _ => None,
    }
}

/// Whether rows of other tables go into a list of this name in a row of this table.
pub(super) fn is_list(table: &str, name: &str) -> bool {
    match name {
        "attributes" | "metadata" => can_carry(name).contains(&table),
        _ => KNOWN.iter().flat_map(|known| known.hangs).any(|hang| hang.on == table && hang.list == name),
    }
}

/// What can carry terms and notes of origin, the likeliest first.
pub(super) fn can_carry(list: &str) -> &'static [&'static str] {
    if list == "metadata" {
        &["service", "organization", "location", "service_at_location"]
    } else {
        &[
            "service",
            "organization",
            "location",
            "service_at_location",
            "contact",
            "schedule",
            "regular_schedule",
            "address",
            "accessibility",
            "organization_identifier",
        ]
    }
}

fn as_it_is(_: &mut Object) {}

fn address(row: &mut Object, kind: &str) {
    row.entry("address_type").or_insert_with(|| kind.into());
}

/// The table that a file or a resource of this name holds.
pub(super) fn by_name(name: &str) -> Option<&'static Known> {
    let name = singular(&name.to_lowercase().replace(['-', ' '], "_"));
    let name = match name.as_str() {
        "services_at_location" | "service_location" | "services_location" | "location_service" => "service_at_location",
        "services_taxonomy" => "service_taxonomy",
        "organisation" => "organization",
        "organisation_identifier" => "organization_identifier",
        "programme" => "program",
        "capacity" => "service_capacity",
        "payments_accepted" => "payment_accepted",
        other => other,
    };
    KNOWN.iter().find(|known| known.name == name)
}

/// "addresses", "taxonomies", "taxonomys", "services" in the singular.
fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        format!("{stem}y")
    } else if let Some(stem) = name.strip_suffix("sses") {
        format!("{stem}ss")
    } else if name.ends_with("ss") {
        name.to_owned()
    } else {
        name.strip_suffix('s').unwrap_or(name).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_known_by_every_name_they_have_had() {
        for (file, table) in [
            ("services", "service"),
            ("Organization", "organization"),
            ("organisations", "organization"),
            ("SERVICE_AT_LOCATIONS", "service_at_location"),
            ("services_at_location", "service_at_location"),
            ("physical_addresses", "physical_address"),
            ("addresses", "address"),
            ("accessibility_for_disabilities", "accessibility_for_disability"),
            ("service_taxonomys", "service_taxonomy"),
            ("services_taxonomy", "service_taxonomy"),
            ("regular-schedules", "regular_schedule"),
            ("eligibilities", "eligibility"),
            ("taxonomies", "taxonomy"),
            ("service_capacities", "service_capacity"),
            ("payments_accepted", "payment_accepted"),
            ("payment_accepted", "payment_accepted"),
            ("meta_table_descriptions", "meta_table_description"),
            ("metadata", "metadata"),
            ("accessibility", "accessibility"),
        ] {
            assert_eq!(by_name(file).map(|known| known.name), Some(table), "{file}");
        }
        assert!(by_name("notes").is_none() && by_name("").is_none());
    }

    /// Those of the data package of HSDS 3.1.
    #[test]
    fn every_table_of_the_standard_is_read_or_left_out_with_a_reason() {
        for table in [
            "accessibility",
            "address",
            "attribute",
            "contact",
            "cost_option",
            "funding",
            "language",
            "location",
            "meta_table_description",
            "metadata",
            "organization",
            "organization_identifier",
            "phone",
            "program",
            "required_document",
            "schedule",
            "service",
            "service_area",
            "service_at_location",
            "service_capacity",
            "taxonomy",
            "taxonomy_term",
            "unit",
            "url",
        ] {
            assert_eq!(by_name(table).map(|known| known.name), Some(table));
        }
    }

    #[test]
    fn what_tables_hang_on_is_known() {
        for known in KNOWN {
            for hang in known.hangs {
                assert!(by_name(hang.on).is_some(), "{} hangs on {}", known.name, hang.on);
            }
            assert_eq!(by_name(known.name).map(|found| found.name), Some(known.name));
        }
    }
}
