"""What the reading copy and the thumbnail of a photograph of 12 megapixels cost beside libvips' own tool for the same two outputs, in turn.

Usage: copies.py COPIES DIRECTORY [ROUNDS]: the program of copies.rs; photographs are made in DIRECTORY unless they are there.
Ends with 1 when ours take more than half of its processor time, or more memory.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PHOTOS, MEGAPIXELS, SEED = 4, 12, 5
AT_MOST = 0.5


def main(copies, directory, rounds=10):
    folder = Path(directory) / "photos"
    if not (folder / "truth.jsonl").exists():
        command = [sys.executable, ROOT / "samples" / "make.py", "documents", "--level", "light", "--count", PHOTOS, "--seed", SEED, "--megapixels", MEGAPIXELS]
        subprocess.run([str(word) for word in [*command, "--out", folder]], check=True)
    photos = [json.loads(line)["file"] for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    ours, theirs = [], []
    for _ in range(int(rounds)):
        for photo in photos:
            ours.append(cost(copies, photo, "reading.jpg", "thumbnail.jpg", cwd=folder))
            two = [cost("vipsthumbnail", photo, "--size", side, "-o", f"vips-{side}.jpg[Q=82]", cwd=folder) for side in ("2000", "320")]
            theirs.append((sum(secs for secs, _ in two), max(kib for _, kib in two)))
    print("| two copies of 12 megapixels | processor, mean | memory, most |\n|---|---|---|")
    mean = {}
    for name, costs in (("Huzhu", ours), ("vipsthumbnail, twice", theirs)):
        mean[name] = sum(secs for secs, _ in costs) / len(costs), max(kib for _, kib in costs)
        print(f"| {name} | {1000 * mean[name][0]:.0f} ms | {mean[name][1] / 1024:.0f} MiB |")
    (our_secs, our_kib), (their_secs, their_kib) = mean.values()
    print(f"\n{our_secs / their_secs:.2f} of its processor time (at most {AT_MOST}), over {len(ours)} photographs")
    return 1 if our_secs > AT_MOST * their_secs or our_kib > their_kib else 0


def cost(*command, cwd):
    """Seconds of the processor, and KiB of memory at most."""
    child = subprocess.Popen([str(word) for word in command], cwd=cwd)
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, f"{command}: {status}"
    return used.ru_utime + used.ru_stime, used.ru_maxrss


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
