"""How long residents wait for pages, one after another on one connection, and how much a first visit loads."""

import datetime
import gzip
import json
import re
import statistics
import time
from urllib.parse import urlencode

import answers
from results import at_most, say
from servers import Trouble

TIMES = 200  # that each page is asked for; the first ones are not counted
WARM = 20
PLACE = "LU1 2AA"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SCRIPT_OR_STYLE = re.compile(r'<(?:link rel="stylesheet" href|script src)="([^"]+)"')


class Residents:
    """The pages of the site as a browser asks for them."""

    def __init__(self, bench, ours):
        self.bench, self.ours, self.results = bench, ours, bench.results

    def pages(self):
        """What each is called, its path, and the form that is sent; none for an ordinary page."""
        yield "home", "/", None
        yield "browse by need", "/directory/needs", None
        yield "a service", f"/directory/services/{self.bench.ids[0]}", None
        yield "what's on this week", "/directory/whats-on", None
        yield "search results", "/directory/search", {"q": "debt advice", "postcode": PLACE}
        yield "support checker, a question", "/help/check", {"go": "next", "postcode": PLACE}
        yield "support checker, the result", "/help/check", {"a.risk": "notice", "a.bills": "energy", "go": "result", "postcode": PLACE}
        yield "the plan as a file", "/help/plan", {"a.risk": "notice", "a.bills": "energy", "postcode": PLACE}
        yield "the budget, worked out", "/help/budget", {"in-wages": "900", "out-rent": "700", "out-food": "300", "debt-energy-owed": "80", "postcode": PLACE}

    def measure(self):
        say("asking for pages as residents do")
        with answers.connected(self.ours) as connection:
            for what, path, form in self.pages():
                page = self.ask(connection, path, form)
                waited = []
                for _ in range(TIMES):
                    begun = time.perf_counter()
                    self.ask(connection, path, form)
                    waited.append((time.perf_counter() - begun) * 1000)
                waited = sorted(waited[WARM:])
                slow = waited[len(waited) * 99 // 100]
                loaded = self.first_visit(connection, page)
                self.results.measured(
                    f"page: {what}", f"{statistics.median(waited):.1f} ms, 99 of 100 within {slow:.1f}; first visit {loaded:.1f} kB", loaded, at_most(100, "kB")
                )

    def ask(self, connection, path, form):
        """The page, as it comes over the wire."""
        headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            connection.request("POST", path, urlencode(form), headers | FORM)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise Trouble(f"{path} was answered with {answer.status}")
        return content, answer.getheader("Content-Encoding") == "gzip"

    def first_visit(self, connection, page):
        """Kilobytes of the page with its style sheets and scripts."""
        content, packed = page
        text = (gzip.decompress(content) if packed else content).decode()
        files = dict.fromkeys(SCRIPT_OR_STYLE.findall(text))
        return (len(content) + sum(len(self.ask(connection, file, None)[0]) for file in files)) / 1000


def publish_checker(bench):
    """Publish the sample as if somebody had reviewed it, so that its pages are there to be timed."""
    def run(*words):
        return bench.run_once("checker", *words, directory=bench.directory).printed

    until = (datetime.date.today() + datetime.timedelta(days=60)).isoformat()
    today = datetime.date.today().isoformat()
    checker, contacts = json.loads(run("export")), json.loads(run("export", "--part", "contacts"))
    checker |= {"status": "draft", "review_by": until}
    for record in [record for part in ("lines", "panels", "actions", "tips", "first_debts") for record in contacts[part]]:
        record |= {"checked_on": today, "review_by": until}
    for name, document in (("contacts", contacts), ("checker", checker)):
        file = bench.scratch / f"{name}.json"
        file.write_text(json.dumps(document))
        run("import", file)
    run("publish", "--reviewed-by", "nobody: a benchmark")
