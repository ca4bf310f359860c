#!/usr/bin/env python3
"""Follow a directory from nothing, and ask again when nothing has changed. See README.md."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(binary, folder, *words):
    """Run a command in `folder`; gives what it printed, the seconds and what it took of the machine."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FINGERPOST_")}
    environment |= {
        "FINGERPOST_DATA_DIR": str(folder / "data"),
        "FINGERPOST_ALLOW_PRIVATE_PEERS": "127.0.0.1/32",
        "FINGERPOST_LOG": "error",
        "FINGERPOST_PUBLIC_URL": f"http://{folder.name}.example.org/",
    }
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    process = subprocess.Popen([binary, *words], env=environment, cwd=folder, stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status != 0:
        sys.exit(f"benches: {' '.join(words)} failed: {printed}")
    return printed, seconds, usage


def megabytes(usage):
    """The highest resident set."""
    return usage.ru_maxrss / 1024


def busy(usage, seconds):
    """Processor time: of the program, of the system for it, and how many processors that kept busy."""
    both = usage.ru_utime + usage.ru_stime
    return f"{usage.ru_utime:.1f} s of its own, {usage.ru_stime:.1f} s of the system; {both / seconds:.2f} processors busy"


def serve(binary, folder):
    """Start a server on a free port; gives the process and its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FINGERPOST_")}
    environment |= {"FINGERPOST_DATA_DIR": str(folder / "data"), "FINGERPOST_LISTEN": "127.0.0.1:0", "FINGERPOST_LOG": "error"}
    process = subprocess.Popen([binary, "serve"], env=environment, cwd=folder, stdout=subprocess.PIPE, text=True)
    address = re.search(r"http://[0-9.]+:\d+/", process.stdout.readline())[0]
    ready = f"{address}readyz"
    while subprocess.run(["curl", "-fsS", "-o", "/dev/null", ready], stderr=subprocess.DEVNULL).returncode:
        time.sleep(0.2)
    return process, address


def server_time(server):
    """Processor time of a running process so far, in seconds."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_000, help="services (default: 10000)")
    parser.add_argument("--binary", type=Path, default=HERE.parent / "target/release/fingerpost")
    asked = parser.parse_args()
    binary = asked.binary.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        subprocess.run([sys.executable, HERE / "generate.py", str(asked.size), str(scratch / "made-up")], check=True)
        _, imported, importing = run(binary, scratch / "there", "import", str(scratch / "made-up.ndjson"), "--json")
        server, address = serve(binary, scratch / "there")
        try:
            here = scratch / "here"
            run(binary, here, "peer", "add", address, "--trust", "auto", "--json")
            run(binary, here, "peer", "scope", "1", "--most", "10000000", "--json")
            _, _, idle = run(binary, here, "peer", "show", "1", "--json")
            served_before = server_time(server)
            printed, followed, following = run(binary, here, "peer", "pull", "1", "--json")
            served = server_time(server) - served_before
            report = json.loads(printed)
            printed, _, _ = run(binary, here, "peer", "pull", "1", "--json")
            again = json.loads(printed)
            count = json.loads(subprocess.run(["curl", "-fsS", f"{address}federation/v1/checkpoint"], capture_output=True, check=True).stdout)
        finally:
            server.terminate()
            server.wait()
    if report["outcome"] != "ok" or report["created"] != count["count_live"]:
        sys.exit(f"benches: the pull is not whole: {report} of {count['count_live']}")
    if (again["requests"], again["created"], again["updated"]) != (1, 0, 0):
        sys.exit(f"benches: asking again was no single request: {again}")
    print(f"{asked.size:,} services, {report['created']:,} records, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"import                {imported:7.1f} s  {asked.size / imported:7,.0f} services/s, up to {megabytes(importing):.0f} MB")
    print(f"  processor time      {busy(importing, imported)}")
    print(f"follow from nothing   {followed:7.1f} s  {asked.size / followed:7,.0f} services/s, up to {megabytes(following):.0f} MB ({megabytes(idle):.0f} before)")
    print(f"  processor time      {busy(following, followed)}; {served:.1f} s of the directory that is followed")
    print(f"  disk                {following.ru_oublock / 2048:,.0f} MB written, {following.ru_inblock / 2048:,.0f} MB read")
    print(f"ratio to the import   {imported / followed:7.2f}    goal >= 0.8")
    print(f"memory grew by        {megabytes(following) - megabytes(idle):7.0f} MB goal <= 64")
    print(f"over the wire         {report['bytes'] / 1e6:7.1f} MB in {report['requests']} requests")
    print(f"nothing new           {again['requests']:7} request, {again['bytes']} bytes; goal 1 and <= 1 kB")


if __name__ == "__main__":
    main()
