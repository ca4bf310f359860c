use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn calendar(events: &str) -> Calendar {
    read(format!("BEGIN:VCALENDAR\nX-WR-CALNAME:Larkspur Hall\n{events}\nEND:VCALENDAR\n").as_bytes()).unwrap()
}

fn event(lines: &str) -> Series {
    let mut calendar = calendar(&format!("BEGIN:VEVENT\nUID:1@hall.example.org\nSUMMARY:Soup\n{lines}\nEND:VEVENT"));
    assert_eq!(calendar.problems, []);
    calendar.events.remove(0)
}

fn at(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

fn paths(series: &Series) -> Vec<&str> {
    series.dropped.iter().map(|dropped| dropped.path.as_str()).collect()
}

#[test]
fn a_series_with_dates_left_out_added_moved_and_cancelled_is_read() {
    let text = "BEGIN:VEVENT\nUID:1\nSUMMARY:Soup\nDTSTART;TZID=Europe/London:20261203T120000\nDTEND;TZID=Europe/London:20261203T133000\n\
        RRULE:FREQ=WEEKLY;BYDAY=TH\nEXDATE;TZID=Europe/London:20261224T120000,20261231T120000\nEXDATE;VALUE=DATE:20270107\nRDATE:20261229T120000Z\n\
        LOCATION:Larkspur Hall\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:1\nRECURRENCE-ID;TZID=Europe/London:20261210T120000\nSUMMARY:Soup and carols\nDTSTART;TZID=Europe/London:20261210T170000\n\
        DTEND;TZID=Europe/London:20261210T190000\nLOCATION:Gorse Centre\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20261217T120000Z\nDTSTART:20261217T120000Z\nSTATUS:CANCELLED\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20270114T120000Z\nDTSTART:20270114T120000Z\nEND:VEVENT";
    let found = calendar(text);
    let soup = &found.events[0];
    assert_eq!(
        (found.events.len(), soup.rule.as_deref(), soup.zone),
        (2, Some("FREQ=WEEKLY;BYDAY=TH;UNTIL=20270114T115959Z"), Tz::Europe__London)
    );
    assert_eq!((soup.start, soup.end), (at("2026-12-03T12:00:00"), at("2026-12-03T13:30:00")));
    assert_eq!(soup.without, ["2026-12-24T12:00:00", "2026-12-31T12:00:00", "2027-01-07T12:00:00"].map(at));
    assert_eq!(soup.with, [at("2026-12-29T12:00:00")]);
    assert_eq!(
        soup.changes[0],
        Change {
            start: at("2026-12-10T12:00:00"),
            cancelled: false,
            moved: Some((at("2026-12-10T17:00:00"), at("2026-12-10T19:00:00"))),
            place: Some("Gorse Centre".to_owned()),
            note: Some("Soup and carols".to_owned()),
        }
    );
    assert_eq!((soup.changes[1].start, soup.changes[1].cancelled, soup.changes.len()), (at("2026-12-17T12:00:00"), true, 2));
    assert_eq!(paths(soup), [""; 0]);
    let later = &found.events[1];
    assert_eq!((later.name.as_deref(), later.place.as_deref()), (Some("Soup"), Some("Larkspur Hall")), "as the series says");
    assert_eq!((later.start, later.rule.as_deref()), (at("2027-01-14T12:00:00"), Some("FREQ=WEEKLY;BYDAY=TH")));
}

#[test]
fn what_changes_all_later_dates_ends_the_series_and_goes_on_as_another() {
    let with = |rule: &str, later: &str| {
        calendar(&format!(
            "BEGIN:VEVENT\nUID:1\nSUMMARY:Craft\nDTSTART:20261201T100000\nDURATION:PT2H\nRRULE:{rule}\nEXDATE:20261208T100000,20270119T100000\nEND:VEVENT\n\
             BEGIN:VEVENT\nUID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20270105T100000\nSUMMARY:Craft\nDURATION:PT2H\n{later}\nEND:VEVENT"
        ))
    };
    let rules = |found: &Calendar| found.events.iter().map(|event| event.rule.clone().unwrap_or_default()).collect::<Vec<_>>();
    let afternoon = with("FREQ=WEEKLY;COUNT=10", "DTSTART:20270105T140000");
    assert_eq!(rules(&afternoon), ["FREQ=WEEKLY;UNTIL=20270105T095959Z", "FREQ=WEEKLY;COUNT=5"], "five dates were before");
    let (before, behind) = (&afternoon.events[0], &afternoon.events[1]);
    assert_eq!((&before.without, &behind.without), (&vec![at("2026-12-08T10:00:00")], &vec![at("2027-01-19T14:00:00")]));
    assert_eq!((behind.start, behind.end), (at("2027-01-05T14:00:00"), at("2027-01-05T16:00:00")));
    assert_ne!(before.uid, behind.uid);
    let until = with("FREQ=WEEKLY;UNTIL=20270126T100000Z", "DTSTART:20270105T140000");
    assert_eq!(rules(&until)[1], "FREQ=WEEKLY;UNTIL=20270126T235959Z", "its last date is on the same day");
    let over = with("FREQ=WEEKLY", "DTSTART:20270105T100000\nSTATUS:CANCELLED");
    assert_eq!(rules(&over), ["FREQ=WEEKLY;UNTIL=20270105T095959Z"]);
    let other_day = with("FREQ=WEEKLY;BYDAY=TU", "DTSTART:20270106T100000");
    assert_eq!(rules(&other_day), ["FREQ=WEEKLY;BYDAY=TU;UNTIL=20270105T095959Z", ""]);
    assert!(
        other_day.events[0].dropped[0].reason.contains("only the first of them was imported"),
        "{:?}",
        other_day.events[0].dropped
    );
    let none_of_them = with("FREQ=WEEKLY;UNTIL=20261220T100000Z", "DTSTART:20270105T140000");
    assert_eq!((none_of_them.events.len(), paths(&none_of_them.events[0])), (1, vec!["RECURRENCE-ID"]));
}

#[test]
fn a_time_without_a_zone_is_on_the_clock_of_its_calendar() {
    let in_paris = |lines: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\nX-WR-TIMEZONE:Europe/Paris\nBEGIN:VEVENT\nUID:1\nSUMMARY:Fair\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        read(text.as_bytes()).unwrap().events.remove(0)
    };
    for lines in ["DTSTART:20261205T100000", "DTSTART:20261205T090000Z", "DTSTART;TZID=Our own:20261205T100000"] {
        let fair = in_paris(lines);
        assert_eq!((fair.zone, fair.start), (Tz::Europe__Paris, at("2026-12-05T10:00:00")), "{lines}");
    }
    assert!(in_paris("DTSTART;TZID=Our own:20261205T100000").dropped[0].reason.contains("read as Europe/Paris time"));
    let days = read(
        b"BEGIN:VCALENDAR\nX-WR-TIMEZONE:UTC\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260705\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    assert_eq!(days.unwrap().events[0].zone, Tz::Europe__London, "nobody's days go by UTC");
}

#[test]
fn a_zone_that_a_calendar_defines_itself_is_told_by_its_clocks() {
    let zone = |own: &str, winter: &str, summer: &str| {
        let half = |name: &str, offset: &str| {
            if offset.is_empty() {
                String::new()
            } else {
                format!("BEGIN:{name}\nTZOFFSETFROM:+0000\nTZOFFSETTO:{offset}\nDTSTART:16010101T020000\nEND:{name}\n")
            }
        };
        let found = calendar(&format!(
            "BEGIN:VTIMEZONE\nTZID:Our own\n{own}{}{}END:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID=\"Our own\":20260705T100000\nEND:VEVENT",
            half("STANDARD", winter),
            half("DAYLIGHT", summer)
        ));
        (found.events[0].zone.name(), found.events[0].dropped.len())
    };
    assert_eq!(zone("", "-0000", "+0100"), ("Europe/London", 0));
    assert_eq!(zone("", "+0100", "+0200"), ("Europe/Paris", 0));
    assert_eq!(zone("", "+0530", ""), ("Europe/London", 1), "told, where it is not known");
    assert_eq!(zone("", "+0300", ""), ("Etc/GMT-3", 0));
    assert_eq!(zone("X-LIC-LOCATION:Asia/Kolkata\n", "+0530", ""), ("Asia/Kolkata", 0));
}

#[test]
fn words_that_are_only_there_in_html_are_read() {
    let found = event(
        "DTSTART:20261205\nX-ALT-DESC;FMTTYPE=text/html:<html><head><style>p {color: red}</style></head><body><p>Bring <b>glue</b></p></body></html>",
    );
    assert_eq!(found.description.as_deref(), Some("Bring glue"));
    let both = event("DTSTART:20261205\nDESCRIPTION:Bring glue\nX-ALT-DESC;FMTTYPE=text/html:<p>Other</p>");
    assert_eq!(both.description.as_deref(), Some("Bring glue"));
}

#[test]
fn a_calendar_that_is_cut_short_is_not_whole() {
    let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261203T120000Z\nEND:VEVENT\nEND:VCALENDAR\n";
    assert!(read(text.as_bytes()).unwrap().whole);
    for most in ["BEGIN:VCALENDAR", "END:VEVENT", "DTSTART"] {
        let until = text.rfind(most).unwrap() + most.len();
        assert!(!read(&text.as_bytes()[..until]).unwrap().whole, "cut behind {most}");
    }
    assert!(!read(format!("{}{text}", &text[..60]).as_bytes()).unwrap().whole, "the first of two is cut short");
}

#[test]
fn what_cannot_be_read_or_is_private_says_what_it_is_called_and_versions_can_be_told_apart() {
    let found = calendar(
        "BEGIN:VEVENT\nUID:1\nSEQUENCE:2\nDTSTAMP:20261101T120000Z\nDTSTART:20261203T120000Z\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:2\nDTSTART:soon\nEND:VEVENT\nBEGIN:VEVENT\nUID:3\nCLASS:PRIVATE\nDTSTART:20261203T120000Z\nEND:VEVENT",
    );
    assert_eq!(found.events[0].version, (2, "20261101T120000Z".to_owned()));
    let said: Vec<_> = found.problems.iter().map(|one| (one.uid.as_deref(), one.rejected, one.path == PRIVATE)).collect();
    assert_eq!(said, [(Some("2"), true, false), (Some("3"), false, true)]);
}

#[test]
fn times_are_on_the_clock_of_the_event() {
    assert_eq!(event("DTSTART:20260701T090000Z\nDTEND:20260701T100000Z").start, at("2026-07-01T10:00:00"));
    let series = event("DTSTART:20260701T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY");
    assert_eq!((series.zone, series.start), (Tz::UTC, at("2026-07-01T09:00:00")), "a series by UTC stays by UTC");
    let floating = event("DTSTART:20260701T090000");
    assert_eq!(
        (floating.zone, floating.start, floating.end),
        (Tz::Europe__London, at("2026-07-01T09:00:00"), at("2026-07-01T09:00:00"))
    );
    assert_eq!(event("DTSTART;TZID=\"GMT Standard Time\":20260701T090000").zone, Tz::Europe__London);
    let unknown = event("DTSTART;TZID=Customized Time Zone:20260701T090000\nDTEND:20260701T1000");
    assert_eq!((unknown.zone, unknown.start, paths(&unknown)), (Tz::Europe__London, at("2026-07-01T09:00:00"), vec!["DTSTART"]));
}

#[test]
fn hours_are_as_long_as_ever_in_a_night_in_which_the_clocks_change_and_days_go_by_the_calendar() {
    for (start, length, end) in [
        ("20260328T220000", "PT8H", "2026-03-29T07:00:00"),
        ("20260328T220000", "P1D", "2026-03-29T22:00:00"),
        ("20260328T220000", "P1DT1H", "2026-03-29T23:00:00"),
        ("20261024T220000", "PT8H", "2026-10-25T05:00:00"),
        ("20261024T220000", "P1W", "2026-10-31T22:00:00"),
    ] {
        let read = event(&format!("DTSTART;TZID=Europe/London:{start}\nDURATION:{length}"));
        assert_eq!(read.end, at(end), "{start} {length}");
    }
}

#[test]
fn a_further_date_that_says_how_long_it_lasts_lasts_so_long() {
    let read = event(
        "DTSTART:20261204T100000Z\nDTEND:20261204T110000Z\n\
         RDATE;VALUE=PERIOD:20261205T100000Z/PT3H,20261206T100000Z/20261206T110000Z,20261207T100000Z/soon",
    );
    assert_eq!(read.with, ["2026-12-05T10:00:00", "2026-12-06T10:00:00", "2026-12-07T10:00:00"].map(at));
    let moved: Vec<_> = read.changes.iter().map(|change| (change.start, change.moved)).collect();
    assert_eq!(moved, [(at("2026-12-05T10:00:00"), Some((at("2026-12-05T10:00:00"), at("2026-12-05T13:00:00"))))]);
    assert_eq!(paths(&read), ["RDATE"], "one says nothing that can be read");
}

#[test]
fn a_date_that_is_left_out_is_left_out_or_the_event_is_not_taken() {
    let weekly =
        |more: &str| format!("BEGIN:VEVENT\nUID:1\nSUMMARY:Soup\nDTSTART:20261203T120000\nRRULE:FREQ=WEEKLY\n{more}\nEND:VEVENT");
    let roughly = calendar(&weekly("EXDATE:20261224T12h,20261231T120000"));
    assert_eq!(roughly.events[0].without, ["2026-12-24T12:00:00", "2026-12-31T12:00:00"].map(at), "the day is known");
    let unread = calendar(&weekly("EXDATE:24/12/2026"));
    assert!(unread.events.is_empty() && unread.problems[0].rejected, "{unread:?}");
    assert!(unread.problems[0].reason.starts_with("EXDATE: 1 dates could not be read"), "{unread:?}");
    let further = calendar(&weekly("RDATE:24/12/2026"));
    assert_eq!(
        (further.events[0].with.len(), paths(&further.events[0])),
        (0, vec!["RDATE"]),
        "one date fewer sends nobody there"
    );
}

#[test]
fn a_changed_date_that_does_not_say_which_is_told() {
    let found = calendar("BEGIN:VEVENT\nUID:9\nRECURRENCE-ID:\nSUMMARY:Alone\nDTSTART:20261206T110000\nEND:VEVENT");
    assert_eq!((found.events.len(), paths(&found.events[0])), (1, vec!["RECURRENCE-ID"]));
}

#[test]
fn a_whole_day_ends_a_minute_before_midnight() {
    let days = event("DTSTART;VALUE=DATE:20261205\nDTEND;VALUE=DATE:20261207\nEXDATE:20261212T000000Z\nRRULE:FREQ=WEEKLY");
    assert_eq!(
        (days.start, days.end, days.without.clone()),
        (at("2026-12-05T00:00:00"), at("2026-12-06T23:59:00"), vec![at("2026-12-12T00:00:00")])
    );
    for same in ["DTSTART;VALUE=DATE:20261205", "DTSTART:20261205\nDTEND:20261205", "DTSTART:20261205\nDURATION:P1D"] {
        assert_eq!(event(same).end, at("2026-12-05T23:59:00"), "{same}");
    }
}

#[test]
fn people_and_private_events_stay_in_the_calendar() {
    let found = event(
        "DTSTART:20261205\nORGANIZER;CN=Sheila Hopcroft:mailto:sheila@example.org\nATTENDEE;CN=A:mailto:a@example.org\nATTENDEE:mailto:b@example.org\nCONTACT:Bob 07700 900123",
    );
    assert_eq!(paths(&found), ["ATTENDEE", "ORGANIZER", "CONTACT"]);
    assert!(
        !format!("{:?}", found.dropped).contains("Sheila")
            && !format!("{found:?}").contains("@example.org\"")
            && !format!("{found:?}").contains("900123")
    );
    assert_eq!(found.organizer.as_deref(), Some("Sheila Hopcroft"), "whoever imports decides whether that is an organisation");
    let private = calendar("BEGIN:VEVENT\nUID:2\nSUMMARY:Secret\nCLASS:PRIVATE\nDTSTART:20261205\nEND:VEVENT");
    assert_eq!((private.events.len(), private.problems[0].path.as_str(), private.problems[0].rejected), (0, "CLASS", false));
}

#[test]
fn words_places_and_positions_are_read() {
    let found = event(
        "DTSTART:20261205\nDESCRIPTION:<p>Come &amp\\; eat</p><ul><li>Soup<br>Bread</ul>\nLOCATION:Hall\\, 4 Larkspur Way\\nLuton\nGEO:51.9;-0.4\nURL:https://hall.example.org\nCATEGORIES:Food,Company\nCATEGORIES:Families",
    );
    assert_eq!(found.description.as_deref(), Some("Come & eat\nSoup\nBread"));
    assert_eq!((found.place.as_deref(), found.position), (Some("Hall, 4 Larkspur Way\nLuton"), Some((51.9, -0.4))));
    assert_eq!(found.categories, ["Food", "Company", "Families"]);
    assert_eq!(
        event("DTSTART:20261205\nLOCATION:https://meet.example.org/x").online.as_deref(),
        Some("https://meet.example.org/x")
    );
    assert_eq!(event("DTSTART:20261205\nSUMMARY:x\nSTATUS:CANCELLED").status, Status::Cancelled);
    let named = |summary: &str| {
        let read = calendar(&format!("BEGIN:VEVENT\nUID:1\nSUMMARY:{summary}\nDTSTART:20261205\nEND:VEVENT"));
        read.events[0].name.clone().unwrap()
    };
    assert_eq!(named("<b>Tea</b> &amp\\; <i>cake</i><br>for all"), "Tea & cake for all");
    assert_eq!(named("Ages 5 < 7 \\, > 9"), "Ages 5 < 7 , > 9");
    let broken = calendar("BEGIN:VEVENT\nUID:1\nDTSTART:20261205\nRRULE:every week\nEND:VEVENT");
    assert!(
        broken.problems[0].rejected
            && broken.problems[0].reason == "RRULE: \"EVERYWEEK\" is not a rule that this directory understands"
    );
    assert_eq!(paths(&event("DTSTART:20261205\nGEO:here\nRRULE:FREQ=WEEKLY\nDURATION:long")), ["DURATION", "GEO"]);
    let with_exceptions =
        calendar("BEGIN:VEVENT\nUID:1\nDTSTART:20261205\nRRULE:FREQ=WEEKLY\nEXRULE:FREQ=MONTHLY;BYDAY=1SA\nEND:VEVENT");
    assert_eq!(with_exceptions.events.len(), 0, "people would come to the dates that it takes out");
    assert!(with_exceptions.problems[0].rejected && with_exceptions.problems[0].reason.starts_with("EXRULE: "));
}

#[test]
fn what_cannot_be_an_event_is_rejected_and_the_rest_is_read() {
    let found = calendar(
        "BEGIN:VEVENT\nUID:1\nSUMMARY:No date\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nDTSTART:soon\nEND:VEVENT\nBEGIN:VEVENT\nUID:3\nDTSTART:20261205T100000\nDTEND:20261204T100000\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:4\nDTSTART:20261205\nBEGIN:VEVENT\nUID:5\nSUMMARY:Good\nDTSTART:20261205\nBEGIN:VALARM\nDESCRIPTION:Bell\nEND:VALARM\nEND:VEVENT\nBEGIN:VTODO\nEND:VTODO\nnonsense\n\
        BEGIN:VEVENT\nUID:6\nRECURRENCE-ID:20261206T100000\nSUMMARY:Alone\nDTSTART:20261206T110000\nEND:VEVENT\nBEGIN:VEVENT\nUID:7\nDTSTART:20261205",
    );
    assert_eq!(found.events.iter().map(|event| event.name.as_deref()).collect::<Vec<_>>(), [Some("Good"), Some("Alone")]);
    assert_eq!((found.events[0].description.as_deref(), found.events[1].uid.as_deref()), (None, Some("6/20261206T100000")));
    let said: Vec<String> = found
        .problems
        .iter()
        .map(|problem| {
            format!("{} {}{}: {}", problem.line, problem.path, if problem.rejected { " rejected" } else { "" }, problem.reason)
        })
        .collect();
    insta::assert_json_snapshot!(said, @r#"
    [
      "16  rejected: has no END:VEVENT; the next event begins before it ends",
      "36  rejected: has no END:VEVENT; the calendar around it ends before it does",
      "29 : is not a calendar line (NAME:value); there are 1 such lines in total",
      "27 VTODO: only events are imported, not tasks or journals (1 here)",
      "3  rejected: DTSTART: the start is missing",
      "7  rejected: DTSTART: \"soon\" is not a date or time",
      "11  rejected: DTEND: it ends before it begins"
    ]
    "#);
}

#[test]
fn hostile_calendars_are_refused_or_cut_quickly() {
    let began = Instant::now();
    let deep = format!("BEGIN:VCALENDAR\n{}", "BEGIN:VEVENT\nBEGIN:X\n".repeat(1_000));
    assert!(read(deep.as_bytes()).unwrap_err().reason.contains("nested"));
    let line = format!(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261205\nDESCRIPTION:{}\nSUMMARY:x\nEND:VEVENT\nEND:VCALENDAR",
        "x".repeat(10 << 20)
    );
    let found = read(line.as_bytes()).unwrap();
    let length = found.events[0].description.as_ref().map(String::len);
    assert_eq!((length, found.events[0].dropped.len()), (Some(super::lines::LONGEST - "DESCRIPTION:".len()), 1));
    let folded = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x{}", "\n y".repeat(3 << 20));
    assert!(read(folded.as_bytes()).unwrap().problems[0].reason.contains("cut short"));
    let dates = event(&format!("DTSTART:20261205\n{}RDATE:{}", "RDATE:20261206\n".repeat(3_000), "20261207,".repeat(50)));
    assert!(dates.with.len() <= MOST_DATES);
    let many = format!("BEGIN:VCALENDAR\n{}", "BEGIN:VEVENT\nEND:VEVENT\n".repeat(MOST_EVENTS + 1));
    assert!(read(many.as_bytes()).unwrap_err().reason.contains("more than 50000 events"));
    let changes = "BEGIN:VEVENT\nUID:1\nDTSTART:20261205\nRECURRENCE-ID:20261206\nSTATUS:CANCELLED\nEND:VEVENT\n".repeat(20_000);
    assert_eq!(
        calendar(&format!("BEGIN:VEVENT\nUID:1\nSUMMARY:x\nDTSTART:20261205\nRRULE:FREQ=DAILY\nEND:VEVENT\n{changes}")).events[0]
            .changes
            .len(),
        1
    );
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}, without optimisation", began.elapsed());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_lines_make_it_panic(lines in prop::collection::vec(prop_oneof![
        Just("BEGIN:VEVENT".to_owned()), Just("END:VEVENT".to_owned()), Just("UID:1".to_owned()), Just("END:VCALENDAR".to_owned()),
        "(DTSTART|DTEND|EXDATE|RDATE|RECURRENCE-ID|DURATION|RRULE|GEO)(;TZID=(GMT|Europe/Paris|x)|;VALUE=DATE)?:[0-9TZP;,DHM.-]{0,20}",
        "(SUMMARY|DESCRIPTION|LOCATION|CATEGORIES|ORGANIZER|ATTENDEE|URL|CLASS)(;CN=\"?[a-z:;]{0,5}\"?)?:[a-z<>&;,\\\\n/]{0,20}",
        "[A-Z:; ]{0,10}",
    ], 0..25)) {
        let _ = read(format!("BEGIN:VCALENDAR\n{}", lines.join("\n")).as_bytes());
    }
}

