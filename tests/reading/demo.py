"""`huzhu demo` fills the form from the photographs alone: every field of samples/facts.json that a photograph shows, and none typed.

Environment: DEMO_URL, DEMO_BINARY and DEMO_DIR, as on_demo.sh sets them.
"""

import json
import os
import subprocess
from pathlib import Path

FACTS = json.loads((Path(__file__).resolve().parents[2] / "samples" / "facts.json").read_text(encoding="utf-8"))
READ = {"event", "starts_on", "ends_on", "hospital_name", "hospital_grade", "settlement_serial", "settlements"}


def main():
    command = [os.environ["DEMO_BINARY"], "demo", "--json", "--url", os.environ["DEMO_URL"], "--data-dir", os.environ["DEMO_DIR"]]
    played = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", timeout=300, check=False)
    steps = [json.loads(line) for line in played.stdout.splitlines()]
    assert played.returncode == 0, played.stdout
    [filled] = [step for step in steps if step.get("scene") == "fill"]
    assert set(filled["data"]["read"]) == READ, filled
    # The sample's serial is declared once only, and its days are moved when they are too old or claimed.
    assert set(filled["data"]["typed"]) <= {"settlement_serial", "starts_on", "ends_on"}, filled
    differ = {one["name"] for one in filled["data"]["differences"]}
    assert differ == set(filled["data"]["typed"]), filled
    assert filled["data"]["warnings"] == 0, filled
    [estimate] = [step for step in steps if step.get("scene") == "estimate"]
    assert estimate["data"]["total_fen"] > 0, estimate
    declaration = filled["data"]["declaration"]
    [settlement] = declaration["settlements"]
    assert settlement["self_pay_one_fen"] == FACTS["amounts"]["self_pay_one_fen"], filled
    assert declaration["hospital_name"] == FACTS["event"]["hospital_name"], filled
    print(f"{filled['zh']} ({filled['took_ms']} ms)")


if __name__ == "__main__":
    main()
