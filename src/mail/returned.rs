//! Messages that tell of a letter that came back, often hours after the mail server took it.
//!
//! A mail server sends them to the sender of the letter. Their fields are those of RFC 3464; the letter is known by the
//! `Message-ID` of what came back, which is our id of it. Nobody but its reader knows that, so nobody else can have a
//! letter noted as returned.

use uuid::Uuid;

/// A letter that was returned for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Returned {
    /// What may be our id of it: every id that the message names.
    pub(super) letters: Vec<Uuid>,
    /// Why, in the words of the mail server that did not want it.
    pub(super) why: Option<String>,
}

/// What a message says of a letter that was returned; nothing where it is about anything else. A delay is no return, and a
/// box that is full today is no reason to ask somebody for another address.
pub(super) fn read(message: &str) -> Option<Returned> {
    let fields = fields(message);
    let of = |name: &'static str| fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str());
    let failed = of("action").any(|action| action.to_ascii_lowercase().starts_with("failed"));
    let for_good = of("status").any(|status| status.starts_with('5'));
    if !failed || !for_good {
        return None;
    }
    let named = ["message-id", "in-reply-to", "references"].into_iter().flat_map(of);
    // The type of a diagnosis stands before it: `smtp; 550 5.1.1 no such mailbox`.
    let mut why = of("diagnostic-code").map(|code| code.split_once(';').map_or(code, |(_, why)| why).trim().to_owned());
    Some(Returned { letters: named.flat_map(ids).collect(), why: why.find(|why| !why.is_empty()) })
}

/// Whatever looks like a field in any part of a message, its name in lower case and its value on one line.
fn fields(message: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in message.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    fields
}

/// The letters that ids such as `<UUID@luton.example.org>` name.
fn ids(value: &str) -> impl Iterator<Item = Uuid> {
    value.split(['<', '>', ' ']).filter_map(|word| word.split_once('@')?.0.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &str = "8f14e45f-ceea-467f-a8d4-2d0f1a3b5c6d";

    fn message(action: &str, status: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mail.luton.example.org\r\nTo: directory@luton.example.org\r\n\
             Message-ID: <20261128073000.4F1A@mail.luton.example.org>\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
             --b\r\n\r\nI am sorry: it could not be delivered.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mail.luton.example.org\r\n\r\n\
             Final-Recipient: rfc822; amina@lark-hill.example.org\r\nAction: {action}\r\nStatus: {status}\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 no such mailbox,\r\n    it was closed\r\n\
             --b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
             Subject: Still right?\r\nMessage-ID:\r\n <{LETTER}@luton.example.org>\r\n--b--\r\n"
        )
    }

    #[test]
    fn a_letter_that_was_returned_for_good_is_known_by_its_id() {
        let returned = read(&message("failed", "5.1.1")).unwrap();
        assert_eq!(returned.letters, [LETTER.parse::<Uuid>().unwrap()]);
        assert_eq!(returned.why.as_deref(), Some("550 5.1.1 no such mailbox, it was closed"));
    }

    #[test]
    fn a_delay_a_full_box_and_an_answer_of_a_person_are_no_return() {
        let answer = format!("From: amina@lark-hill.example.org\r\nIn-Reply-To: <{LETTER}@luton.example.org>\r\n\r\nYes.\r\n");
        for other in
            [message("delayed", "4.4.1"), message("failed", "4.2.2"), message("delivered", "2.0.0"), answer, String::new()]
        {
            assert_eq!(read(&other), None, "{other}");
        }
    }
}
