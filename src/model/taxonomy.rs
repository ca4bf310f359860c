//! Taxonomies, their terms, and the attributes that attach terms to other things.

use uuid::Uuid;

use super::{entity, parts::Metadata, values::WebAddress};
use crate::ids::{TaxonomyId, TaxonomyTermId};

entity! {
    /// A list of terms.
    Taxonomy {
        /// Identifier. A taxonomy with a web address has the `UUIDv5` of that address.
        req id: TaxonomyId = "2b9a2c3d-4e5f-5a6b-8c7d-9e0f1a2b3c4d",
        /// Name of the list.
        #[schemars(length(max = 1_000))]
        req name: String = "Needs",
        /// What the list is for.
        req description: String = "What people need help with, in plain words.",
        /// Web address of the list.
        opt uri: WebAddress = "https://fingerpost.example.org/needs",
        /// Version of the list.
        opt version: String = "1",
        /// Where values came from.
        many metadata: Metadata,
    }
}

entity! {
    /// One term of a taxonomy.
    TaxonomyTerm {
        /// Identifier. A term with a web address has the `UUIDv5` of that address.
        req id: TaxonomyTermId = "9d8c7b6a-5f4e-5d3c-8b2a-1f0e9d8c7b6a",
        /// Short code within the taxonomy.
        opt code: String = "housing-eviction",
        /// Name of the term, as a resident would read it.
        #[schemars(length(max = 1_000))]
        req name: String = "Eviction or being told to leave",
        /// What the term means, in a sentence.
        req description: String = "Your landlord or family has told you to leave your home.",
        /// The wider term.
        opt parent_id: TaxonomyTermId = "0f1e2d3c-4b5a-5968-8778-695a4b3c2d1e",
        /// Name of the taxonomy; a former way to give it.
        opt taxonomy: String = "Needs",
        /// The taxonomy.
        opt taxonomy_id: TaxonomyId = "2b9a2c3d-4e5f-5a6b-8c7d-9e0f1a2b3c4d",
        /// The taxonomy itself, if included.
        nested taxonomy_detail: Taxonomy,
        /// ISO 639 code of the language of the term.
        opt language: String = "en",
        /// Web address of the term.
        opt term_uri: WebAddress = "https://fingerpost.example.org/needs/housing-eviction",
        /// Former member for the name of the term.
        opt term: String = "Eviction",
        /// Where values came from.
        many metadata: Metadata,
    }
}

entity! {
    /// A term attached to something.
    Attribute {
        /// Identifier.
        req id: Uuid = "1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
        /// The id of the entity it is attached to.
        opt link_id: Uuid = "ac148810-d857-441c-9679-408f346de14b",
        /// The term.
        opt taxonomy_term_id: TaxonomyTermId = "9d8c7b6a-5f4e-5d3c-8b2a-1f0e9d8c7b6a",
        /// What the term says about it, such as need, audience or eligibility.
        opt link_type: String = "need",
        /// The kind of entity it is attached to.
        opt link_entity: String = "service",
        /// A value for the term.
        opt value: String = "yes",
        /// A label for people.
        opt label: String = "Helps with",
        /// The term itself, if included.
        nested taxonomy_term: TaxonomyTerm,
    }
}
