"""Questions that need an index: each beside datasette, and each known to be answered right before it is timed."""

import contextlib
import json
import random
import shutil
import sqlite3
import statistics
from datetime import date, datetime, timedelta
from urllib.parse import quote, quote_plus
from zoneinfo import ZoneInfo

import answers
import happenings
import load
import oracle
import servers
from answers import EXPORT, PAGE, PAGE_SIZE, body
from load import median, rate
from results import at_least, at_most, say
from servers import Trouble

SEARCHES = ("datasette", "ranked", "near", "facets", "open", "week")  # the cases
SEARCH = "debt advice"
DIFFERENT = 240  # queries, 'debt advice' among them
LUTON = (51.8787, -0.42)
FIVE_MILES = 8047  # metres
WEEKS = 8  # that are asked for, from the coming Monday
LONDON = ZoneInfo("Europe/London")
# What FTS5 counts in the data of the shared generator: 'debt advice', and the same within five miles of Luton.
KNOWN = {"10k": (699, 181), "100k": (6_958, 1_633)}
# Goals: the same question, so many times as fast as datasette.
RANKED = {"10k": at_least(15), "100k": at_least(20)}
NEAR = {"10k": at_least(30), "100k": at_least(50)}
# Weekly hours of services and of their places, for "open now".
HOURS = "CREATE TABLE hours (day TEXT, opens TEXT, closes TEXT, service INTEGER)"
OPEN = """\
select s.rid, s.doc from services s where s.rid in (select service from hours where day = :day and opens <= :time and closes > :time)
order by s.rid limit 50"""


