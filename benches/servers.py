"""The servers that are compared, each alone on one processor, and what they cost.

A server runs while its `with` block does. Its processor time and memory are read from /proc for
the process and all its children, so nginx's worker counts.
"""

import contextlib
import http.client
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# A server has so many seconds to come up, and to stop.
PATIENCE = 120


class Trouble(Exception):
    """What could not be done, in words for whoever runs the benchmark."""


def settings(**chosen):
    """This environment without the caller's own directory: nothing here may reach a real one."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FINGERPOST_")}
    return clean | {name: str(value) for name, value in chosen.items()}


class Server:
    """A process that listens on 127.0.0.1."""

    def __init__(self, process, port, ready_after=None):
        self.process = process
        self.port = port
        self.ready_after = ready_after

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self):
        """Processor time used so far, user and system."""
        total = 0
        for pid in self._family():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory(self):
        """Megabytes of 1,000,000 bytes: (proportional set size, its anonymous part)."""
        whole = anonymous = 0
        for pid in self._family():
            with contextlib.suppress(OSError):
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                whole += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])
                anonymous += int(re.search(r"^Pss_Anon:\s+(\d+)", rollup, re.M)[1])
        return whole * 1024 / 1e6, anonymous * 1024 / 1e6

    def _family(self):
        children = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(pid))
        family, unseen = [], [self.process.pid]
        while unseen:
            pid = unseen.pop()
            family.append(pid)
            unseen += children.get(pid, [])
        return family

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def fingerpost(binary, processor, directory, log):
    """Our server over an existing directory, with its limit on requests out of the way."""
    environment = settings(
        FINGERPOST_DATA_DIR=directory,
        FINGERPOST_LISTEN="127.0.0.1:0",
        FINGERPOST_REQUESTS_PER_MINUTE=4_000_000_000,
        FINGERPOST_LOG="warn",
    )
    begun = time.perf_counter()
    with open(log, "ab") as errors:
        process = subprocess.Popen(
            ["taskset", "-c", str(processor), str(binary), "serve"],
            cwd=log.parent, env=environment, stdout=subprocess.PIPE, stderr=errors,
        )
    with _stopping(Server(process, None)) as server:
        named = re.search(rb"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        if not named:
            raise Trouble(f"fingerpost did not say where it listens; its log is {log}")
        server.port = int(named[1])
        _await(server, "/readyz", "fingerpost", log)
        server.ready_after = time.perf_counter() - begun
        yield server


@contextlib.contextmanager
def nginx(processor, root, log, files):
    """nginx over the folder `root` with every one of its `files` in the open-file cache, if it may.

    Yields the server and how many files the cache holds: fewer than asked for when the limit on
    open files cannot be raised.
    """
    wanted = files + 1024
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
        hard = max(hard, wanted)
    cached = min(files, hard - 1024)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    port = _free_port()
    place = root.parent / "nginx"
    place.mkdir(exist_ok=True)
    configuration = place / "nginx.conf"
    configuration.write_text(f"""\
{"user root root;" if os.geteuid() == 0 else ""}
worker_processes 1;
worker_rlimit_nofile {cached + 1024};
daemon off;
pid {place}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max={cached} inactive=1h;
    open_file_cache_valid 1h;
    default_type application/json;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
""")
    with open(log, "ab") as errors:
        process = subprocess.Popen(
            ["taskset", "-c", str(processor), "nginx", "-p", str(place), "-c", str(configuration)], stderr=errors
        )
    with _stopping(Server(process, port)) as server:
        _await(server, "/up", "nginx", log)
        yield server, cached


def install_datasette(folder):
    """Put datasette from PyPI into a virtual environment below `folder`, unless it is there."""
    environment = folder / "datasette-0.65.5"
    program = environment / "bin" / "datasette"
    if not program.exists():
        for command in (["python3", "-m", "venv", environment], [environment / "bin" / "pip", "install", "--quiet", "datasette==0.65.5"]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                shutil.rmtree(environment, ignore_errors=True)
                reason = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
                raise Trouble(f"datasette could not be installed from PyPI: {reason[-1]}")
    return program


@contextlib.contextmanager
def datasette(program, processor, databases, log):
    """datasette over SQLite files, each with its prepared queries; yields the server."""
    port = _free_port()
    metadata = log.with_suffix(".metadata.json")
    metadata.write_text(json.dumps({"databases": {file.stem: {"queries": queries} for file, queries in databases.items()}}))
    options = {
        "max_returned_rows": 1000, "sql_time_limit_ms": 20000, "facet_time_limit_ms": 20000, "suggest_facets": "off",
        "default_page_size": 50, "max_csv_mb": 0,
    }
    command = ["taskset", "-c", processor, program, "serve", "-m", metadata, "-p", port]
    for file in databases:
        command += ["-i", file]
    for name, value in options.items():
        command += ["--setting", name, value]
    with open(log, "ab") as output:
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output)
    with _stopping(Server(process, port)) as server:
        _await(server, "/-/versions.json", "datasette", log)
        yield server


@contextlib.contextmanager
def _stopping(server):
    try:
        yield server
    finally:
        server.stop()


def _await(server, path, name, log):
    """Ask until the answer is 200, less often the longer it takes, so that asking does not slow it down."""
    begun = time.perf_counter()
    while (waited := time.perf_counter() - begun) < PATIENCE and server.process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        time.sleep(max(0.001, waited / 100))
    raise Trouble(f"{name} did not come up; its log is {log}")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
