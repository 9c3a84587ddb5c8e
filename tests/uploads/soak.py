"""`make soak-uploads`: 1,000 uploads by seed, half of them to one process on SQLite and half to two processes on PostgreSQL at once, and 200
SIGKILLs during uploads. What is done is kept in a folder by the binary's SHA-256, so that a run that was stopped goes on. Usage, by
with_postgres.sh: soak.py UPLOADS KILLS MINUTES
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlparse

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "crash"))
import kills  # noqa: E402
import uploads  # noqa: E402
from clients import People  # noqa: E402
from crash import Service  # noqa: E402
from people import Demo  # noqa: E402
from services import SecondService, new_database, original_sha256_of  # noqa: E402

#: Uploads with one installation, then a fresh one; kills in one go.
SEEDS_A_SERVICE, KILLS_A_SERVICE = 250, 25
AT_ONCE = 12


class Record:
    """Lines of JSON, one for each thing that is done."""

    def __init__(self, file):
        self.file = file
        self.lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def add(self, line):
        self.lines.append(line)
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")


def send(kind, seeds, record, until):
    """Sends the photographs of `seeds` to a fresh installation."""
    directory = tempfile.mkdtemp(prefix="huzhu-soak.")
    first = Service(os.environ["DEMO_BINARY"], directory, new_database() if kind == "postgres" else None)
    first.start()
    services = [first]
    if kind == "postgres":
        services.append(SecondService(first))
        services[1].start()
    targets = [(urlparse(service.url).hostname, urlparse(service.url).port) for service in services]
    people = People(Demo(first.url, Path(directory) / "data"))
    before = len(record.lines)
    uploads.run(people, targets, original_sha256_of(first), seeds, lambda one: record.add({**one, "kind": kind}), AT_ONCE, until)
    for service in reversed(services):
        service.stop()
    found = first.verify()
    if found == 0 and not any(one["wrong"] for one in record.lines[before:]):
        shutil.rmtree(directory)
    else:
        print(f"{kind}: what is left is in {directory}")
        record.add({"seed": None, "kind": kind, "wrong": f"verify ended with {found}", "bytes": 0, "sent": 0, "chunk": 0, "checksum": False, "cuts": {}})


def main(count, kill_count, minutes):
    until = time.monotonic() + minutes * 60
    binary = hashlib.sha256(Path(os.environ["DEMO_BINARY"]).read_bytes()).hexdigest()[:12]
    folder = Path(os.environ["SOAK_DIR"]) / binary
    folder.mkdir(parents=True, exist_ok=True)
    sent, killed = Record(folder / "uploads.jsonl"), Record(folder / "kills.jsonl")
    print(f"done so far: {folder}", flush=True)
    done = {one["seed"] for one in sent.lines}
    for number, first in enumerate(range(0, count, SEEDS_A_SERVICE)):
        seeds = [seed for seed in range(first, min(count, first + SEEDS_A_SERVICE)) if seed not in done]
        if seeds and time.monotonic() < until:
            send(("sqlite", "postgres")[number % 2], seeds, sent, until)
            print(f"{len(sent.lines)} uploads done", flush=True)
    while (so_far := sum(one["kills"] for one in killed.lines)) < kill_count and time.monotonic() < until:
        kind = ("sqlite", "postgres")[len(killed.lines) % 2]
        killed.add(kills.run(kind, min(KILLS_A_SERVICE, kill_count - so_far), so_far, until))
        print(f"{so_far + killed.lines[-1]['kills']} kills done", flush=True)
    failed = uploads.told(sent.lines) + sum(kills.told(one) for one in killed.lines)
    if len(sent.lines) < count or sum(one["kills"] for one in killed.lines) < kill_count:
        print(f"not complete after {minutes} minutes: the same command goes on")
        failed += 1
    print(f"{0 if failed else 1} passed, {1 if failed else 0} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:4])))
