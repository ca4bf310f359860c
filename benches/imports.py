"""Importing, beside the same documents put into plain SQLite."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import load
import servers
from load import Contest, Sample, rate
from results import at_least, say
from servers import Trouble

LINE = Path(__file__).with_name("sqlite_line.py")


class Imports:
    """Fills the directory that is served afterwards."""

    def __init__(self, bench):
        self.bench = bench
        self.count = bench.asked.count
        self.peak = 0  # megabytes that the last import used at most

    def take_in(self, directory, **settings):
        """Run `fingerpost import` alone on the servers' processor; its report, and the speed."""
        done = self.bench.run_once("import", self.bench.documents, "--format", "ndjson", "--json", directory=directory, **settings)
        report = json.loads(done.printed or "{}")
        if report.get("rejected"):
            raise Trouble(f"the import failed: {done.printed[:500]}; its log is {self.bench.log}")
        self.peak = done.peak
        return report, Sample(rate=self.count / done.seconds, cost=done.cpu * 1e6 / self.count, busy=done.cpu / done.seconds)

    def take_in_twice(self, directory, **settings):
        """Import into nothing, then the same file again; how fast each was."""
        first, created = self.take_in(directory, **settings)
        second, unchanged = self.take_in(directory, **settings)
        for name, report in (("created", first), ("unchanged", second)):
            if report[name] != self.count:
                raise Trouble(f"the import {name} {report[name]} of {self.count} services; it needs an empty directory")
        return created, unchanged

    def first_start(self):
        """Start the server over a fresh import, when it derives what it serves from: seconds, processor seconds, memory."""
        with servers.fingerpost(self.bench.binary, self.bench.server_cpu, self.bench.directory, self.bench.log) as server:
            return server.ready_after, server.cpu_seconds(), server.memory()

    def sqlite_line(self):
        """The same documents into plain SQLite, from Python."""
        database = self.bench.scratch / "line.db"
        command = ["taskset", "-c", str(self.bench.server_cpu), sys.executable, LINE, self.bench.documents, database]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        for file in self.bench.scratch.glob("line.db*"):
            file.unlink()
        line = json.loads(done.stdout)
        if line["services"] != self.count:
            raise Trouble(f"the SQLite line holds {line['services']} of {self.count} services")
        seconds, cpu = line["seconds"], line["cpu_seconds"]
        return Sample(rate=self.count / seconds, cost=cpu * 1e6 / self.count, busy=cpu / seconds)

    def measure(self):
        """Fill the directory that is served afterwards, timed when that was asked for."""
        if not self.bench.wants("import"):
            say("importing")
            self.take_in(self.bench.directory)
            self.first_start()
            return
        again, served, starts = [], [], []

        def ours(number):
            say(f"importing, round {number + 1} of 3")
            shutil.rmtree(self.bench.directory, ignore_errors=True)
            created, unchanged = self.take_in_twice(self.bench.directory)
            start, cpu, memory = self.first_start()
            again.append(unchanged)
            seconds = self.count / created.rate + start
            served.append(Sample(rate=self.count / seconds, cost=created.cost + cpu * 1e6 / self.count, busy=0))
            starts.append((start, memory))
            return created

        fresh = load.alternate(3, ours, lambda _: self.sqlite_line())
        line = "SQLite line, " + rate(fresh.theirs)
        results = self.bench.results
        results.compared("import", fresh, rate(fresh.ours), line, at_least(0.5))
        results.compared("import until it is served", Contest(served, fresh.theirs), rate(served), line, at_least(0.5))
        results.compared("same file again, nothing changed", Contest(again, fresh.theirs), rate(again), line)
        first, (whole, anonymous) = sorted(starts)[1]
        described = f"{first * 1000:,.0f} ms; then {whole:.0f} MB PSS, {anonymous:.0f} anonymous"
        results.measured("first start after an import", described, first)
        results.notes.append(
            f"Importing used up to {self.peak:.0f} MB (highest resident set). The SQLite line is in Python: document, FTS5 and "
            "R-tree, a durable commit each 100, neither validated nor kept as history; parsing is not in its time, but is in ours."
        )
        self.import_to_postgres(fresh)

    def import_to_postgres(self, sqlite):
        """The same into a database that is made for it and dropped again."""
        address = os.environ.get("FINGERPOST_BENCH_POSTGRES")
        if not address:
            self.bench.results.left_out.append("import into PostgreSQL: FINGERPOST_BENCH_POSTGRES is not set")
            return
        if not shutil.which("psql"):
            raise Trouble("FINGERPOST_BENCH_POSTGRES needs psql: apt-get install postgresql-client")
        name = f"fingerpost_bench_{os.getpid()}"
        samples = []
        for number in range(len(sqlite.theirs)):
            say(f"importing into PostgreSQL, round {number + 1}")
            subprocess.run(["psql", "-q", address, "-c", f"CREATE DATABASE {name}"], check=True, stdout=sys.stderr)
            files = self.bench.scratch / "postgres"
            try:
                database = urlsplit(address)._replace(path=f"/{name}").geturl()
                samples.append(self.take_in_twice(files, FINGERPOST_DATABASE_URL=database))
            finally:
                shutil.rmtree(files, ignore_errors=True)
                subprocess.run(["psql", "-q", address, "-c", f"DROP DATABASE {name}"], check=True, stdout=sys.stderr)
        line = "SQLite line, " + rate(sqlite.theirs)
        for what, column in (("import, PostgreSQL", 0), ("same file again, PostgreSQL", 1)):
            ours = [pair[column] for pair in samples]
            self.bench.results.compared(what, Contest(ours, sqlite.theirs), rate(ours), line, costs=False)
        self.bench.results.notes.append("PostgreSQL runs on whichever processor it likes, so its own work is not in our microseconds.")
