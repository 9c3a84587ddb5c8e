"""Pictures that the generator makes, with what is true of each."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEVELS = ["light", "moderate", "heavy"]


def documents(folder, kinds, level, count, seed):
    """The truths of COUNT documents, each with its `path`; made in `folder` unless they are there."""
    return made(folder, "documents", "--kinds", *kinds, "--level", level, "--count", count, "--seed", seed)


def quality(folder, count, seed):
    """The truths of COUNT good and bad photographs, in the same way."""
    return made(folder, "quality", "--count", count, "--seed", seed)


def made(folder, *words):
    if not (folder / "done").exists():
        command = [sys.executable, ROOT / "samples" / "make.py", *words, "--jobs", 2, "--out", folder]
        subprocess.run([str(word) for word in command], check=True)
        (folder / "done").touch()
    truths = [json.loads(line) for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{**one, "path": folder / one["file"]} for one in truths]


def two_at_once(ask, truths):
    """What `ask` answers for each, in their order."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(ask, truths))
