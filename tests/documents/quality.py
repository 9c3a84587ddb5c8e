"""How often advice on photographs is right, on a set of which it is known what is wrong with each (samples/make.py quality).

Prints Markdown. Usage: quality.py HUZHU DIRECTORY, where DIRECTORY holds the photographs and truth.jsonl.
"""

import json
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def advice(binary, file):
    """The codes that the service would advise with."""
    done = subprocess.run([binary, "inspect", str(file)], capture_output=True, text=True)
    assert "measured" in done.stdout, f"{file}: {done.stdout}{done.stderr}"
    return {line.removeprefix("advice: ") for line in done.stdout.splitlines() if line.startswith("advice: ")}


def main(binary, directory):
    truth = [json.loads(line) for line in (directory / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda line: advice(binary, directory / line["file"]), truth))
    by_label, false_alarms = defaultdict(list), defaultdict(int)
    for line, codes in zip(truth, found):
        label = line["quality"]["label"]
        by_label[label].append((label in codes, bool(codes)))
        if label == "good":
            for code in codes:
                false_alarms[code] += 1
    print("| what is wrong | photographs | told so | told something |\n|---|---|---|---|")
    for label, outcomes in sorted(by_label.items()):
        named, any_advice = (sum(outcome[place] for outcome in outcomes) / len(outcomes) for place in (0, 1))
        print(f"| {label} | {len(outcomes)} | {'' if label == 'good' else f'{named:.0%}'} | {any_advice:.0%} |")
    print("\nFalse alarms on good ones: " + (", ".join(f"{code} {count}" for code, count in sorted(false_alarms.items())) or "none"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
