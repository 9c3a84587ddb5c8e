"""Searches logs for what must not be in them. Usage: search_logs.py FOLDER (what the suite kept: *.log, and the values in *.marks), or
search_logs.py LOG CREDENTIALS (of a demo: phones, numbers, names, passwords, secrets). Ends with "1 passed, 0 failed".
"""

import json
import sys
from pathlib import Path

#: Of a person's entry in the credentials file, what names nobody.
HARMLESS = {"role", "organisation", "unit", "login", "client_id", "kid"}


def values(entry):
    for key, value in entry.items():
        if key not in HARMLESS and isinstance(value, str) and value:
            yield from (line for line in value.splitlines() if not line.startswith("-----"))


def main(place, credentials=None):
    if credentials:
        logs, read = [Path(place)], json.loads(Path(credentials).read_text())
        marks = {value for group in ("staff", "clients", "members") for entry in read[group] for value in values(entry)}
    else:
        logs = sorted(Path(place).glob("*.log"))
        marks = {line for file in Path(place).glob("*.marks") for line in file.read_text().split("\n") if line}
    assert sum(log.stat().st_size for log in logs), f"{place}: nothing was logged"
    assert len(marks) > 4, f"{place}: no values to look for"
    wanted = [mark.encode() for mark in sorted(marks)]
    size_bytes, found = 0, []
    for log in logs:
        data = log.read_bytes()
        size_bytes += len(data)
        if any(mark in data for mark in wanted):
            found += [f"{log.name}: {line[:300].decode(errors='replace')}" for line in data.splitlines() if any(mark in line for mark in wanted)]
    print(f"{len(logs)} logs, {size_bytes / 1e6:.0f} MB, {len(wanted)} values: found {len(found)} times")
    print(*found[:20], sep="\n")
    print(f"{0 if found else 1} passed, {1 if found else 0} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
