//! What it costs.

use maud::{Markup, html};

use crate::{
    model::{Document, parts::CostOption, values::Number},
    pages::{
        desk::Fields,
        fields::{Field, Mistakes, radios},
        words::costs,
    },
};

pub(super) fn fill(document: &Document) -> Fields {
    let mut fields = Fields::default();
    let words = match document {
        Document::Service(one) => costs(one.fees_description.as_deref().or(one.fees.as_deref()), &one.cost_options),
        Document::Event(one) => costs(None, &one.cost_options),
        _ => Vec::new(),
    };
    let words = words.join("; ");
    let free = words.trim().eq_ignore_ascii_case("free");
    fields.set(
        "free",
        if free {
            "yes"
        } else if words.is_empty() {
            ""
        } else {
            "no"
        },
    );
    fields.set("cost", if free { String::new() } else { words });
    fields
}

pub(super) fn form(fields: &Fields, mistakes: &Mistakes) -> Markup {
    html! {
        (radios("free", "Is it free?", "", fields.text("free"), &[("yes", "Yes, it is free"), ("no", "No, or only for some people")], mistakes))
        (Field::new("cost", "If not, what does it cost?", fields.text("cost")).hint("For example: £4 a visit; free if you get Universal Credit.").lines(mistakes, 2))
    }
}

pub(super) fn take(fields: &Fields, document: &mut Document, mistakes: &mut Mistakes) {
    let free = fields.text("free") == "yes";
    let words = fields.text("cost");
    if !free && words.is_empty() {
        mistakes.add("cost", "Enter what it costs, or choose that it is free");
        return;
    }
    // What stood there before goes with the choice; what somebody has just written does not.
    let is_new = words != fill(document).text("cost");
    if free && is_new && !words.is_empty() && !words.eq_ignore_ascii_case("free") {
        mistakes.add(
            "cost",
            "You chose that it is free. Choose \u{201c}No, or only for some people\u{201d} to keep these words, or take them out",
        );
        return;
    }
    if fields.text("cost") == fill(document).text("cost") && fields.text("free") == fill(document).text("free") {
        return;
    }
    match document {
        Document::Service(one) => {
            one.cost_options.clear();
            (one.fees, one.fees_description) =
                if free { (Some("Free".to_owned()), None) } else { (None, Some(words.to_owned())) };
        }
        Document::Event(one) => {
            let id = one.cost_options.first().map_or_else(crate::ids::fresh, |option| option.id);
            let option = CostOption {
                amount: free.then_some(Number(0.0)),
                amount_description: (!free).then(|| words.to_owned()),
                ..CostOption::new(id)
            };
            one.cost_options = vec![option];
        }
        _ => {}
    }
}
