"""The judged queries and the scores: what `score.py` measures and `check.py` looks over.

Standard library only, and no clock: the same answers give the same scores.
"""

import csv
from dataclasses import dataclass, field
from math import log2
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUERIES = HERE / "queries.csv"
FLOORS = HERE / "floors.csv"
CUT = 10  # how many answers are looked at


def rows(file):
    """The rows of a CSV file as dictionaries."""
    with open(file, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@dataclass
class Query:
    """What somebody types, and the grade of each answer that would help: 3 is just right, 1 is better than nothing."""

    group: str
    words: str
    grades: dict = field(default_factory=dict)  # by record id, or by theme
    names: dict = field(default_factory=dict)  # what a record is called, for people

    def expects_nothing(self):
        return not self.grades


def queries(of_set):
    """The queries of one set, in the order of the file."""
    found = {}
    for row in rows(QUERIES):
        if row["set"] != of_set:
            continue
        query = found.setdefault(row["query"], Query(row["group"], row["query"]))
        if row["target"]:
            query.grades[row["target"]] = int(row["grade"])
            query.names[row["target"]] = row["name"] or row["target"]
    return list(found.values())


def ndcg(found, available):
    """Normalised discounted cumulative gain of the first ten answers, from 0 to 1.

    `found` are the grades of the answers in their order, `available` those of everything that was
    judged, in any order. A grade g gains 2^g - 1, an answer at place n is worth 1 / log2(n + 1) of
    its gain, and the best possible order scores 1.
    """
    best = _gain(sorted(available, reverse=True))
    return _gain(found) / best if best else 0.0


def _gain(grades):
    return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades[:CUT]))
