//! From where a version of a record came. Not of whom, and never from which network: that is for the audit trail.

use serde::{Deserialize, Serialize};

use super::{Caller, Entrance, Kept};

/// From where a change came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whence {
    /// Somebody's browser, on a page of ours.
    Page,
    /// The write API.
    Api,
    /// A command on the server.
    Command,
    /// A file, which the reason names.
    Import,
    /// A directory that we follow, which the author names.
    Harvest,
    /// A backup that was put back.
    Backup,
    /// The directory itself, on its schedule.
    Directory,
}

impl Whence {
    /// Every one.
    pub const ALL: [Self; 7] = [Self::Page, Self::Api, Self::Command, Self::Import, Self::Harvest, Self::Backup, Self::Directory];

    /// Its name in the database and in exports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Api => "api",
            Self::Command => "command",
            Self::Import => "import",
            Self::Harvest => "harvest",
            Self::Backup => "backup",
            Self::Directory => "directory",
        }
    }

    /// The same in words, as a history says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Page => "on this website",
            Self::Api => "over the API",
            Self::Command => "by a command on the server",
            Self::Import => "from a file",
            Self::Harvest => "from a directory that we follow",
            Self::Backup => "from a backup",
            Self::Directory => "by the directory itself",
        }
    }

    pub(super) fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// Where a change comes from that somebody is making.
    pub(super) fn of(caller: &Caller) -> Option<Self> {
        match caller.entrance {
            Entrance::Api => Some(Self::Api),
            Entrance::Command => Some(Self::Command),
            Entrance::Person | Entrance::Feed | Entrance::OwnExport => {
                let by_person = caller.entrance == Entrance::Person || caller.name.starts_with("person:");
                Self::named(&caller.name).or(by_person.then_some(Self::Page))
            }
        }
    }

    /// What the author's name says by itself.
    fn named(author: &str) -> Option<Self> {
        match author {
            "import" => Some(Self::Import),
            "command line" => Some(Self::Command),
            "restore" => Some(Self::Backup),
            "the directory" => Some(Self::Directory),
            _ => author.starts_with("peer ").then_some(Self::Harvest),
        }
    }
}

impl Kept {
    /// From where it came. Of versions from before this was kept, as far as their author's name says so.
    pub fn whence(&self) -> Option<Whence> {
        self.from.or_else(|| Whence::named(&self.changed_by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_in_has_a_name_of_its_own_and_is_read_back() {
        for one in Whence::ALL {
            assert_eq!(Whence::read(one.as_str()), Some(one));
            assert_eq!(serde_json::to_value(one).unwrap(), one.as_str());
        }
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let of = |name: &str, entrance| Whence::of(&Caller { name: name.to_owned(), why: String::new(), entrance });
        assert_eq!(of("person:1", Entrance::Person), Some(Whence::Page));
        assert_eq!(of("person:1", Entrance::Api), Some(Whence::Api));
        assert_eq!(of("token:1", Entrance::Api), Some(Whence::Api));
        assert_eq!(of("person:1", Entrance::Command), Some(Whence::Command));
        assert_eq!(of("command line", Entrance::Person), Some(Whence::Command));
        assert_eq!(of("import", Entrance::OwnExport), Some(Whence::Import));
        assert_eq!(of("peer hub", Entrance::Feed), Some(Whence::Harvest));
        // A moderator accepts what a directory proposed.
        assert_eq!(of("person:1", Entrance::Feed), Some(Whence::Page));
        assert_eq!(of("somebody", Entrance::Feed), None);
    }
}
