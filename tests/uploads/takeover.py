"""How long a newcomer waits for an upload whose old connection hangs: half a PATCH at one process, then HEAD and PATCH at the other. Usage, by
with_postgres.sh: takeover.py ROUNDS
"""

import hashlib
import os
import random
import shutil
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlparse

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "crash"))
from clients import People, photo  # noqa: E402
from crash import Service  # noqa: E402
from people import Demo  # noqa: E402
from services import SecondService, new_database  # noqa: E402

MOST_SECS = 2.0


def hang(url, path, token, offset, length, part):
    """Sends the head of a PATCH and some of its bytes, and then nothing more."""
    address = urlparse(url)
    connection = socket.create_connection((address.hostname, address.port))
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n\r\n"
    )
    connection.sendall(head.encode() + part)
    return connection


def main(rounds):
    directory = tempfile.mkdtemp(prefix="huzhu-takeover.")
    first = Service(os.environ["DEMO_BINARY"], directory, new_database())
    first.start()
    second = SecondService(first)
    second.start()
    people = People(Demo(first.url, Path(directory) / "data"))
    there = Demo(second.url, Path(directory) / "data").http
    chance = random.Random(rounds)
    waits, lost = {"same": [], "other": []}, 0
    for number in range(rounds):
        for where, client in (("same", people.demo.http), ("other", there)):
            member, claim = people.next()
            token, content = people.token(member), photo(number, 700_000)
            bearer = {"Authorization": f"Bearer {token}"}
            body = {"kind": "other", "size_bytes": len(content), "sha256": hashlib.sha256(content + where.encode()).hexdigest()}
            key = {"Idempotency-Key": f"takeover-{where}-{number}"}
            path = client.post(f"/v1/claims/{claim}/documents", json=body, headers={**bearer, **key}).json()["upload_url"]
            part = content[:300_000]
            connection = hang(first.url, path, token, 0, len(content), part)
            # Any moment between two looks of the holder.
            time.sleep(chance.uniform(0.4, 1.4))
            tus = {**bearer, "Tus-Resumable": "1.0.0"}
            began = time.monotonic()
            offset = int(client.head(path, headers=tus).headers["Upload-Offset"])
            sent = {**tus, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            assert client.patch(path, content=content[offset : offset + 1000], headers=sent).status_code == 204
            waits[where].append(time.monotonic() - began)
            lost += len(part) - offset
            client.delete(path, headers=tus)
            connection.close()
    second.stop()
    first.stop()
    shutil.rmtree(directory)
    failed = 0
    for where, secs in waits.items():
        p95 = statistics.quantiles(secs, n=20)[-1]
        failed += p95 >= MOST_SECS
        print(f"{where} process: p50 {statistics.median(secs):.2f} s, p95 {p95:.2f} s, longest {max(secs):.2f} s of {len(secs)}")
    print(f"bytes that had arrived and were not kept: {lost}")
    failed += lost > 0
    print(f"{0 if failed else 1} passed, {1 if failed else 0} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
