"""What a search must find: our rules in Python, held against the server before anything is timed.

The rules stand twice, here and in `src/search/` (`words.rs` for what is understood, `query.rs` for
what must be there, `facts.rs` for what is looked at). They differ when one was changed without the
other; then the run stops and names queries that differ. Order is not the oracle's business, but
for distance.
"""

import csv
import json
import re
import subprocess
import sys
import unicodedata
from array import array
from collections import Counter, defaultdict
from datetime import time
from itertools import product
from math import asin, cos, prod, radians, sin, sqrt
from pathlib import Path

from servers import Trouble

HERE = Path(__file__).resolve().parent
CONTENT = HERE.parent / "content"
# The stemmer of the index is Snowball's English of this generation; later ones cut some words otherwise.
STEMMER = "snowballstemmer==2.2.0"
EARTH_RADIUS = 6_371_008.8  # metres, as in src/geo.rs
LONGEST_PHRASE = 10
FORGIVEN_FROM = 5  # letters of a word that may have a slip in it
BREAK = 0  # stands between the parts of a text: words on both sides are not beside each other
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
def listed(name):
    """A list of words in src/search/small.rs."""
    code = (HERE.parent / "src/search/small.rs").read_text(encoding="utf-8")
    return set(re.search(name + r': &str = "([^"]*)"', code)[1].replace("\\\n", " ").split())


SMALL_WORDS = listed("SMALL_WORDS")
# Words that need not be found where no phrase has them.
SAY_LITTLE = SMALL_WORDS | listed("SHORT_FORMS")


def install_stemmer(folder):
    """Snowball from PyPI into `folder`, unless it is there."""
    place = folder / "python"
    if not place.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", place, STEMMER]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise Trouble(f"{STEMMER} could not be installed from PyPI: {reason[-1]}")
    sys.path.insert(0, str(place))


