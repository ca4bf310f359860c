//! Which tables go into a backup as they are: what people have dealt with us about, everyday words, the support checker,
//! the council's own texts, how often listings were seen, the directories that are followed and what is known of their
//! records. Secrets have no place here, not even their hashes.

/// What stands in a column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Uuid,
    Text,
    Big,
    Int,
    Small,
    Bool,
}

/// A table, and its columns, as many of the first as make its key.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The table that must be empty for this one to be put back: itself, or the one that its rows belong to.
    pub(super) with: &'static str,
    pub(super) key: usize,
    pub(super) columns: &'static [(&'static str, Type)],
}

impl Table {
    /// Whether no text stands in it.
    pub(super) fn is_of_numbers(&self) -> bool {
        !self.columns.iter().any(|(_, what)| matches!(what, Text))
    }
}

use Type::{Big, Bool, Int, Small, Text, Uuid as Id};

/// What is copied, in the order in which it is put back.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "proposal",
        with: "proposal",
        key: 1,
        columns: &[
            ("id", Id),
            ("record_id", Id),
            ("kind", Small),
            ("origin", Text),
            ("source_id", Text),
            ("base_revision", Big),
            ("document", Text),
            ("by_whom", Text),
            ("why", Text),
            ("at", Big),
            ("decision", Small),
            ("decided_by", Text),
            ("decided_at", Big),
            ("reason", Text),
            ("bundle", Id),
            ("parts", Text),
        ],
    },
    Table {
        name: "message",
        with: "message",
        key: 1,
        columns: &[("id", Id), ("proposal_id", Id), ("at", Big), ("by_whom", Text), ("words", Text)],
    },
    // The code of a claim is a secret: whoever waits for one asks again.
    Table {
        name: "claim",
        with: "claim",
        key: 1,
        columns: &[
            ("id", Id),
            ("organisation_id", Id),
            ("person_id", Id),
            ("words", Text),
            ("evidence", Text),
            ("at", Big),
            ("state", Text),
            ("reason", Text),
            ("decided_by", Text),
            ("code_tries", Int),
        ],
    },
    Table {
        name: "audit",
        with: "audit",
        key: 1,
        columns: &[
            ("id", Id),
            ("at", Big),
            ("who", Text),
            ("what", Text),
            ("subject", Text),
            ("detail", Text),
            ("network", Text),
        ],
    },
    Table {
        name: "call_back",
        with: "call_back",
        key: 1,
        columns: &[
            ("id", Id),
            ("line", Id),
            ("record_id", Id),
            ("revision", Big),
            ("cause", Id),
            ("by_whom", Text),
            ("noted_at", Big),
            ("called_at", Big),
            ("number", Text),
            ("otherwise", Text),
            ("spoke_to", Text),
        ],
    },
    Table {
        name: "assurance",
        with: "assurance",
        key: 1,
        columns: &[("id", Id), ("record_id", Id), ("checked_at", Big), ("by_whom", Text), ("how", Text)],
    },
    Table {
        name: "freshness",
        with: "freshness",
        key: 1,
        columns: &[("record_id", Id), ("since", Big), ("checked_at", Big), ("mark", Small)],
    },
    Table {
        name: "reminder",
        with: "reminder",
        key: 4,
        columns: &[("record_id", Id), ("recipient", Text), ("base", Big), ("stage", Small), ("sent_at", Big)],
    },
    Table {
        name: "report",
        with: "report",
        key: 1,
        columns: &[
            ("id", Id),
            ("record_id", Id),
            ("ticks", Text),
            ("words", Text),
            ("reply_to", Text),
            ("at", Big),
            ("state", Small),
            ("settled_by", Text),
            ("settled_at", Big),
            ("answer", Text),
            ("told_at", Big),
        ],
    },
    Table {
        name: "appeal",
        with: "appeal",
        key: 1,
        columns: &[
            ("proposal_id", Id),
            ("by_whom", Text),
            ("words", Text),
            ("at", Big),
            ("refused_by", Text),
            ("decided_by", Text),
            ("decided_at", Big),
            ("upheld", Bool),
            ("answer", Text),
        ],
    },
    Table {
        name: "words",
        with: "words",
        key: 1,
        columns: &[("name", Text), ("body", Text), ("changed_at", Big), ("changed_by", Text)],
    },
    Table { name: "declaration_kind", with: "declaration_kind", key: 1, columns: &[("place", Small), ("name", Text)] },
    Table {
        name: "view_count",
        with: "view_count",
        key: 3,
        columns: &[("day", Int), ("record_id", Id), ("action", Small), ("views", Big)],
    },
    Table {
        name: "text",
        with: "text",
        key: 2,
        columns: &[("slug", Text), ("version", Big), ("body", Text), ("standing", Text), ("saved_at", Big), ("saved_by", Text)],
    },
    Table {
        name: "support_draft",
        with: "support_draft",
        key: 1,
        columns: &[("part", Text), ("body", Text), ("saved_at", Big), ("saved_by", Text)],
    },
    Table {
        name: "support_publication",
        with: "support_publication",
        key: 1,
        columns: &[
            ("number", Big),
            ("checker", Text),
            ("contacts", Text),
            ("cases", Text),
            ("reviewed_by", Text),
            ("published_at", Big),
            ("withdrawn_at", Big),
            ("withdrawn_why", Text),
        ],
    },
    Table {
        name: "peer",
        with: "peer",
        key: 1,
        columns: &[
            ("id", Int),
            ("name", Text),
            ("url", Text),
            ("origin", Text),
            ("moved_to", Text),
            ("kind", Text),
            ("trust", Text),
            ("state", Text),
            ("scope", Text),
            ("licence", Text),
            ("attribution", Text),
            ("every_seconds", Big),
            ("discovered", Text),
            ("pinned_keys", Text),
            ("cursor", Text),
            ("held", Text),
            ("next_due_at", Big),
            ("tried_at", Big),
            ("succeeded_at", Big),
            ("failures", Int),
            ("problem", Text),
            ("report", Text),
            ("lease_fence", Big),
            ("lease_until", Big),
            ("added_at", Big),
        ],
    },
    Table {
        name: "relayed_origin",
        with: "peer",
        key: 1,
        columns: &[("origin", Text), ("discovered", Text), ("keys", Text), ("missed", Bool), ("tried_at", Big)],
    },
    Table {
        name: "foreign_record",
        with: "peer",
        key: 1,
        columns: &[
            ("id", Id),
            ("peer_id", Int),
            ("kind", Small),
            ("foreign_id", Text),
            ("rev", Big),
            ("hash", Text),
            ("live", Bool),
            ("own_item", Bool),
            ("statement", Text),
            ("listed", Text),
            ("crawl", Big),
            ("missing", Int),
            ("fetched_at", Big),
            ("origin", Text),
            ("via", Text),
        ],
    },
    Table {
        name: "held_delete",
        with: "peer",
        key: 1,
        columns: &[
            ("id", Id),
            ("peer_id", Int),
            ("rev", Big),
            ("why", Text),
            ("at", Big),
            ("signed", Bool),
            ("confirmed", Int),
            ("confirmed_at", Big),
        ],
    },
];

/// Which rows of a table that a new directory begins with are its own: without them it is as good as empty.
pub(super) fn own_rows(table: &str) -> Option<&'static str> {
    match table {
        "words" => Some("changed_by <> 'the starting content'"),
        "declaration_kind" => {
            Some("name NOT IN ('Safeguarding policy', 'Public liability insurance', 'DBS checks where the law asks for them')")
        }
        _ => None,
    }
}
