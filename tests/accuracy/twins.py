"""Which of the generator's photographs of one page the service takes for one, by what they have in common, and which of others.

Usage: twins.py HUZHU DIRECTORY [COUNT [SEED]]: COUNT (400) photographs in groups of eight, made in DIRECTORY unless they are there, and of the
first of each group three copies by us: cut at all sides, turned, and half as large. `huzhu inspect` finds by the index that the service has.
Ends with 1 when less than nine of ten copies of one photograph are found, or a page of another hospital is taken for one in ten thousand pairs.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[2]
ONE_SHOT = {"first", "copy", "edited_same_shot"}
COPIES = {"cut": "cut by up to 6 % a side", "turned": "turned by a quarter", "half": "half as large"}


def main(huzhu, directory, count=400, seed=13):
    folder = Path(directory) / f"twins-{count}-{seed}"
    if not (folder / "done").exists():
        make(folder, count, seed)
    relation = {}
    for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        relation[key(pair["a"], pair["b"])] = named(pair)
    for first in sorted(folder.glob("*-first.jpg")):
        for copy, name in COPIES.items():
            relation[key(first.name, first.name.replace("first", copy))] = f"one photograph, {name}"
    found = alike(huzhu, sorted(folder.glob("*.jpg")))
    total, hits = Counter(relation.values()), Counter(relation[pair] for pair in found if pair in relation)
    print("| pair | pairs | taken for one page |\n|---|---|---|")
    for name in sorted(total):
        print(f"| {name} | {total[name]} | {hits[name]} ({100 * hits[name] / total[name]:.1f} %) |")
    groups = count // 8
    across = [pair for pair in found if len({name[:9] for name in pair}) == 2]
    pairs = 64 * groups * (groups - 1) // 2
    wrong = sum(all(name.rsplit("-", 1)[1][:-4] not in COPIES for name in pair) for pair in across)
    print(f"| of two groups, all pairs | {pairs} | {wrong} ({1_000_000 * wrong / max(pairs, 1):.0f} in a million) |")
    copies = [name for name in total if name.startswith("one photograph, ") and "cut" not in name]
    worst = min(hits[name] / total[name] for name in copies)
    return 0 if worst >= 0.9 and wrong <= pairs / 10_000 else 1


def key(one, other):
    return tuple(sorted((one, other)))


def named(pair):
    """What a pair has in common, in words."""
    roles = {pair[side][10:-4] for side in "ab"}
    if pair["relation"] == "different":
        if pair["a"][:9] != pair["b"][:9]:
            return "the first pages of two groups"
        if roles <= ONE_SHOT | {"next_stay"}:
            return "another stay's page laid in the same place (a scan, not a photograph)"
        return "another page of one hospital and layout"
    if roles <= ONE_SHOT:
        return "one photograph, an amount written over" if "edited_same_shot" in roles else "one photograph, recompressed and smaller"
    if "cropped" in roles:
        return "one page, another photograph that cuts and turns it"
    return "one page, another photograph" + (", an amount written over" if pair["relation"] == "edited" else "")


def make(folder, count, seed):
    command = [sys.executable, ROOT / "samples" / "make.py", "twins", "--count", count, "--seed", seed, "--jobs", 2, "--out", folder]
    subprocess.run([str(word) for word in command], check=True)
    chance = np.random.default_rng(seed)
    for first in sorted(folder.glob("*-first.jpg")):
        picture = ImageOps.exif_transpose(Image.open(first))
        (width, height), cuts = picture.size, chance.uniform(0, 0.06, 4)
        inner = (int(width * cuts[0]), int(height * cuts[1]), int(width * (1 - cuts[2])), int(height * (1 - cuts[3])))
        copies = {"cut": picture.crop(inner), "turned": picture.transpose(Image.Transpose.ROTATE_90), "half": picture.resize((width // 2, height // 2))}
        for name, copy in copies.items():
            copy.save(folder / first.name.replace("first", name), quality=80)
    (folder / "done").touch()


def alike(huzhu, files):
    """The pairs that `huzhu inspect` takes for one page."""
    out = subprocess.run([huzhu, "inspect", *files], check=True, capture_output=True, encoding="utf-8").stdout
    words = [line.split() for line in out.splitlines() if line.startswith("alike: ")]
    return {key(Path(line[1]).name, Path(line[2]).name) for line in words}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])))
