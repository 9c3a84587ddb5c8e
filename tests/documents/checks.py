"""Sends every photograph of strip.py and the infected one of virus.py to a demo, and says what is wrong with what is kept."""

import json
import sys
import tempfile
from pathlib import Path

import strip
import virus

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from people import MEMBER, Demo  # noqa: E402


def main():
    demo = Demo()
    headers = {"Authorization": f"Bearer {demo.token(MEMBER)}"}
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        for number, (name, file) in enumerate(strip.photographs(directory)):
            assert strip.MARK in json.dumps(strip.told(file)), f"{name}: the photograph itself does not tell"
            if number % 16 == 0:
                claim_id = strip.begin_claim(demo, headers)
            outcomes.append((name, strip.faults(demo, headers, claim_id, file, directory)))
    shown = strip.send(demo, headers, claim_id, virus.infected())
    refused = shown["state"] == "rejected" and shown["reason"]["code"] == "file_infected"
    outcomes.append(("a photograph with a virus", [] if refused else [json.dumps(shown)]))
    for name, found in outcomes:
        for fault in found:
            print(f"{name}: {fault}")
    failed = sum(1 for _, found in outcomes if found)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
