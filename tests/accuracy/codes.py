"""How many of the generator's QR codes the checker reads, and whether it ever reads another text, by level of distortion.

Usage: codes.py HUZHU DIRECTORY [COUNT [SEED]]: COUNT (100) bills a level, made in DIRECTORY unless they are there.
Ends with 1 when a text was read that does not stand on the page.
"""

import subprocess
import sys
from functools import partial
from pathlib import Path

from pictures import LEVELS, documents, two_at_once

FOUND = "code on page 1: "


def main(huzhu, directory, count=100, seed=3):
    wrong_texts = 0
    print("| level | bills | read | nothing | another text |\n|---|---|---|---|---|")
    for level in LEVELS:
        truth = documents(Path(directory) / f"{level}-{count}-{seed}", ["e_bill"], level, count, seed)
        said = two_at_once(partial(codes, huzhu), truth)
        expected = [one["qr"]["text"] for one in truth]
        read = sum(texts == [text] for texts, text in zip(said, expected))
        nothing = sum(not texts for texts in said)
        for one, texts, text in zip(truth, said, expected):
            if texts and texts != [text]:
                print(f"{one['path']}: {texts} instead of {text}", file=sys.stderr)
        wrong = len(truth) - read - nothing
        wrong_texts += wrong
        print(f"| {level} | {len(truth)} | {read} ({100 * read / len(truth):.1f} %) | {nothing} | {wrong} |", flush=True)
    return 1 if wrong_texts else 0


def codes(huzhu, document):
    """What `huzhu inspect FILE` says of the codes: a line each, the text in quotes. No text of the generator has anything to escape."""
    out = subprocess.run([huzhu, "inspect", document["path"]], check=True, capture_output=True, encoding="utf-8").stdout
    return [line.removeprefix(FOUND)[1:-1] for line in out.splitlines() if line.startswith(FOUND)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])))
