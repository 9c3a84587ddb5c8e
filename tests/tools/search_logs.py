"""Searches logs for what must not be in them. Usage: search_logs.py FOLDER (what the suite kept: *.log, none of them empty, and the values
in *.marks), or search_logs.py LOG CREDENTIALS (of a demo: phones, numbers, names, passwords, secrets). Ends with "1 passed, 0 failed".
"""

import json
import sys
from pathlib import Path

#: Of a person's entry in the credentials file, what names nobody.
HARMLESS = {"role", "organisation", "unit", "login", "client_id", "kid"}
#: What a kept log begins with, and what every service with members in it logs.
BEGINNING, STATEMENT = b"the log of this process begins", b"huzhu::db::statement: "


def values(entry):
    for key, value in entry.items():
        if key not in HARMLESS and isinstance(value, str) and value:
            yield from (line for line in value.splitlines() if not line.startswith("-----"))


def empty(folder):
    """Logs that nobody wrote: each must have its beginning, and one of a process that has members (it marks their values) statements too."""
    for log in sorted({file.with_suffix(".log") for file in folder.glob("*.*")}):
        data = log.read_bytes() if log.exists() else b""
        if BEGINNING not in data or log.with_suffix(".marks").exists() and STATEMENT not in data:
            yield f"{log.name}: {data[:200].decode(errors='replace') or 'nothing'}"


def values_of(credentials):
    """What the credentials file of a demo knows of its people."""
    read = json.loads(Path(credentials).read_text(encoding="utf-8"))
    return {value for group in ("staff", "clients", "members") for entry in read[group] for value in values(entry)}


def search(logs, marks):
    """The lines of `logs` that hold one of `marks`, each with its log's name."""
    assert sum(log.stat().st_size for log in logs), "nothing was logged"
    assert len(marks) > 4, "no values to look for"
    wanted = [mark.encode() for mark in sorted(marks)]
    for log in logs:
        data = log.read_bytes()
        if any(mark in data for mark in wanted):
            yield from (f"{log.name}: {line[:300].decode(errors='replace')}" for line in data.splitlines() if any(mark in line for mark in wanted))


def main(place, credentials=None):
    if credentials:
        logs, marks = [Path(place)], values_of(credentials)
    else:
        logs = sorted(Path(place).glob("*.log"))
        marks = {line for file in Path(place).glob("*.marks") for line in file.read_text().split("\n") if line}
        deaf = list(empty(Path(place)))
        assert not deaf, "\n".join([f"{len(deaf)} logs hold too little", *deaf[:20]])
    found = list(search(logs, marks))
    print(f"{len(logs)} logs, {sum(log.stat().st_size for log in logs) / 1e6:.0f} MB, {len(marks)} values: found {len(found)} times")
    print(*found[:20], sep="\n")
    print(f"{0 if found else 1} passed, {1 if found else 0} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