def fold(text):
    """Words without case, accents and apostrophes, as `model::text::fold` makes them."""
    text = unicodedata.normalize("NFKD", text)
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", re.sub("['’‘`]", "", text).lower())


def expanded(phrase):
    """What a family of phrases stands for: "(off|out of) work". Those that stand for hundreds are long, and none of our queries."""
    choices = [part.split("|") if at % 2 else [part] for at, part in enumerate(re.split(r"\(([^)]*)\)", phrase))]
    if prod(map(len, choices)) > 200:
        return []
    return [" ".join(" ".join(said).split()) for said in product(*choices)]


class Words:
    """The two tables of everyday words, and what they make of a text."""

    def __init__(self):
        import snowballstemmer

        self.cut = snowballstemmer.stemmer("english").stemWord
        self.known = {}
        self.phrases, self.exact, self.alone, self.telling, self.urgent = [], {}, {}, {}, set()
        for row, said in ((row, said) for row in table("everyday_words.csv") for said in expanded(row["phrase"])):
            written, needs = fold(said), row["need"].split("|")
            telling = tuple(self.stem(word) for word in written if word not in SMALL_WORDS)
            phrase = (tuple(map(self.stem, written)), needs, "URGENT" in row["notes"])
            self.phrases.append(phrase)
            # One word alone of a family is meant as it is written: "fitting" is not "fit".
            if len(written) == 1 and "(" in row["phrase"]:
                self.alone.setdefault(written[0], phrase)
            else:
                self.exact.setdefault(phrase[0], phrase)
            if len(telling) > 1:
                self.telling.setdefault(telling, phrase)
            if phrase[2]:
                self.urgent.update(telling)
        self.own = {row["need"]: [tuple(self.stems(own)) for own in row["words"].split("|")] for row in table("need_words.csv")}

    def stem(self, word):
        if word not in self.known:
            self.known[word] = self.cut(word)
        return self.known[word]

    def stems(self, text):
        return [self.stem(word) for word in fold(text)]

    def understand(self, text):
        """What remains as words, and the phrases: (stems of their words, needs). The longest phrase first."""
        words = fold(text)
        stems = [self.stem(word) for word in words]
        matches = [match for at in range(len(words)) for match in self._matches(words, stems, at)]
        taken = [None] * len(words)
        for _, _, start, end, phrase in sorted(matches, key=lambda match: (-match[0], match[1], match[2])):
            if not any(taken[start:end]):
                taken[start:end] = [(start, end, phrase)] * (end - start)
        meanings = [(stems[start:end], phrase[1]) for start, end, phrase in once(filter(None, taken))]
        rest = [stem for word, stem, match in zip(words, stems, taken) if not match and word not in SAY_LITTLE]
        if not rest and not meanings:
            rest = stems
        return rest, meanings

    def _matches(self, words, stems, start):
        """Phrases that begin here: (words, words with a slip, start, end, phrase)."""
        for end in range(start + 1, min(len(words), start + LONGEST_PHRASE) + 1):
            if phrase := self.exact.get(tuple(stems[start:end])):
                yield end - start, 0, start, end, phrase
        if phrase := self.alone.get(words[start]):
            yield 1, 0, start, start + 1, phrase
        if words[start] in SMALL_WORDS:
            return
        telling = ()
        for end in range(start + 1, min(len(words), start + LONGEST_PHRASE + 4) + 1):
            if words[end - 1] not in SMALL_WORDS:
                telling += (stems[end - 1],)
                if phrase := self.telling.get(telling):
                    yield len(telling), 0, start, end, phrase
        near = []
        for phrase in self.phrases:
            here = stems[start : start + len(phrase[0])]
            pairs = [(its, word) for its, word in zip(phrase[0], here) if its != word]
            fits = len(here) == len(phrase[0]) and phrase[0][0][:1] == here[0][:1] and all(is_slip(*pair) for pair in pairs)
            hides_danger = not phrase[2] and any(word in self.urgent for _, word in pairs)
            if pairs and fits and not hides_danger:
                near.append((len(here), len(pairs), start, start + len(here), phrase))
        urgent = [match for match in near if match[4][2]]
        yield from urgent or near


def once(matches):
    """Each match once, though it took several words."""
    seen = []
    for match in matches:
        if match not in seen:
            seen.append(match)
    return seen


def is_slip(a, b):
    """Whether two long words differ by one letter more, less, other, or by two letters swapped."""
    if min(len(a), len(b)) < FORGIVEN_FROM or abs(len(a) - len(b)) > 1 or a == b:
        return False
    short, long = sorted((a, b), key=len)
    at = next((n for n in range(len(short)) if short[n] != long[n]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped


def table(name):
    with open(CONTENT / name, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


class Oracle:
    """Every published document by its words, needs, places and hours; places that are kept secret are not among them.

    `published` is an export of the server: one document a line. Documents go by their number in it.
    """

    def __init__(self, published):
        self.words = Words()
        self.numbers = {None: BREAK}  # of stems
        self.texts, self.having = [], defaultdict(lambda: array("I"))
        self.ids, self.needs, self.codes, self.points, self.hours = [], defaultdict(set), [], [], []
        self.current = set()
        with open(published, encoding="utf-8") as lines:
            for line in lines:
                self._add(json.loads(line))

    def _add(self, service):
        number = len(self.ids)
        self.ids.append(service["id"])
        terms = [attribute["taxonomy_term"] for attribute in service.get("attributes", []) if "taxonomy_term" in attribute]
        sites = service.get("service_at_locations", [])
        places = [site["location"] for site in sites if "location" in site]
        text = array("I")
        for part in searched(service, terms, places):
            text.extend(self.numbers.setdefault(stem, len(self.numbers)) for stem in self.words.stems(part))
            text.append(BREAK)
        self.texts.append(text)
        for stem in set(text):
            self.having[stem].append(number)
        for need in {" ".join(fold(text)) for term in terms for text in (term["code"], term["name"])}:
            self.needs[need].add(number)
        self.codes.append({term["code"] for term in terms})
        self.points.append([(place["latitude"], place["longitude"]) for place in places if "latitude" in place])
        if service.get("status") not in ("inactive", "defunct"):
            self.current.add(number)  # a search leaves out what cannot be had
        self.hours.append([*service.get("schedules", []), *(schedule for site in sites for schedule in site.get("schedules", []))])

    def hits(self, query):
        """The numbers of the documents that this must find."""
        rest, meanings = self.words.understand(query)
        helping = [self._with_all(stems) | set().union(*map(self._helping, needs)) for stems, needs in meanings]
        found = self._all([self._with_all([stem]) for stem in rest] + helping) & self.current
        # Words beside an understood phrase may be left out when nothing has all of them.
        return found or (self._all(helping) & self.current if helping and all(self._with_all([stem]) for stem in rest) else set())

    def _all(self, sets):
        return set.intersection(*sets) if sets else set()

    def _with_all(self, stems):
        return self._all([set(self.having.get(self.numbers.get(stem, -1), ())) for stem in stems])

    def _helping(self, need):
        """Carries the need as a term, or says its own words."""
        found = set(self.needs.get(" ".join(fold(need)), ()))
        for own in self.words.own.get(need, []):
            phrase = array("I", (self.numbers.get(stem, 2**32 - 1) for stem in own))
            found.update(number for number in self._with_all(own) if number not in found and stands_in(phrase, self.texts[number]))
        return found

    def near(self, query, latitude, longitude, metres):
        """Metres to the nearest place of each document that this must find so near."""
        away = {number: min(distance(latitude, longitude, *point) for point in self.points[number])
                for number in self.hits(query) if self.points[number]}
        return {number: far for number, far in away.items() if far <= metres}

    def open_at(self, moment):
        """The numbers of those open at a local moment. Weekly hours within one day only, as the generators make them."""
        day, clock = WEEKDAYS[moment.weekday()], moment.time()
        open_then = (number for number, hours in enumerate(self.hours) if any(is_open(schedule, day, clock) for schedule in hours))
        return self.current.intersection(open_then)

    def term_counts(self, numbers):
        return Counter(code for number in numbers for code in self.codes[number])


def searched(service, terms, places):
    """The parts of a document that words are looked for in."""
    organization = service.get("organization", {})
    yield from (service.get(name, "") for name in ("name", "alternate_name", "description", "eligibility_description"))
    yield organization.get("name", "")
    yield from (term["name"] for term in terms)
    for place in places:
        yield place.get("name", "")
        yield from (address.get("city", "") for address in place.get("addresses", []))
    yield from (language["name"] for language in service.get("languages", []) if language["name"] != "English")


def stands_in(phrase, text):
    """Whether the words stand beside each other somewhere."""
    length, first = len(phrase), phrase[0]
    return any(word == first and text[at : at + length] == phrase for at, word in enumerate(text))


def is_open(schedule, day, clock):
    opens, closes = time.fromisoformat(schedule["opens_at"]), time.fromisoformat(schedule["closes_at"])
    return day in schedule["byday"].split(",") and opens <= clock < closes


def distance(latitude, longitude, other_latitude, other_longitude):
    """Metres on a sphere (haversine)."""
    a, b = radians(latitude), radians(other_latitude)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(half)))
