#!/usr/bin/env python3
"""The line that imports are held against: the same documents into plain SQLite, in Python.

    sqlite_line.py DOCUMENTS.ndjson DATABASE [--commit-every 100]

Writes document, full text (FTS5, stemmed) and place (R-tree) of each service, with a write-ahead
log and synchronous=FULL, so each commit is on the disk. It neither validates nor keeps history;
documents are parsed before the clock starts. Prints one JSON document.
"""

import argparse
import json
import sqlite3
import time

SHAPE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE services (number INTEGER PRIMARY KEY, id TEXT UNIQUE, name TEXT, description TEXT, modified TEXT, document TEXT);
CREATE INDEX services_modified ON services (modified);
CREATE VIRTUAL TABLE words USING fts5 (name, description, content = 'services', content_rowid = 'number', tokenize = 'porter unicode61');
CREATE VIRTUAL TABLE places USING rtree (number, south, north, west, east);
"""


def insert(database, services, commit_every):
    """Insert all services, `commit_every` of them in a transaction."""
    for start in range(0, len(services), commit_every):
        database.execute("BEGIN")
        for number, (line, service) in enumerate(services[start : start + commit_every], start):
            name, description = service["name"], service["description"]
            database.execute(
                "INSERT INTO services VALUES (?, ?, ?, ?, ?, ?)",
                (number, service["id"], name, description, service["last_modified"], line),
            )
            database.execute("INSERT INTO words (rowid, name, description) VALUES (?, ?, ?)", (number, name, description))
            place = service["service_at_locations"][0]["location"]
            latitude, longitude = place["latitude"], place["longitude"]
            database.execute("INSERT INTO places VALUES (?, ?, ?, ?, ?)", (number, latitude, latitude, longitude, longitude))
        database.execute("COMMIT")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("documents")
    parser.add_argument("database")
    parser.add_argument("--commit-every", type=int, default=100)
    asked = parser.parse_args()
    with open(asked.documents, encoding="utf-8") as lines:
        services = [(line.rstrip("\n"), json.loads(line)) for line in lines]
    database = sqlite3.connect(asked.database, isolation_level=None)
    database.executescript(SHAPE)
    clock, cpu = time.perf_counter(), time.process_time()
    insert(database, services, asked.commit_every)
    seconds, cpu = time.perf_counter() - clock, time.process_time() - cpu
    stored = database.execute("SELECT count(*) FROM services").fetchone()[0]
    database.close()
    print(json.dumps({"services": stored, "seconds": seconds, "cpu_seconds": cpu, "sqlite": sqlite3.sqlite_version}))


if __name__ == "__main__":
    main()
