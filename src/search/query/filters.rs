//! What has to be so whatever the words are: nothing here lets a document stand further up.

use tantivy::{
    Term,
    query::{Occur, TermSetQuery},
    schema::Field,
};

use super::{Builder, Clause, must, unscored};
use crate::{
    model::Kind,
    published::shelf::group_of,
    search::{facts::language_value, fields::words_of, wanted::Wanted},
};

impl Builder<'_> {
    /// Add what is wanted beside the words.
    pub(super) fn add_filters(&self, kind: Kind, wanted: &Wanted, clauses: &mut Vec<Clause>) {
        let fields = self.fields;
        let mut only = |field: Field, value: String| clauses.push(must(unscored(Self::value(field, &value))));
        if let Some(id) = wanted.taxonomy {
            only(if wanted.everywhere { fields.own_taxonomy } else { fields.taxonomy }, id.simple().to_string());
        }
        if let Some(id) = wanted.term {
            only(if wanted.everywhere { fields.own_term } else { fields.term }, id.simple().to_string());
        }
        if let Some(id) = wanted.parent {
            only(fields.parent, id.simple().to_string());
        }
        if wanted.top_only {
            only(fields.parent, "top".to_owned());
        }
        if let Some(status) = &wanted.status {
            only(fields.status, status.clone());
        }
        if kind == Kind::Service && (wanted.open_now || wanted.is_active) {
            only(fields.status, "active".to_owned());
        }
        if let Some(source) = &wanted.source {
            only(fields.source, source.clone());
        }
        if wanted.free {
            only(fields.mark, "free".to_owned());
        }
        if let Some(language) = &wanted.language {
            only(fields.language, language_value(language));
        }
        if let Some(delivery) = wanted.delivery {
            only(fields.delivery, delivery.value().to_owned());
        }
        if let Some(id) = wanted.organization {
            // A location's organization is who runs it; a service's who gives it.
            clauses.push(must(unscored(Self::number(fields.group, group_of(id)))));
        }
        if let Some(words) = &wanted.accessibility {
            clauses.extend(words_of(words).iter().map(|word| must(unscored(Self::text(fields.access, &word.stem)))));
        }
        match wanted.events {
            Some(true) => clauses.push(must(unscored(Self::value(fields.mark, "event")))),
            Some(false) => clauses.push((Occur::MustNot, Self::value(fields.mark, "event"))),
            None => {}
        }
        if wanted.only_current {
            let gone: &[&str] = if kind == Kind::Event { &["cancelled"] } else { &["inactive", "defunct"] };
            let gone = gone.iter().map(|status| Term::from_field_text(fields.status, status));
            clauses.push((Occur::MustNot, Box::new(TermSetQuery::new(gone))));
            clauses.push((Occur::MustNot, Self::value(fields.mark, "unconfirmed")));
        }
    }
}
