"""Every file of the parsers' corpus, given to the checker as the service gives it: kept, or refused with a code, within the memory it may take.

Usage: corpus.py HUZHU DIRECTORY…
"""

import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

#: What a check may take beyond its own program, and the program: see `documents/inspector/serve.rs`.
MOST_KIB = (512 + 128) * 1024


def fault(binary, file):
    """What is wrong with the answer; None when nothing is."""
    done = subprocess.run([binary, "inspect", file], capture_output=True, text=True, timeout=60)
    first = done.stdout.partition("\n")[0]
    kept, refused = done.returncode == 0 and "bytes kept" in first, done.returncode == 1 and first.startswith("refused: ")
    return None if kept or refused else f"{file}: status {done.returncode}, {done.stdout!r} {done.stderr!r}"


def main(binary, directories):
    files = [file for directory in directories for file in sorted(directory.iterdir())]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [found for found in pool.map(lambda file: fault(binary, file), files) if found]
    most_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    if most_kib > MOST_KIB:
        faults.append(f"a check took {most_kib // 1024} MiB")
    if not files:
        faults.append("there are no files")
    for found in faults:
        print(found)
    print(f"{len(files)} files, {most_kib // 1024} MiB at the most\n{int(not faults)} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], [Path(argument) for argument in sys.argv[2:]]))
