"""Opens what the demo publishes with the libraries that other people use, and compares what they
make of it with what stands in the fixtures: calendars with icalendar and recurring-ical-events,
feeds with feedparser, maps with geojson.

    python check.py --base http://127.0.0.1:18080 --series http://127.0.0.1:18090

The second directory holds series.ndjson: rules with everything that a rule may say.
Prints a line for each check; exits 1 when one does not hold.
"""

import argparse
import csv
import datetime
import io
import json
import sys
import urllib.request
import zoneinfo

import feedparser
import geojson
import icalendar
import recurring_ical_events

LONDON = zoneinfo.ZoneInfo("Europe/London")
BENEFIT_FORMS = "94b32eff-e89d-5b5f-bc33-62b3c3ee6c92"  # the last Friday of the month
OPEN_BENCH = "5a3b6b00-0405-5c00-a26f-7bd8b2045a8b"  # every other Thursday, 3 December cancelled
CARERS = "92b5798c-419b-5e8c-ad5b-719ad479acbc"  # the first Tuesday, January's a week later
SEATED = "db1a7e44-1024-5031-9b9a-4e01f35b3591"  # Thursdays, one of them on a Friday
MORNINGS = "e63fc81a-b298-552a-aae5-0fdf4ed7b4ee"  # Wednesdays until 9 December, one of them full
SLEEP_OUT = "5133d54f-8252-551f-9aee-3ae14401ae88"  # one night
RECOVERY = "fd4c7cd5-3830-5cd9-9c71-260f6c2add9b"  # at a place that is withheld
SUPPER = "da235690-d12a-562e-9606-019a26c32c34"  # the address is given when one books

failed = 0


def check(name, holds, detail=""):
    global failed
    print(f"{'ok   ' if holds else 'FAIL '} {name}{'' if holds or not detail else f': {detail}'}")
    failed += not holds


def equal(name, found, expected):
    check(name, found == expected, f"\n      found    {found}\n      expected {expected}")


def get(path, media):
    with urllib.request.urlopen(base + path) as answer:
        found = answer.headers["Content-Type"]
        check(f"{path} is {media}", found.split(";")[0] == media, found)
        return answer.read()


def calendar(path):
    return icalendar.Calendar.from_ical(get(path, "text/calendar"))


def dates(of, first, last):
    """What happens from `first` to `last`, both included: start, name, status."""
    found = recurring_ical_events.of(of, keep_recurrence_attributes=True).between(first, last + datetime.timedelta(days=1))
    return sorted(
        (event["DTSTART"].dt, str(event["SUMMARY"]), str(event["STATUS"]), event["DTEND"].dt) for event in found
    )


def said(of, first, last):
    return [f"{start:%Y-%m-%d %H:%M} {name} {status}" for start, name, status, _ in dates(of, first, last)]


def day(text):
    return datetime.date.fromisoformat(text)


