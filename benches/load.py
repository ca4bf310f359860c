"""Load on two servers in turn, and what it cost each of them.

Machines are noisy, so nothing here is a number of its own: every round asks both sides, one right
after the other, and the ratio is taken within the round.
"""

import json
import os
import re
import socket
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from servers import Trouble

CONNECTIONS = 8
SCRIPT = Path(__file__).with_name("random_paths.lua")


@dataclass
class Target:
    """A server, and a file with the paths to ask it for."""

    server: object
    paths: Path


@dataclass
class Sample:
    """What one side did in one round."""

    rate: float  # requests a second, or megabytes a second of an export
    cost: float  # processor microseconds of the server for a request, or for a megabyte
    busy: float  # share of its processor that the server used
    p50: float = 0  # milliseconds that half of the answers took at most
    p99: float = 0  # milliseconds


@dataclass
class Contest:
    """All rounds of one case, ours beside the other's."""

    ours: list
    theirs: list

    def ratios(self):
        return [mine.rate / other.rate for mine, other in zip(self.ours, self.theirs)]

    def ratio(self):
        return statistics.median(self.ratios())

    def ratio_of_costs(self):
        """The same by processor time, which other work on the machine disturbs least."""
        return statistics.median(other.cost / mine.cost for mine, other in zip(self.ours, self.theirs) if mine.cost)

    def spread(self):
        return min(self.ratios()), max(self.ratios())


def median(samples, name):
    return statistics.median(getattr(sample, name) for sample in samples)


def rate(samples, unit="us"):
    """What a side did, in words: how much a second, at which cost."""
    amount, cost = median(samples, "rate"), median(samples, "cost")
    per_second = " MB/s" if unit == "us/MB" else "/s"
    return f"{amount:,.0f}{per_second}, {cost:,.{1 if cost < 1000 else 0}f} {unit}"


def alternate(rounds, ours, theirs):
    """Take `rounds` samples of both sides, beginning with the other one each time."""
    contest = Contest([], [])
    for number in range(rounds):
        turns = [(contest.ours, ours), (contest.theirs, theirs)]
        for samples, measure in turns if number % 2 == 0 else reversed(turns):
            samples.append(measure(number))
    return contest


def race(ours, theirs, rounds, seconds, processor):
    """Ask two targets for random paths, the same ones in the same round, after a second to warm up."""
    for target in (ours, theirs):
        ask(target, 0, 1, processor)
    return alternate(
        rounds,
        lambda number: ask(ours, number, seconds, processor),
        lambda number: ask(theirs, number, seconds, processor),
    )


def alone(target, rounds, seconds, processor):
    """The same for one target that has nobody beside it."""
    ask(target, 0, 1, processor)
    return [ask(target, number, seconds, processor) for number in range(rounds)]


def ask(target, seed, seconds, processor):
    """One run of wrk. Any answer but 200 spoils it: a fast refusal must not look like speed."""
    command = ["taskset", "-c", str(processor), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "20s", "-s", SCRIPT]
    environment = os.environ | {"PATHS": str(target.paths), "SEED": str(seed)}
    before = target.server.cpu_seconds()
    done = subprocess.run([*command, target.server.address], env=environment, capture_output=True, text=True)
    cpu = target.server.cpu_seconds() - before
    line = re.search(r"^MEASURED (.*)$", done.stdout, re.M)
    if not line:
        raise Trouble(f"wrk failed: {done.stderr or done.stdout}")
    seen = json.loads(line[1])
    if seen["errors"] or seen["refused"] or not seen["requests"]:
        raise Trouble(f"wrk on {target.paths.name}: {seen['requests']} requests, {seen['errors']} broken, {seen['refused']} not answered with 200")
    elapsed = seen["microseconds"] / 1e6
    return Sample(
        rate=seen["requests"] / elapsed, cost=cpu * 1e6 / seen["requests"], busy=cpu / elapsed, p50=seen["p50"] / 1e3, p99=seen["p99"] / 1e3,
    )


def download(server, path, size, seconds):
    """Fetch a body of `size` bytes again and again for some seconds, over one connection each."""
    buffer = bytearray(1 << 20)
    before, begun, fetched = server.cpu_seconds(), time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            received = 0
            while count := connection.recv_into(buffer):
                received += count
        if received < size:
            raise Trouble(f"{path}: {received} bytes came of {size}")
        fetched += size
    elapsed, cpu = time.perf_counter() - begun, server.cpu_seconds() - before
    return Sample(rate=fetched / 1e6 / elapsed, cost=cpu * 1e6 / (fetched / 1e6), busy=cpu / elapsed)
