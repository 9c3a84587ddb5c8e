"""What an upload under way costs in memory: as many slow ones at once as asked, through the real binary. Usage: memory.py UPLOADS"""

import hashlib
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "crash"))
from clients import People, photo  # noqa: E402
from crash import Service  # noqa: E402
from people import Demo  # noqa: E402
from takeover import hang  # noqa: E402

MOST_KIB = 256
FILE_BYTES, ROUNDS, PIECE_BYTES = 3_000_000, 20, 40_000


def resident_kib(process):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text()).group(1))


def begin(people, number):
    """An upload whose first bytes are on their way."""
    member, claim = people.next()
    token, content = people.token(member), photo(number, FILE_BYTES)
    body = {"kind": "other", "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"memory-{number:08}"}
    announced = people.demo.http.post(f"/v1/claims/{claim}/documents", json=body, headers=headers)
    assert announced.status_code == 201, announced.text
    path = announced.json()["upload_url"]
    # A member has five at once; there are not forty members.
    with sqlite3.connect(people.demo.dir / "huzhu.sqlite", timeout=30) as connection:
        connection.execute("update document set uploaded_by = claim_id")
    return hang(people.demo.url, path, token, 0, len(content), content[:1000]), content


def main(count):
    directory = tempfile.mkdtemp(prefix="huzhu-memory.")
    service = Service(os.environ["DEMO_BINARY"], directory, None)
    service.start()
    people = People(Demo(service.url, Path(directory) / "data"))
    # One after another first, so that everything is in use that is used once.
    for number in range(8):
        begin(people, 1_000_000 + number)[0].close()
    time.sleep(2)
    before = most = resident_kib(service.process)
    begun = [begin(people, number) for number in range(count)]
    for turn in range(ROUNDS):
        start = 1000 + turn * PIECE_BYTES
        for connection, content in begun:
            connection.sendall(content[start : start + PIECE_BYTES])
        time.sleep(0.5)
        most = max(most, resident_kib(service.process))
    each = (most - before) / count
    print(f"{count} uploads at once, {1000 + ROUNDS * PIECE_BYTES} bytes each: {before / 1024:.0f} MiB before, {most / 1024:.0f} MiB at most, {each:.0f} KiB an upload")
    for connection, _ in begun:
        connection.close()
    service.stop()
    shutil.rmtree(directory)
    failed = each > MOST_KIB
    print(f"{0 if failed else 1} passed, {1 if failed else 0} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