def check_series():
    forms = calendar(f"/events/{BENEFIT_FORMS}?format=ics")
    equal(
        "the last Friday of the month, December's a week early",
        [f"{start:%a %d %b %H:%M}" for start, *_ in dates(forms, day("2026-09-01"), day("2027-02-28"))],
        ["Fri 25 Sep 10:00", "Fri 30 Oct 10:00", "Fri 27 Nov 10:00", "Fri 18 Dec 10:00", "Fri 29 Jan 10:00", "Fri 26 Feb 10:00"],
    )
    equal(
        "ten o'clock is nine in UTC before the clocks change and ten after",
        [f"{start.astimezone(datetime.timezone.utc):%H:%M}" for start, *_ in dates(forms, day("2026-09-01"), day("2026-10-31"))],
        ["09:00", "10:00"],
    )
    equal(
        "a cancelled date says so",
        said(calendar(f"/events/{OPEN_BENCH}.ics"), day("2026-11-15"), day("2026-12-20")),
        [
            "2026-11-19 14:00 Open bench Thursday CONFIRMED",
            "2026-12-03 14:00 Cancelled: Open bench Thursday CANCELLED",
            "2026-12-17 14:00 Open bench Thursday CONFIRMED",
        ],
    )
    equal(
        "a date that moved by a week is only at its new time",
        [line[:16] for line in said(calendar(f"/events/{CARERS}.ics"), day("2026-12-01"), day("2027-02-28"))],
        ["2026-12-01 10:30", "2027-01-12 10:30", "2027-02-02 10:30"],
    )
    equal(
        "a date that moved to the next day is only there",
        [line[:16] for line in said(calendar(f"/events/{SEATED}.ics"), day("2026-12-01"), day("2027-01-08"))],
        ["2026-12-03 11:00", "2026-12-11 11:00", "2026-12-17 11:00", "2027-01-07 11:00"],
    )
    equal(
        "a series ends with the day of its end, and a full date says so",
        said(calendar(f"/events/{MORNINGS}.ics"), day("2026-11-25"), day("2027-12-31")),
        [
            "2026-11-25 10:00 Digital basics: five easy mornings CONFIRMED",
            "2026-12-02 10:00 Full: Digital basics: five easy mornings CONFIRMED",
            "2026-12-09 10:00 Digital basics: five easy mornings CONFIRMED",
        ],
    )
    (start, _, _, end), *more = dates(calendar(f"/events/{SLEEP_OUT}.ics"), day("2026-12-01"), day("2026-12-31"))
    equal("one night is one night", (f"{start:%d %H:%M}", f"{end:%d %H:%M}", more), ("11 22:00", "12 06:00", []))


def check_same_dates():
    """Whatever the API says of a series, a calendar says, too."""
    global base
    demo = base
    first = datetime.date.today() - datetime.timedelta(days=20)
    last = first + datetime.timedelta(days=380)
    for base in (demo, arguments.series.rstrip("/")):
        answer = json.loads(get(f"/events?from={first}&to={last}&per_page=1000", "application/json"))
        wrong, compared = [], 0
        for event in answer["contents"]:
            told = {datetime.datetime.fromisoformat(date["start"].replace("Z", "+00:00")) for date in answer["times"][event["id"]]["occurrences"]}
            with urllib.request.urlopen(f"{base}/events/{event['id']}.ics") as calendars:
                known = icalendar.Calendar.from_ical(calendars.read())
            found = {start.astimezone(datetime.timezone.utc) for start, *_ in dates(known, first, last)}
            begins = datetime.datetime.combine(first, datetime.time(), LONDON)
            apart = {date for date in told ^ found if date >= begins}
            compared += len(told)
            if apart:
                wrong.append(f"{event['name']}: {sorted(apart)[:3]}")
        equal(f"each of {len(answer['contents'])} events has the same dates in its calendar, {compared} in all", wrong, [])
        check("there were dates to compare", compared > 100, str(compared))
    base = demo


def check_zone():
    zone = next(part for part in calendar("/events.ics").walk("VTIMEZONE") if part.tz_name == "Europe/London").to_tz(lookup_tzid=False)
    # Every six hours of three years; the hour that comes twice is left to the libraries.
    wrong = []
    for hours in range(0, 3 * 365 * 24, 6):
        at = datetime.datetime(2026, 1, 1, 3, 30) + datetime.timedelta(hours=hours)
        if at.replace(tzinfo=zone).utcoffset() != at.replace(tzinfo=LONDON).utcoffset():
            wrong.append(at)
    equal("our own words on when the clocks change are those of the zone's database", wrong, [])