class Searches:
    """The search cases of one run, over a server of ours that is up."""

    def __init__(self, bench, ours):
        self.bench, self.ours, self.results = bench, ours, bench.results
        self.size = bench.asked.size
        self.database = bench.data.with_suffix(".sqlite")
        self.events = bench.data.with_name(f"{bench.data.name}-events.sqlite")
        self.base = f"/{self.database.stem}"
        self.theirs = None  # datasette, when it is there

    def measure(self):
        cases = dict(zip(SEARCHES, (self.plain, self.ranked, self.near, self.facets, self.open_now, self.week), strict=True))
        wanted = [case for case in cases if self.bench.wants(case)]
        if {"ranked", "near", "facets", "open"} & set(wanted):
            oracle.install_stemmer(self.bench.scratch)
            say("working out what has to be found")
            published = self.bench.scratch / "published.ndjson"
            answers.download(self.ours, EXPORT, published)
            self.oracle = oracle.Oracle(published)
        if "week" in wanted:
            self.prepare_events()
        with self.datasette() as self.theirs:
            for case in wanted:
                cases[case]()

    # The other side.

    @contextlib.contextmanager
    def datasette(self):
        """datasette with all that it is asked for, or nothing when it cannot be had."""
        reason = None
        if not self.database.exists() or not self.bench.queries.exists():
            reason = "datasette: its database and queries come with the shared tools, which are not here (FINGERPOST_SHARED)"
        else:
            try:
                program = servers.install_datasette(self.bench.scratch)
            except Trouble as trouble:
                reason = str(trouble)
        if reason:
            self.results.left_out.append(reason)
            yield None
            return
        queries = next(iter(json.loads(self.bench.queries.read_text())["databases"].values()))["queries"]
        databases = {self.database: queries | {"open": {"sql": OPEN}}}
        if self.bench.wants("open"):
            self.add_hours()
        if self.bench.wants("week"):
            databases[self.events] = {"week": {"sql": happenings.QUERY}}
        with servers.datasette(program, self.bench.server_cpu, databases, self.bench.log) as server:
            yield server

    def add_hours(self):
        """The hours that we publish, as a table beside the others."""
        with contextlib.closing(sqlite3.connect(self.database)) as tables:
            tables.execute("DROP TABLE IF EXISTS hours")
            tables.execute(HOURS)
            numbers = dict(tables.execute("SELECT id, rid FROM services"))
            rows = (
                (day, schedule["opens_at"], schedule["closes_at"], numbers[id])
                for id, hours in zip(self.oracle.ids, self.oracle.hours)
                for schedule in hours
                for day in schedule["byday"].split(",")
            )
            tables.executemany("INSERT INTO hours VALUES (?, ?, ?, ?)", rows)
            tables.executescript("CREATE INDEX hours_by_day ON hours (day, opens, closes, service); ANALYZE hours;")
            tables.commit()

    def counted(self, sql, *values):
        """A number out of datasette's database."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as tables:
            return tables.execute(sql, values).fetchone()[0]

    # Timing.

    def race(self, what, mine, others, goal=None, ours=None):
        """Ours beside datasette, or alone; what 50 and 99 of 100 answers took."""
        ours = ours or self.ours
        if self.theirs:
            contest = self.bench.race(what, *self.bench.targets(zip(mine, others, strict=True), ours, self.theirs), "datasette", goal)
            samples, theirs = contest.ours, f"; datasette {quick(contest.theirs)}"
        else:
            say(what)
            target, _ = self.bench.targets(zip(mine, mine), ours, ours)
            samples, theirs = load.alone(target, self.bench.rounds, self.bench.seconds, self.bench.client_cpu), ""
            self.results.measured(what, rate(samples), median(samples, "rate"))
        self.results.latencies.append(f"{what}: {quick(samples)}{theirs}")
        return samples

    def total(self, connection, path):
        return json.loads(body(connection, path))["total_items"]

    # The cases.

    def plain(self):
        """One service and one page: no search, but the same peer."""
        if not self.theirs:
            return
        ids = [f"{self.base}/byid.json?id={id}&_json=doc&_shape=array" for id in self.bench.ids]
        # Pages by key, as datasette turns them itself.
        starts = [PAGE_SIZE * number for number in range(self.bench.asked.count // PAGE_SIZE)]
        pages = [f"{self.base}/services.json?_col=doc&_json=doc&_shape=array&_nofacet=1&_next={start}" for start in starts]
        with answers.connected(self.theirs) as other:
            for id, path in random.Random(1).sample(list(zip(self.bench.ids, ids)), 50):
                if [row["doc"]["id"] for row in json.loads(body(other, path))] != [id]:
                    raise Trouble(f"datasette has no service {id}")
            for path in (pages[0], pages[-1]):
                self.expect_rows(other, path, PAGE_SIZE)
        self.race("one service, datasette", [f"/services/{id}" for id in self.bench.ids], ids)
        self.race("page of 50, datasette", [PAGE.format(1 + start // PAGE_SIZE) for start in starts], pages)

    def expect_rows(self, connection, path, expected):
        rows = len(json.loads(body(connection, path)))
        if rows != expected:
            raise Trouble(f"datasette answered {path} with {rows} rows, not {expected}")

    def ranked(self):
        queries = different(self.oracle)
        mine = [f"/services?full=true&search={quote(query)}" for query in queries]
        others = [f"{self.base}/ranked.json?q={quote_plus(query)}&_json=doc&_shape=array" for query in queries]
        hits = self.check_ranked(queries, mine, others)
        goal = RANKED.get(self.size)
        self.race(f"search '{SEARCH}'", mine[:1], others[:1], goal)
        samples = self.race(f"{len(queries)} different searches", mine, others, goal)
        slowest = median(samples, "p99")
        self.results.measured(f"{len(queries)} different searches, 99 of 100 within", f"{slowest:,.1f} ms", slowest, at_most(10, "ms", "100k"))
        theirs = f" and {hits[1]:,} with datasette" if self.theirs else ""
        self.results.notes.append(
            f"'{SEARCH}' finds {hits[0]:,} services with us{theirs}. Ours counts them all, looks into organisation, terms and places as well, "
            f"and takes everyday words for needs; datasette ranks the words in name and description and does not count. The {len(queries)} "
            f"searches are of two or three words that stand together in a service, and find {hits[2]:,} in the middle. Every number of hits was checked."
        )

    def check_ranked(self, queries, mine, others):
        """How many each of us finds, for 'debt advice' and in the middle; every number of ours against the oracle."""
        found, wrong = [], []
        with answers.connected(self.ours) as connection:
            for query, path in zip(queries, mine):
                found.append(self.total(connection, f"{path}&per_page=1"))
                expected = len(self.oracle.hits(query))
                if found[-1] != expected:
                    wrong.append(f"{query!r} finds {found[-1]}, expected {expected}")
        if wrong:
            raise Trouble(f"{len(wrong)} of {len(queries)} searches find another number than benches/oracle.py: {'; '.join(wrong[:5])}")
        matching = "SELECT count(*) FROM services_fts WHERE services_fts MATCH ?"
        theirs = 0
        if self.theirs:
            theirs = self.counted(matching, quoted(SEARCH))
            self.expect_known(theirs, 0)
            with answers.connected(self.theirs) as connection:
                for query, path in zip(queries, others):
                    self.expect_rows(connection, path, min(PAGE_SIZE, self.counted(matching, quoted(query))))
        return found[0], theirs, statistics.median_low(found)

    def expect_known(self, counted, which):
        known = KNOWN.get(self.size)
        if known and counted != known[which]:
            raise Trouble(f"datasette's index finds {counted}, not {known[which]}: its data is not what the goals were set with")

    def near(self):
        latitude, longitude = LUTON
        mine = f"/services?full=true&search={quote(SEARCH)}&near={latitude},{longitude}&proximity={FIVE_MILES}"
        other = f"{self.base}/near.json?q={quote_plus(SEARCH)}&lat={latitude}&lon={longitude}&km={FIVE_MILES / 1000}&_json=doc&_shape=array"
        expected = self.oracle.near(SEARCH, latitude, longitude, FIVE_MILES)
        by_id = {self.oracle.ids[number]: far for number, far in expected.items()}
        with answers.connected(self.ours) as connection:
            answer = json.loads(body(connection, mine))
        if answer["total_items"] != len(expected):
            raise Trouble(f"'{SEARCH}' within five miles finds {answer['total_items']}, expected {len(expected)}")
        away = [by_id.get(service["id"]) for service in answer["contents"]]
        nearest = sorted(by_id.values())[: len(away)]
        if None in away or any(abs(far - right) > 1 for far, right in zip(away, nearest)):
            raise Trouble("our services within five miles do not come nearest first")
        theirs = 0
        if self.theirs:
            theirs = self.counted_near()
            self.expect_known(theirs, 1)
            with answers.connected(self.theirs) as connection:
                self.expect_rows(connection, other, min(PAGE_SIZE, theirs))
        self.race(f"'{SEARCH}' within 5 miles, nearest first", [mine], [other], NEAR.get(self.size))
        self.results.notes.append(
            f"Within five miles of Luton '{SEARCH}' finds {len(expected):,} with us" + (f" and {theirs:,} with datasette." if theirs else ".")
        )

    def counted_near(self):
        """How many services that FTS5 finds have a place within five miles of Luton."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as tables:
            places = tables.execute(
                "SELECT service_rid, lat, lon FROM locations WHERE service_rid IN (SELECT rowid FROM services_fts WHERE services_fts MATCH ?)",
                (quoted(SEARCH),),
            )
            return len({service for service, *point in places if oracle.distance(*LUTON, *point) <= FIVE_MILES})

    def facets(self):
        mine = f"/facets?search={quote(SEARCH)}"
        other = f"{self.base}/services.json?_search={quote_plus(SEARCH)}&_fts_table=services_fts&_fts_pk=rid&_facet=topic&_facet=status&_size=0"
        hits = self.oracle.hits(SEARCH)
        with answers.connected(self.ours) as connection:
            answer = json.loads(body(connection, mine))
        if answer["total_items"] != len(hits):
            raise Trouble(f"the facets of '{SEARCH}' count {answer['total_items']}, expected {len(hits)}")
        counts = {term["code"]: term["count"] for term in answer["facets"]["term"]}
        if counts != self.oracle.term_counts(hits):
            raise Trouble(f"the facets of '{SEARCH}' count {counts} of the terms, expected {dict(self.oracle.term_counts(hits))}")
        if self.theirs:
            with answers.connected(self.theirs) as connection:
                facets = json.loads(body(connection, other))
            counted = sum(value["count"] for value in facets["facet_results"]["status"]["results"])
            if counted != self.counted("SELECT count(*) FROM services_fts WHERE services_fts MATCH ?", quoted(SEARCH)):
                raise Trouble(f"datasette's facets of '{SEARCH}' count {counted}")
        self.race(f"facets of '{SEARCH}'", [mine], [other])
        self.results.notes.append(
            f"Facets: ours count {len(answer['facets'])} kinds of value ({', '.join(sorted(answer['facets']))}), datasette two (topic, status)."
        )

    def open_now(self):
        mine = "/services?open_now=true&full=true"
        before = datetime.now(LONDON)
        with answers.connected(self.ours) as connection:
            total = self.total(connection, f"{mine}&per_page=1")
        # A minute may have begun in between.
        expected = {len(self.oracle.open_at(moment)) for moment in (before, datetime.now(LONDON))}
        if total not in expected:
            raise Trouble(f"{total} services are open now, expected {' or '.join(map(str, expected))}")
        day, clock = oracle.WEEKDAYS[before.weekday()], before.strftime("%H:%M")
        other = f"{self.base}/open.json?day={day}&time={quote(clock)}&_json=doc&_shape=array"
        if self.theirs:
            with answers.connected(self.theirs) as connection:
                self.expect_rows(connection, other, min(PAGE_SIZE, total))
        self.race("open now", [mine], [other])
        few = " So few say little: measure it by day." if total < PAGE_SIZE else ""
        self.results.notes.append(f"At {clock} on {before:%A} {total:,} services were open; ours counts them, datasette does not.{few}")

    def prepare_events(self):
        count = self.bench.asked.count // 10
        say(f"making {count} event series")
        self.event_lines = self.events.with_suffix(".ndjson")
        self.series = happenings.make(count, self.event_lines)
        self.monday = date.today() + timedelta(7 - date.today().weekday())
        happenings.tabulate(self.series, self.events, self.monday, self.monday + timedelta(400))

    def week(self):
        """In a directory of their own: event series stand among the services as well, and would change what the rest counts."""
        directory = self.bench.scratch / "events"
        shutil.rmtree(directory, ignore_errors=True)
        self.bench.run_once("import", self.event_lines, directory=directory)
        weeks = [(self.monday + timedelta(7 * number), self.monday + timedelta(7 * number + 6)) for number in range(WEEKS)]
        mine = [f"/events?full=true&from={first}&to={last}" for first, last in weeks]
        others = [f"/{self.events.stem}/week.json?from={first}&to={last}&_json=doc&_shape=array" for first, last in weeks]
        with servers.fingerpost(self.bench.binary, self.bench.server_cpu, directory, self.bench.log) as ours:
            totals = []
            with answers.connected(ours) as connection:
                for (first, last), path in zip(weeks, mine):
                    totals.append(self.total(connection, path))
                    expected = sum(1 for one in self.series if any(True for _ in one.days(first, last)))
                    if totals[-1] != expected:
                        raise Trouble(f"{totals[-1]} series take place from {first} to {last}, expected {expected}")
            if self.theirs:
                with answers.connected(self.theirs) as connection:
                    for total, path in zip(totals, others):
                        self.expect_rows(connection, path, min(PAGE_SIZE, total))
            self.race("events in a week", mine, others, ours=ours)
        self.results.notes.append(
            f"Events: {len(self.series):,} series in a directory of their own; {min(totals):,} to {max(totals):,} take place in a week. "
            "datasette reads dates that were written out beforehand; ours follow the rules."
        )


