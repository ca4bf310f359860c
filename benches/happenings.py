"""Made-up event series, and the dates on which they take place, worked out apart from the server.

One series for ten services. The same count gives the same bytes. All are in local time, begin and
end on the same day, and have no end, so a calendar is all that it takes to say what is on.
"""

import contextlib
import json
import random
import sqlite3
import uuid
from datetime import date, datetime, time, timedelta

from generate import FIRST_WORDS, SECOND_WORDS, STREETS, TOWNS, WEEKDAYS

FIRST = date(2026, 9, 1)
NAMES = ["Coffee Morning", "Job Club", "Stay and Play", "Craft Table", "Warm Lunch", "Debt Advice Workshop", "Walking Group", "Repair Café"]
TEXT = (
    "{name} in {town} is open to everybody, free, and needs no booking. Somebody will meet you at the door. "
    "The room is on the ground floor, tea is ready, and you can leave when you like."
)


class Series:
    """One series: its document, and its days."""

    def __init__(self, draw, organization, location, town):
        self.kind = draw.choice(("weekly", "fortnightly", "monthly", "last"))
        self.weekday = draw.randrange(7)
        self.starts = time(draw.randint(8, 18), draw.choice((0, 30)))
        self.day = FIRST + timedelta((self.weekday - FIRST.weekday()) % 7)
        if self.kind == "last":
            self.day = last_of(self.day)
        byday = WEEKDAYS[self.weekday]
        self.place = (self.day.day - 1) // 7 + 1
        self.off = []
        rule = {"weekly": f"FREQ=WEEKLY;BYDAY={byday}", "fortnightly": f"FREQ=WEEKLY;INTERVAL=2;BYDAY={byday}",
                "monthly": f"FREQ=MONTHLY;BYDAY={self.place}{byday}", "last": f"FREQ=MONTHLY;BYDAY=-1{byday}"}
        # Every fifth series leaves out its dates in the last week of December.
        if draw.random() < 0.2:
            self.off = list(self.days(date(2026, 12, 21), date(2026, 12, 31)))
        name = draw.choice(NAMES)
        start = datetime.combine(self.day, self.starts)
        self.document = {
            "id": made_up(draw), "organization_id": organization, "name": f"{name}, {town}", "location_id": location,
            "description": TEXT.format(name=name, town=town), "start": start.isoformat(),
            "end": (start + timedelta(hours=draw.randint(1, 4))).isoformat(), "timezone": "Europe/London", "rrule": rule[self.kind],
            "exdates": [datetime.combine(day, self.starts).isoformat() for day in self.off], "status": "scheduled",
        }

    def days(self, first, last):
        """The days on which it takes place, both ends included."""
        day = max(first, self.day)
        while day <= last:
            if day.weekday() == self.weekday and self._falls_on(day) and day not in self.off:
                yield day
            day += timedelta(1)

    def _falls_on(self, day):
        return {
            "weekly": True, "fortnightly": (day - self.day).days % 14 == 0, "monthly": (day.day - 1) // 7 + 1 == self.place,
            "last": day == last_of(day),
        }[self.kind]


def last_of(day):
    """The last of its weekday in the month."""
    while (day + timedelta(7)).month == day.month:
        day += timedelta(7)
    return day


def made_up(draw):
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def make(count, file):
    """Write organisations, places and `count` series as `fingerpost import` takes them; the series."""
    draw = random.Random(2)
    hosts = []
    with open(file, "w", encoding="utf-8") as lines:
        def write(kind, document):
            lines.write(json.dumps({"kind": kind, "document": document}, ensure_ascii=False, separators=(",", ":")) + "\n")

        for number in range(max(10, count // 10)):
            town, latitude, longitude, postcodes, spread = draw.choice(TOWNS)
            organization, location = made_up(draw), made_up(draw)
            name = f"{town} {draw.choice(FIRST_WORDS)} {draw.choice(SECOND_WORDS)} {number}"
            street = draw.choice(STREETS)
            write("organization", {"id": organization, "name": name, "description": f"{name} is run by its members."})
            write("location", {
                "id": location, "location_type": "physical", "name": f"{street} Hall", "latitude": round(draw.gauss(latitude, spread), 6),
                "longitude": round(draw.gauss(longitude, spread), 6),
                "addresses": [{"id": made_up(draw), "address_1": f"1 {street}", "city": town, "state_province": "England",
                               "postal_code": f"{postcodes} 1AB", "country": "GB", "address_type": "physical"}],
            })
            hosts.append((organization, location, town))
        series = [Series(draw, *draw.choice(hosts)) for _ in range(count)]
        for one in series:
            write("event", one.document)
    return series


def tabulate(series, file, first, last):
    """The same as tables: each series' document, and each of its dates between two days."""
    file.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(file)) as tables:
        tables.executescript(
            "CREATE TABLE events (number INTEGER PRIMARY KEY, id TEXT UNIQUE, doc TEXT); CREATE TABLE dates (day TEXT, event INTEGER);"
        )
        for number, one in enumerate(series):
            document = json.dumps(one.document, ensure_ascii=False, separators=(",", ":"))
            tables.execute("INSERT INTO events VALUES (?, ?, ?)", (number, one.document["id"], document))
            tables.executemany("INSERT INTO dates VALUES (?, ?)", [(day.isoformat(), number) for day in one.days(first, last)])
        tables.executescript("CREATE INDEX dates_by_day ON dates (day, event); ANALYZE;")
        tables.commit()


# What datasette is asked: the series with a date in a week, the soonest first.
QUERY = """\
select e.id, e.doc, min(d.day) as soonest from dates d join events e on e.number = d.event
where d.day between :from and :to group by e.number order by soonest, e.number limit 50"""
