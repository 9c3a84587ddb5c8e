"""Uploads by seed: each a photograph, a client, a chunk size and a bad line. What the service has in the end must be what was sent, and at
chunks of 1 MiB the client may not have sent more than 1.10 times the file. Usage, by on_demo.sh: uploads.py UPLOADS
"""

import collections
import hashlib
import json
import random
import sqlite3
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlparse

from clients import KIB, People, photo, with_tus_js, with_tuspy
from line import BadLine
from people import Demo

MIB = 1024 * KIB
#: Client, bytes of a chunk (0: the whole file), and whether each chunk carries its checksum.
WAYS = (
    ("tuspy", MIB, False), ("tus-js-client", MIB, False), ("tuspy", MIB, False), ("tus-js-client", MIB, False),
    ("tuspy", 256 * KIB, False), ("tus-js-client", 512 * KIB, False), ("tus-js-client", 0, False), ("tuspy", 256 * KIB, True),
)
CLIENTS = {"tuspy": with_tuspy, "tus-js-client": with_tus_js}
SIZES = (1_200_000, 3_200_000)
#: Bytes that clients sent by bytes of their files, over all uploads in chunks of 1 MiB.
MOST_SENT = 1.10
AT_ONCE = 8


def upload(people, targets, original_sha256, seed):
    """Sends the photograph of a seed; what came of it."""
    began, chance = time.monotonic(), random.Random(seed)
    client, chunk, checksum = WAYS[seed % len(WAYS)]
    content = photo(seed, chance.randint(*SIZES))
    sha256 = hashlib.sha256(content).hexdigest()
    member, claim = people.next()
    line = BadLine(targets, seed)
    result = {"seed": seed, "client": client, "chunk": chunk, "checksum": checksum, "bytes": len(content), "wrong": None}
    try:
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(content)
            file.flush()
            metadata = {"claim_id": claim, "kind": "other", "filename": "photo.jpg", "sha256": sha256}
            path = CLIENTS[client](f"http://127.0.0.1:{line.port}/v1/uploads", people.token(member), file.name, chunk, metadata, checksum)
        shown = people.document(member, path)
        if (shown["state"], shown["received_bytes"]) != ("clean", len(content)):
            result["wrong"] = f"{shown['state']}, {shown['received_bytes']} bytes"
        elif original_sha256(path.rsplit("/", 1)[1]) != sha256:
            result["wrong"] = "other bytes than were sent"
    except Exception as trouble:  # noqa: BLE001 - told in the result
        result["wrong"] = f"{type(trouble).__name__}: {trouble}"
    line.close()
    return {**result, "sent": line.sent_bytes, "cuts": line.cuts, "secs": round(time.monotonic() - began, 1)}


def run(people, targets, original_sha256, seeds, done, at_once=AT_ONCE, until=None):
    """Sends the photographs of `seeds`, some at once, and gives each result to `done`."""
    lock = threading.Lock()

    def one(seed):
        if until is None or time.monotonic() < until:
            result = upload(people, targets, original_sha256, seed)
            with lock:
                done(result)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, seeds))


def from_sqlite(file):
    """How the SHA-256 of what came is looked up in an embedded database: the API does not tell it."""

    def original_sha256(document):
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30) as connection:
            query = "select lower(hex(original_sha256)) from document where id = ?"
            return connection.execute(query, (bytes.fromhex(document.replace("-", "")),)).fetchone()[0]

    return original_sha256


def share_sent(results):
    """Bytes sent by bytes of files, over the uploads in chunks of 1 MiB without checksums."""
    plain = [one for one in results if one["chunk"] == MIB and not one["checksum"]]
    return sum(one["sent"] for one in plain) / max(1, sum(one["bytes"] for one in plain)), len(plain)


def told(results):
    """Prints what came of uploads; how many went wrong."""
    wrong = [one for one in results if one["wrong"]]
    for one in wrong:
        print("wrong:", json.dumps(one))
    cuts = collections.Counter()
    for one in results:
        cuts.update({fate: count for fate, count in one["cuts"].items() if count})
    share, plain = share_sent(results)
    print(f"{len(results)} uploads of {sum(one['bytes'] for one in results) / 1e6:.0f} MB; connections broken: {dict(cuts)}")
    print(f"sent by bytes of the file at 1 MiB a chunk: {share:.3f} over {plain} uploads (at most {MOST_SENT})")
    return len(wrong) + (plain > 0 and share > MOST_SENT)


def main(count):
    demo, results, began = Demo(), [], time.monotonic()
    home = urlparse(demo.url)
    database = from_sqlite(Path(demo.dir) / "huzhu.sqlite")
    run(People(demo), [(home.hostname, home.port)], database, range(count), results.append)
    failed = told(results)
    print(f"{time.monotonic() - began:.0f} s")
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