def quoted(query):
    """A query for FTS5: all of the words."""
    return " AND ".join(f'"{word}"' for word in query.split())


def quick(samples):
    return f"{median(samples, 'p50'):,.2f} ms for 50 of 100, {median(samples, 'p99'):,.2f} ms for 99"


def different(rules):
    """'debt advice' and others of two or three words that stand together in some service; the same ones for the same data."""
    draw = random.Random(3)
    count = len(rules.ids)
    # A usual word is in a service of two hundred to one of four; a stem is typed as one of the words it came from.
    typed = {stem: word for word, stem in rules.words.known.items() if word.isalpha() and len(word) > 3 and word not in oracle.SMALL_WORDS}
    usual = {number: typed[stem] for stem, number in rules.numbers.items() if stem in typed and count / 200 <= len(rules.having[number]) <= count / 4}
    queries = [SEARCH]
    for _ in range(100 * DIFFERENT):
        words = [usual[number] for number in dict.fromkeys(rules.texts[draw.randrange(count)]) if number in usual]
        query = " ".join(draw.sample(words, draw.choice((2, 2, 3)))) if len(words) > 3 else SEARCH
        if query not in queries:
            queries.append(query)
        if len(queries) == DIFFERENT:
            return queries
    raise Trouble(f"the data gave {len(queries)} different searches, not {DIFFERENT}")
