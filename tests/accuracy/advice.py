"""How often advice on photographs is right, on a set of which it is known what is wrong with each.

Usage: advice.py HUZHU MODELS DIRECTORY [COUNT [SEED]]: COUNT (240) photographs, made in DIRECTORY unless they are there. Ends with 1 when more
than one in ten is advised on of those that are good and not near a threshold.
"""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path

from fields import KINDS
from pictures import quality, two_at_once

MOST_FALSE_ALARMS = 0.10
NEARLY = "good, though near a threshold"


def main(huzhu, models, directory, count=240, seed=5):
    photographs = quality(Path(directory) / f"advice-{count}-{seed}", count, seed)
    found = two_at_once(partial(advice, huzhu, models), photographs)
    told, of_good = defaultdict(list), Counter()
    for photograph, codes in zip(photographs, found):
        label = photograph["quality"]["label"]
        if label == "good" and photograph["quality"]["near_threshold"]:
            label = NEARLY
        told[label].append((label in codes, bool(codes)))
        of_good.update(codes if label == "good" else ())
    print("| what is wrong | photographs | told so | told something |\n|---|---|---|---|")
    for label, outcomes in sorted(told.items()):
        named, any_advice = (sum(outcome[place] for outcome in outcomes) / len(outcomes) for place in (0, 1))
        print(f"| {label} | {len(outcomes)} | {'' if label in ('good', NEARLY) else f'{named:.0%}'} | {any_advice:.0%} |")
    alarms = sum(any_advice for _, any_advice in told["good"]) / len(told["good"])
    print("\nOf the good ones: " + (", ".join(f"{code} {times}" for code, times in sorted(of_good.items())) or "no false alarm"))
    return 1 if alarms > MOST_FALSE_ALARMS else 0


def advice(huzhu, models, photograph):
    """The codes that the service advises with when the print is read."""
    command = [huzhu, "read", "--models", models, "--kind", KINDS.get(photograph["kind"], "bill"), photograph["path"]]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    [page] = done.stdout.splitlines()
    return set(json.loads(page)["advice"])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], *map(int, sys.argv[4:])))
