"""What a change costs: building the index, the time until a change is found, and a single edit."""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import time
from datetime import datetime
from pathlib import Path

import answers
import servers
from answers import body
from load import Contest, Sample
from results import at_least, at_most, say
from servers import Trouble

ROOT = Path(__file__).resolve().parent.parent
CHANGES = 20  # that are waited for
PATIENCE = 30  # seconds that a change may take to be found before it counts as lost


class Changes:
    """The cases after the server was stopped; each starts what it needs."""

    def __init__(self, bench):
        self.bench, self.results = bench, bench.results

    def build(self):
        """`fingerpost reindex` and the first start after it, which makes what the command left."""
        times = []
        for number in range(3):
            say(f"building the index, round {number + 1} of 3")
            done = self.bench.run_once("reindex", directory=self.bench.directory)
            built = self.built_with()
            with self.server() as server:
                times.append((done.seconds + server.ready_after, done.seconds, done.cpu + server.cpu_seconds()))
            if self.built_with() != built:
                raise Trouble("the server threw away the index that the command had built, and built another")
        seconds, command, cpu = sorted(times)[1]
        count = self.bench.asked.count
        size = sum(file.stat().st_size for file in (self.bench.directory / "index").rglob("*") if file.is_file()) / 1e6
        documents = self.bench.documents.stat().st_size / 1e6
        self.results.measured(
            "index and shelf built anew", f"{count / seconds:,.0f} services/s, {cpu * 1e6 / count:,.0f} us; the command {command:.1f} of {seconds:.1f} s", seconds
        )
        self.results.measured("index on disk", f"{size:,.1f} MB, {size / documents:.0%} of the documents", size)

    def built_with(self):
        """The everyday words that the index was built with, and the epoch: the server builds it anew where either differs."""
        state = json.loads(json.loads((self.bench.directory / "index" / "meta.json").read_text())["payload"])
        return state["words"], state["epoch"]

    def lag(self):
        """From the moment that a change bears until a search finds it, beside a running server."""
        with open(self.bench.documents, encoding="utf-8") as lines:
            service = json.loads(lines.readline())
        file = self.bench.scratch / "changed.ndjson"
        waited = []
        with self.server() as server, answers.connected(server) as connection:
            for number in range(CHANGES):
                if number % 5 == 0:
                    say(f"changing a service, {number + 1} of {CHANGES}")
                word = "quuxel" + "".join(chr(ord("a") + int(digit)) for digit in f"{os.getpid()}{number}")
                file.write_text(json.dumps(service | {"description": f"{service['description']} {word}"}) + "\n")
                waited.append(self.wait_for(connection, word, service["id"], file))
            # As it was, for the cases that follow.
            file.write_text(json.dumps(service) + "\n")
            self.take_in(file)
        slowest = max(waited)
        self.results.measured(
            "lag from commit to searchable",
            f"{statistics.median(waited) * 1000:,.0f} ms, at most {slowest * 1000:,.0f} ms of {CHANGES}", slowest, at_most(1, "s"),
        )

    def wait_for(self, connection, word, id, file):
        """Import the changed service beside the server, and ask for its new word until it is found; seconds since its change."""
        path = f"/services?search={word}"
        with self.importing(file) as process:
            begun = time.monotonic()
            while time.monotonic() - begun < PATIENCE:
                found = json.loads(body(connection, path))["contents"]
                if found:
                    seen = time.time()
                    if [service["id"] for service in found] != [id]:
                        raise Trouble(f"{word} finds {len(found)} services")
                    changed = datetime.fromisoformat(found[0]["last_modified"]).timestamp()
                    return max(0.0, seen - changed)
                if process.poll():
                    raise Trouble(f"importing one service failed; its log is {self.bench.log}")
                time.sleep(0.002)
        raise Trouble(f"a change was not found within {PATIENCE} s")

    @contextlib.contextmanager
    def importing(self, file):
        """An import that runs beside the server, on the client's processor, and has ended afterwards."""
        environment = servers.settings(FINGERPOST_DATA_DIR=self.bench.directory, FINGERPOST_LOG="warn")
        command = [self.bench.binary, "import", file, "--format", "ndjson"]
        with open(self.bench.log, "ab") as log:
            process = subprocess.Popen([str(word) for word in command], cwd=self.bench.scratch, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.wait(PATIENCE)

    def take_in(self, file):
        with self.importing(file) as process:
            if process.wait(PATIENCE):
                raise Trouble(f"importing one service failed; its log is {self.bench.log}")

    def server(self):
        return servers.fingerpost(self.bench.binary, self.bench.server_cpu, self.bench.directory, self.bench.log)

    def edit(self):
        """`cargo bench --bench edit`: of this source, whatever --binary says."""
        if not shutil.which("cargo"):
            self.results.left_out.append("single durable edit: it is a benchmark of Cargo's, and cargo is not here")
            return
        say("building and running cargo bench --bench edit")
        command = ["cargo", "bench", "--quiet", "--locked", "--bench", "edit"]
        # Cargo may use every processor to build; the benchmark keeps to the servers'.
        environment = servers.settings(CARGO_TARGET_DIR=os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        everywhere = os.cpu_count() or 1
        subprocess.run(
            [*command, "--no-run"], cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, range(everywhere)),
        )
        done = subprocess.run(
            ["taskset", "-c", str(self.bench.server_cpu), *command], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        )
        line = re.search(r"^MEASURED (.*)$", done.stdout, re.M)
        if not line:
            raise Trouble(f"cargo bench --bench edit did not say what it measured: {done.stdout[-500:]}")
        rounds = json.loads(line[1])
        contest = Contest(*([Sample(rate=1e6 / us, cost=0, busy=0) for us in rounds[side]] for side in ("ours_us", "line_us")))
        ours, theirs = (f"{statistics.median(rounds[side]) / 1000:.2f} ms" for side in ("ours_us", "line_us"))
        self.results.compared("single durable edit", contest, ours, f"SQLite line, {theirs}", at_least(0.5), costs=False)
