#!/usr/bin/env python3
"""Check `content/` and the judged queries against the fixtures and the generator. No server is asked.

    check.py        prints what is wrong, and exits 1 when something is
"""

import json
import re
import sys
import unicodedata
from collections import Counter

from judgments import HERE, QUERIES, rows

ROOT = HERE.parent.parent
WORDS = ROOT / "content/everyday_words.csv"
NEED_WORDS = ROOT / "content/need_words.csv"
ATLEAST = {"fixtures": 130, "generated": 60}
MARKS = {"URGENT", "SENSITIVE", "ITSELF"}

sys.path += [str(ROOT / "fixtures"), str(ROOT / "benches")]
from content import needs  # noqa: E402
from generate import REMARKS  # noqa: E402
from themes import THEMES  # noqa: E402

CODES = [code for _, _, _, members in needs.FAMILIES for code, _, _ in members]
# The mark that every phrase must carry which leads to one of these needs first.
GRAVE = {
    "health-crisis": "URGENT", "money-loan-shark": "SENSITIVE", "safety-domestic-abuse": "SENSITIVE", "safety-exploitation": "SENSITIVE",
    "safety-forced-marriage": "SENSITIVE", "safety-sexual-violence": "SENSITIVE",
}


def fold(text):
    """Words as the search sees them before stemming: no case, no accents, no apostrophes."""
    text = unicodedata.normalize("NFD", text.lower())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", re.sub("['’]", "", text))


def twice(values):
    return sorted(value for value, times in Counter(values).items() if times > 1)


def numbers_to_ring():
    """Where results have numbers for what somebody wrote, those for emergencies are among them: no listing helps there."""
    with open(ROOT / "content/support_contacts.json", encoding="utf-8") as file:
        troubles = json.load(file).get("troubles", [])
    told = {need for trouble in troubles for need in trouble.get("needs", [])}
    if troubles:
        yield from (f"no trouble has a number for {need}" for need in sorted(needs.EMERGENCIES - told))


def everyday_words():
    table = rows(WORDS)
    for phrase in twice(" ".join(fold(row["phrase"])) for row in table):
        yield f"{phrase!r} stands there twice"
    leading = Counter()
    for row in table:
        phrase, its = row["phrase"], [code for code in row["need"].split("|") if code]
        if not fold(phrase):
            yield f"{phrase!r} has no words"
        yield from (f"{phrase!r}: no need has the code {code!r}" for code in its if code not in CODES)
        yield from (f"{phrase!r}: {code} twice" for code in twice(its))
        leading.update(its)
        marks = row["notes"].partition(";")[0].split()
        if MARKS & set(row["notes"].replace(";", " ").split()) - set(marks) or (MARKS & set(marks) and not set(marks) <= MARKS):
            yield f"{phrase!r}: marks stand before the first semicolon and alone, not {row['notes']!r}"
        if bool(its) == ("ITSELF" in marks):
            yield f"{phrase!r}: a phrase has a need, and a word that is only itself has none"
        grave = its and GRAVE.get(its[0])
        if grave and grave not in marks:
            yield f"{phrase!r}: phrases that lead to {its[0]} are marked {grave}"
    yield from (f"{code}: fewer than two phrases lead there" for code in CODES if leading[code] < 2)


def need_words():
    table = rows(NEED_WORDS)
    if [row["need"] for row in table] != CODES:
        yield "there has to be one row for each need, in the order of fixtures/content/needs.py"
    small_print = [fold(remark) for remark in REMARKS]
    for row in table:
        phrases = [fold(phrase) for phrase in row["words"].split("|")]
        yield from (f"{row['need']}: {' '.join(words)!r} twice" for words in phrases if phrases.count(words) > 1)
        for words in phrases:
            if not 1 <= len(words) <= 4:
                yield f"{row['need']}: {' '.join(words)!r} has {len(words)} words, expected 1 to 4"
            if any(words == said[at : at + len(words)] for said in small_print for at in range(len(said))):
                yield f"{row['need']}: {' '.join(words)!r} stands in small print that many services carry"


def fixtures():
    """The services and events that the public sees: names by id."""
    names, hidden = {}, set()
    for file in sorted((ROOT / "fixtures").glob("*/directory.ndjson")):
        with open(file, encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
        hidden |= {record["document"]["id"] for record in records if record.get("state") == "unpublished"}
        for record in records:
            document = record["document"]
            if record["kind"] in ("service", "event") and not hidden & {document["id"], document["organization_id"]}:
                names[document["id"]] = document["name"]
    return names


def judgments():
    table = rows(QUERIES)
    names, themes = fixtures(), {theme.key for theme in THEMES}
    for set_name, query, target in twice((row["set"], row["query"], row["target"]) for row in table):
        yield f"{set_name} {query!r}: {target or 'nothing'} is judged twice"
    in_groups = {(row["set"], row["query"], row["group"]) for row in table}
    yield from (f"{set_name} {query!r}: in two groups" for set_name, query in twice(key[:2] for key in in_groups))
    for row in table:
        where = f"{row['set']} {row['query']!r}"
        if row["set"] not in ATLEAST:
            yield f"{where}: no set is called that"
        if row["grade"] not in (("1", "2", "3") if row["target"] else ("0",)):
            yield f"{where}: grade {row['grade']!r}; expected 1 to 3, or 0 and no target"
        if row["set"] == "fixtures" and row["target"] and names.get(row["target"]) != row["name"]:
            yield f"{where}: {row['target']} is {names.get(row['target'], 'not published')!r}, not {row['name']!r}"
        if row["set"] == "generated" and row["target"] and row["target"] not in themes:
            yield f"{where}: no theme is called {row['target']!r}"
    for set_name, least in ATLEAST.items():
        counted = len({row["query"] for row in table if row["set"] == set_name and row["target"]})
        if counted < least:
            yield f"{set_name}: {counted} queries with answers, expected at least {least}"


def generator():
    """A stranger's directory must not carry our terms, or a search by need would prove nothing."""
    ours = {*CODES, *(family for family, *_ in needs.FAMILIES)}
    ours |= {name.lower() for _, name, _, members in needs.FAMILIES for name in [name, *(member for _, member, _ in members)]}
    for theme in THEMES:
        for term in theme.terms:
            yield from (f"{theme.key}: {text!r} is a term of ours" for text in term if text.lower() in ours)
    yield from (f"{key}: two themes of this name" for key in twice(theme.key for theme in THEMES))


CHECKS = [
    ("everyday_words.csv", everyday_words), ("support_contacts.json", numbers_to_ring), ("need_words.csv", need_words),
    ("queries.csv", judgments), ("themes.py", generator),
]


def main():
    wrong = [
        f"{what}: {problem}"
        for what, check in CHECKS
        for problem in check()
    ]
    print("\n".join(wrong) or "content/ and the judged queries are in order")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