def check_lists():
    listed = json.loads(get("/events?per_page=1000&full=true", "application/json"))["contents"]
    events = calendar("/events?format=ics")
    masters = {str(event["UID"]).split("@")[0]: event for event in events.walk("VEVENT") if "RECURRENCE-ID" not in event}
    equal("a calendar of all events has each once", sorted(masters), sorted(event["id"] for event in listed))
    starts = {event["id"]: datetime.datetime.fromisoformat(event["start"]).replace(tzinfo=LONDON) for event in listed}
    late = [id for id, start in starts.items() if masters[id]["DTSTART"].dt != start]
    equal("each starts when its document says", late, [])
    for hidden in (RECOVERY, SUPPER):
        check(f"{masters[hidden]['SUMMARY']} has no place", "LOCATION" not in masters[hidden] and "GEO" not in masters[hidden])
    check("others have one", sum("LOCATION" in event and "GEO" in event for event in masters.values()) > 20)
    check(
        "what everybody sees is in a week of it",
        "2026-11-27 10:00 Benefit forms made easier CONFIRMED" in said(events, day("2026-11-23"), day("2026-11-29")),
    )
    organization = next(event["organization_id"] for event in listed if event["id"] == BENEFIT_FORMS)
    theirs = calendar(f"/organizations/{organization}?format=ics")
    equal(
        "the calendar of an organisation has its events",
        sorted({str(event["UID"]).split("@")[0] for event in theirs.walk("VEVENT")}),
        sorted(event["id"] for event in listed if event["organization_id"] == organization),
    )
    found = calendar("/services?format=ics&need=food-emergency&day=SA")
    # Hours without a beginning begin when the demo was started, so the day is one that comes.
    saturday = datetime.date.today() + datetime.timedelta(days=7 + (5 - datetime.date.today().weekday()) % 7)
    hours = said(found, saturday, saturday)
    check("a calendar of a search has hours on the day that was asked for", len(hours) > 0, str(hours))
    nothing = calendar("/events.ics?search=zzqxjkvw")
    equal("a calendar of a search without result is one", (len(nothing.walk("VEVENT")), len(nothing.walk("VTIMEZONE"))), (0, 1))


def check_feed():
    feed = feedparser.parse(get("/services.atom", "application/atom+xml"))
    check("feedparser has nothing to say against the feed", not feed.bozo, str(feed.get("bozo_exception")))
    equal("it is Atom with fifty entries", (feed.version, len(feed.entries)), ("atom10", 50))
    moments = [entry.updated_parsed for entry in feed.entries]
    check("the newest is first", moments == sorted(moments, reverse=True))
    check("ids are UUIDs, and links lead to pages", all(e.id.startswith("urn:uuid:") and e.link.startswith(base) for e in feed.entries))
    document = next(link.href for link in feed.entries[0].links if link.type == "application/json")
    with urllib.request.urlopen(document) as answer:
        equal("an entry leads to its document", json.load(answer)["name"], feed.entries[0].title)


def check_map():
    with_places = geojson.loads(get("/services?format=geojson", "application/geo+json"))
    check("geojson has nothing to say against the map", with_places.is_valid, str(with_places.errors()))
    total = json.loads(get("/services?per_page=1", "application/json"))["total_items"]
    shown = {feature["properties"]["id"] for feature in with_places.features}
    equal("what is on the map and what is not make all services", len(shown) + with_places["without_point"], total)
    around = [f for f in with_places.features if not (-1.0 < f.geometry.coordinates[0] < 0.2 and 51.5 < f.geometry.coordinates[1] < 52.5)]
    equal("points are east before north, and near Luton", around, [])


def check_sheet():
    rows = list(csv.DictReader(io.StringIO(get("/services?format=csv&search=advice", "text/csv").decode())))
    ids = [item["id"] for item in json.loads(get("/services?search=advice&per_page=1000", "application/json"))["contents"]]
    equal("a sheet of a search has its services in the same order", [row["id"] for row in rows], ids)


parser = argparse.ArgumentParser()
parser.add_argument("--base", default="http://127.0.0.1:18080")
parser.add_argument("--series", required=True)
arguments = parser.parse_args()
base = arguments.base.rstrip("/")
for part in (check_series, check_same_dates, check_zone, check_lists, check_feed, check_map, check_sheet):
    part()
print("everything holds" if not failed else f"{failed} checks do not hold")
sys.exit(bool(failed))