#[test]
fn a_calendar_that_takes_its_events_back_cancels_them() {
    let text = b"BEGIN:VCALENDAR\nMETHOD:CANCEL\nBEGIN:VEVENT\nUID:1\nSUMMARY:Soup\nDTSTART:20261203T120000\nEND:VEVENT\nEND:VCALENDAR\n";
    assert_eq!(read(text).unwrap().events[0].status, Status::Cancelled);
    assert_eq!(event("DTSTART:20261203T120000").status, Status::Scheduled);
}

#[test]
fn of_two_versions_of_a_changed_date_the_later_one_is_the_word_and_it_belongs_to_the_later_series() {
    let series = |sequence: u32| {
        format!(
            "BEGIN:VEVENT\nUID:1\nSEQUENCE:{sequence}\nSUMMARY:Soup\nDTSTART:20261203T120000\nRRULE:FREQ=WEEKLY\nEND:VEVENT\n"
        )
    };
    let moved = |sequence: u32, hour: u32| {
        format!(
            "BEGIN:VEVENT\nUID:1\nSEQUENCE:{sequence}\nRECURRENCE-ID:20261210T120000\nSUMMARY:Soup\nDTSTART:20261210T{hour}0000\nEND:VEVENT\n"
        )
    };
    let found = calendar(&format!("{}{}{}{}", series(3), moved(3, 18), moved(2, 17), series(1)));
    let (newer, older) = (&found.events[0], &found.events[1]);
    assert_eq!((newer.version.0, newer.changes.len(), older.changes.len()), (3, 1, 0));
    assert_eq!(newer.changes[0].moved.map(|(start, _)| start), Some(at("2026-12-10T18:00:00")));
}
