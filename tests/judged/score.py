#!/usr/bin/env python3
"""Ask a running server the judged queries, print how well it answers, and fail below the floors.

    score.py http://127.0.0.1:PORT --set fixtures
    score.py http://127.0.0.1:PORT --set generated --themes OUT.themes

Exits 0 when no score fell, 1 when one did, 2 when the server cannot be asked. See README.md.
"""

import argparse
import contextlib
import csv
import http.client
import json
import sys
from collections import Counter
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from judgments import CUT, FLOORS, Query, ndcg, queries, rows

WORST = 10


class Trouble(Exception):
    """Why the server could not be asked."""


@dataclass
class Answer:
    """What came for one query: the names and grades of the first ten, how many there are, and the score."""

    query: Query
    found: list  # of (name, grade), in order
    total: int
    score: float


@dataclass
class Scores:
    """The three numbers that may not get worse. All are shares, from 0 to 1."""

    ndcg: float  # mean over the queries that have graded answers; more is better
    zero_rate: float  # of those queries, how many found nothing; less is better
    false_rate: float  # of the queries that nothing should answer, how many found something; less is better

    @classmethod
    def of(cls, answers):
        graded = [answer for answer in answers if not answer.query.expects_nothing()]
        others = [answer for answer in answers if answer.query.expects_nothing()]
        return cls(
            mean([answer.score for answer in graded]),
            mean([answer.total == 0 for answer in graded]),
            mean([answer.total > 0 for answer in others]),
        )

    def as_row(self):
        return {"ndcg": f"{self.ndcg:.3f}", "zero_rate": f"{self.zero_rate:.3f}", "false_rate": f"{self.false_rate:.3f}"}


def mean(values):
    return sum(values) / len(values) if values else 0.0


class Asker:
    """One connection to the server, and how its answers are told apart: by id, or by theme."""

    def __init__(self, base, themes):
        parts = urlsplit(base)
        self.path = parts.path.rstrip("/")
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=60)
        self.themes = themes
        self.in_theme = Counter(themes.values())

    def ask(self, query):
        page = self.fetch(f"{self.path}/services?per_page={CUT}&search={quote(query.words)}")
        found = [(item["name"], query.grades.get(self.key(item), 0)) for item in page["contents"]]
        return Answer(query, found, page["total_items"], ndcg([grade for _, grade in found], self.available(query)))

    def fetch(self, path):
        try:
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
            content = answer.read()
        except OSError as reason:
            raise Trouble(f"{path}: {reason}") from reason
        if answer.status != 200:
            raise Trouble(f"{path} was answered with {answer.status}: {content[:200].decode(errors='replace')}")
        return json.loads(content)

    def key(self, item):
        """An event series stands among the services under an id of its own; judgments name the series."""
        return self.themes.get(item["id"]) if self.themes else item.get("event_id", item["id"])

    def available(self, query):
        if not self.themes:
            return list(query.grades.values())
        return [grade for theme, grade in query.grades.items() for _ in range(min(CUT, self.in_theme[theme]))]


def table(headings, lines):
    """Lines of cells, the first column to the left and the others to the right."""
    lines = [headings, *lines]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))]) for line in lines
    )


def by_group(answers):
    groups = {}
    for answer in answers:
        groups.setdefault(answer.query.group, []).append(answer)
    lines = []
    for group, members in [*groups.items(), ("all", answers)]:
        scores = Scores.of(members)
        graded = [answer for answer in members if not answer.query.expects_nothing()]
        score = f"{scores.ndcg:.3f}" if graded else ""
        empty = str(sum(answer.total == 0 for answer in graded)) if graded else ""
        wrongly = sum(answer.total > 0 for answer in members if answer.query.expects_nothing())
        lines.append((group, str(len(members)), score, empty, str(wrongly or "")))
    return table(("group", "queries", f"nDCG@{CUT}", "found nothing", "should have found nothing"), lines)


def in_full(answer):
    """One query for people: what came, with its grades, and what was wanted."""
    query = answer.query
    came = "; ".join(f"{name} ({grade})" for name, grade in answer.found) or "nothing"
    wanted = sorted(query.grades, key=query.grades.get, reverse=True)
    names = "; ".join(f"{query.names[target]} ({query.grades[target]})" for target in wanted) or "nothing"
    return f"{query.words!r}: {answer.score:.3f}, {answer.total} found\n    came:   {came}\n    wanted: {names}"


def compare(name, scores):
    """What fell below its floor, in words."""
    floor = next((row for row in rows(FLOORS) if row["set"] == name), None)
    if not floor:
        return [f"{FLOORS} has no floor for the set {name}"]
    reached = scores.as_row()
    fallen = []
    for number, is_worse in (("ndcg", float.__lt__), ("zero_rate", float.__gt__), ("false_rate", float.__gt__)):
        if is_worse(float(reached[number]), float(floor[number])):
            fallen.append(f"{number} of the set {name} is {reached[number]}, and it was {floor[number]} before")
    return fallen


def raise_floor(name, scores):
    """Make what was reached the floor of this set."""
    floors = {row["set"]: row for row in rows(FLOORS)} if FLOORS.exists() else {}
    floors[name] = {"set": name, **scores.as_row()}
    with open(FLOORS, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("set", "ndcg", "zero_rate", "false_rate"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(floors.values())


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", help="where the server is, such as http://127.0.0.1:8080")
    parser.add_argument("--set", required=True, choices=("fixtures", "generated"))
    parser.add_argument("--themes", help="the generated directory's OUT.themes; needed for that set")
    parser.add_argument("--all", action="store_true", help="tell every query in full, not only the ten worst")
    parser.add_argument("--raise", dest="raised", action="store_true", help="make what is reached now the new floor")
    asked = parser.parse_args()
    if (asked.set == "generated") != bool(asked.themes):
        parser.error("--themes goes with --set generated")
    return asked


def main():
    asked = arguments()
    themes = {}
    if asked.themes:
        with open(asked.themes, encoding="ascii", newline="") as lines:
            themes = dict(csv.reader(lines))
    asker = Asker(asked.base, themes)
    with contextlib.closing(asker.connection):
        answers = [asker.ask(query) for query in queries(asked.set)]
    scores = Scores.of(answers)
    graded = sorted((answer for answer in answers if not answer.query.expects_nothing()), key=lambda answer: answer.score)
    wrong = [answer for answer in answers if answer.query.expects_nothing() and answer.total]
    told = answers if asked.all else graded[:WORST] + wrong
    print(f"set {asked.set}\n\n{by_group(answers)}\n")
    print("every query:" if asked.all else f"the {WORST} worst, and what should have found nothing:")
    print("\n".join(in_full(answer) for answer in told))
    print(f"\nset {asked.set}: nDCG@{CUT} {scores.ndcg:.3f}, zero results {scores.zero_rate:.1%}, found for nothing {scores.false_rate:.1%}")
    if asked.raised:
        raise_floor(asked.set, scores)
    if fallen := compare(asked.set, scores):
        sys.exit("\n".join(fallen))


if __name__ == "__main__":
    try:
        main()
    except Trouble as trouble:
        print(f"score.py: {trouble}", file=sys.stderr)
        sys.exit(2)
