//! The form of a text, as it was written, and the text that it makes.

use crate::{
    http::Problem,
    pages::{
        desk::{Desk, Fields},
        fields::Mistakes,
    },
    texts::{Kind, LocalTime, Slug, Text},
};

/// What stands in the form, as it was written.
pub(super) struct Draft {
    pub(super) kind: Kind,
    /// None while it has no name.
    pub(super) slug: Option<Slug>,
    /// The version that it was made from.
    pub(super) base: i64,
    pub(super) fields: Fields,
}

impl Draft {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, slug: None, base: 0, fields: Fields::default() }
    }

    pub(super) fn of(slug: Slug, text: &Text) -> Self {
        let mut fields = Fields::default();
        let day = |day: chrono::NaiveDate| day.to_string();
        for (name, value) in [
            ("title", text.title.clone()),
            ("summary", text.summary.clone()),
            ("needs", text.needs.join(", ")),
            ("quiet", if text.quiet { "yes".to_owned() } else { String::new() }),
            ("review_by", text.review_by.map(day).unwrap_or_default()),
            ("level", text.level.as_str().to_owned()),
            ("from", text.from.map(LocalTime::for_a_field).unwrap_or_default()),
            ("until", text.until.map(LocalTime::for_a_field).unwrap_or_default()),
            ("places", text.places.to_string()),
            ("body", text.body.clone()),
        ] {
            fields.set(name, value);
        }
        Self { kind: text.kind, slug: Some(slug), base: 0, fields }
    }

    /// What was sent.
    pub(super) fn sent(fields: &Fields) -> Result<Self, Problem> {
        let wrong = |what: &str| Problem::bad_request(format!("the form has no {what}; open the page again"));
        Ok(Self {
            kind: fields.text("kind").parse().map_err(|_| wrong("kind"))?,
            slug: fields.some("slug").map(str::parse).transpose().map_err(|_| wrong("name of a text"))?,
            base: fields.text("base").parse().map_err(|_| wrong("version"))?,
            fields: fields.clone(),
        })
    }

    /// The text that was written, and what is wrong with it.
    pub(super) fn read(&self, desk: &Desk) -> (Text, Slug, Mistakes) {
        let mut mistakes = Mistakes::default();
        let fields = &self.fields;
        let mut text = Text::new(self.kind);
        fields.text("title").clone_into(&mut text.title);
        fields.text("summary").clone_into(&mut text.summary);
        fields.text("body").clone_into(&mut text.body);
        text.quiet = fields.some("quiet").is_some();
        let needs = fields.text("needs").split(',').map(|name| name.trim().to_owned());
        text.needs = needs.filter(|name| !name.is_empty()).collect();
        let known = desk.site.directory.search.words();
        if let Some(need) = text.needs.iter().find(|need| !known.needs().any(|code| code == need.as_str())) {
            mistakes.add("needs", format!("There is no need called {need}: choose from those below"));
        }
        text.review_by = fields
            .some("review_by")
            .and_then(|day| day.parse().map_err(|_| mistakes.add("review_by", "Enter a date such as 2027-05-26")).ok());
        for (name, into) in [("from", &mut text.from), ("until", &mut text.until)] {
            *into = fields
                .some(name)
                .and_then(|at| at.parse().map_err(|expected| mistakes.add(name, format!("Enter {expected}"))).ok());
        }
        match fields.text("places").parse() {
            Ok(places) => text.places = places,
            Err(expected) => mistakes.add("places", format!("Enter {expected}")),
        }
        if self.kind == Kind::Notice {
            match fields.text("level").parse() {
                Ok(level) => text.level = level,
                Err(_) => mistakes.add("level", "Choose the kind of notice"),
            }
        }
        let named = self.slug.clone().or_else(|| Slug::of_title(&text.title));
        let slug = named.unwrap_or_else(|| "text".parse().expect("lower-case letters"));
        for wrong in text.mistakes(&slug, desk.site.now()) {
            if mistakes.of(wrong.field).is_none() {
                mistakes.add(wrong.field, crate::pages::words::capital(&wrong.said));
            }
        }
        (text, slug, mistakes)
    }
}
