//! Who follows this directory, in words.

use std::io;

use super::{
    super::{Answer, say},
    said::moment,
};
use crate::{
    federation::followers::{Asked, Follower},
    model::text::line,
};

/// The state of a peer that a person has to decide about.
const HELD: &str = "held";
/// Why one could not be asked is cut to so many characters.
const LONGEST_REASON: usize = 200;

pub(super) fn followers(asked: &Asked, answer: Answer) -> anyhow::Result<bool> {
    answer.give(asked, || tell(asked))?;
    Ok(true)
}

fn tell(asked: &Asked) -> io::Result<()> {
    if asked.followers.is_empty() {
        return say!("nobody has said in the last 30 days that they follow this directory");
    }
    for one in &asked.followers {
        say!("{}", who(one))?;
        say!("  it says           {}, asked at {}", standing(one.caught_up, one.has_takedowns), moment(&one.asked_at))?;
        if let Some(said) = &one.confirmed {
            say!("  its address says  {}, at {}", confirmed(said.cursor, &said.state, said.has_takedowns), moment(&said.at))?;
        }
        if let Some(why) = asked.unconfirmed.get(&one.origin) {
            say!("  not confirmed     {}", line(why, LONGEST_REASON))?;
        }
    }
    if asked.urgent.is_some() {
        let behind = behind(asked);
        say!("{behind} of {} are not known to have the last takedown", asked.followers.len())?;
    }
    if asked.followers.iter().any(|one| one.confirmed.is_none()) && asked.unconfirmed.is_empty() {
        say!("anybody can say that they follow; `fingerpost peer followers --check` asks each at its own address")?;
    }
    Ok(())
}

/// How many are not known to have the last takedown: by what their own addresses say, or else by their word.
fn behind(asked: &Asked) -> usize {
    asked.followers.iter().filter(|one| !has_takedowns(one)).count()
}

fn has_takedowns(one: &Follower) -> bool {
    match &one.confirmed {
        // Whoever holds a peer still applies what is urgent, but does not move on.
        Some(said) if said.cursor.is_some() && said.state != HELD => said.has_takedowns,
        _ => one.has_takedowns,
    }
}

fn who(one: &Follower) -> String {
    match &one.name {
        Some(name) => format!("{name} ({})", one.origin),
        None => one.origin.clone(),
    }
}

fn standing(caught_up: bool, has_takedowns: bool) -> &'static str {
    match (caught_up, has_takedowns) {
        (true, _) => "that it has everything",
        (false, true) => "that it has the last takedown, but not everything",
        (false, false) => "that it does NOT have the last takedown",
    }
}

fn confirmed(cursor: Option<i64>, state: &str, has_takedowns: bool) -> &'static str {
    match (cursor, state, has_takedowns) {
        (None, ..) => "that it follows this directory, but not how far it has come",
        (_, _, true) => "that it has the last takedown",
        (_, HELD, false) => "that it holds this directory; ask whether it has the last takedown",
        (_, _, false) => "that it does NOT have the last takedown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::followers::Confirmation;

    fn follower(has_takedowns: bool, confirmed: Option<(&str, bool)>) -> Follower {
        Follower {
            name: None,
            is_followed: false,
            origin: "https://beds.example.org/".to_owned(),
            cursor: 1,
            asked_at: String::new(),
            caught_up: false,
            has_takedowns,
            confirmed: confirmed.map(|(state, has_takedowns)| Confirmation {
                at: String::new(),
                state: state.to_owned(),
                cursor: Some(1),
                has_takedowns,
            }),
        }
    }

    #[test]
    fn what_its_own_address_says_counts_more_than_what_anybody_can_say() {
        assert!(has_takedowns(&follower(true, None)) && !has_takedowns(&follower(false, None)));
        assert!(!has_takedowns(&follower(true, Some(("following", false)))));
        assert!(has_takedowns(&follower(false, Some(("following", true)))));
        assert!(has_takedowns(&follower(true, Some(("held", false)))), "it reads on for what is urgent");
        let followers = vec![follower(true, None), follower(false, None)];
        assert_eq!(behind(&Asked { head: Some(3), urgent: Some(2), followers, unconfirmed: [].into() }), 1);
    }
}
