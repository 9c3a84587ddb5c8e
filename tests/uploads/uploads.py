"""Sends photographs with tuspy and tus-js-client over a bad line, and checks that each arrives whole and is checked."""

import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from urllib.parse import urlparse

from line import BadLine
from tusclient import client as tus

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
from people import MEMBER, Demo

KIB = 1024


def begin_claim(demo, token):
    """Begins a draft."""
    claim_id = str(uuid.uuid4())
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": claim_id}
    begun = demo.http.post("/v1/claims", json={"id": claim_id}, headers=headers)
    assert begun.status_code == 201, begun.text
    return claim_id


def photo(number, size):
    """The settlement sheet with comment segments that no other number has: some megabytes, and still a good JPEG."""
    sheet = (HERE / "../../samples/settlement-sheet.jpg").read_bytes()
    chance, padding = random.Random(number), b""
    while len(sheet) + len(padding) < size:
        padding += b"\xff\xfe\xff\xff" + chance.randbytes(65_533)
    return sheet[:2] + padding + sheet[2:]


def with_tuspy(endpoint, token, file, chunk, metadata):
    """Sends a file with tuspy; answers the upload's path."""
    sender = tus.TusClient(endpoint, headers={"Authorization": f"Bearer {token}"})
    uploader = sender.uploader(str(file), chunk_size=chunk, metadata=metadata, retries=60, retry_delay=0.2)
    for _ in range(60):
        try:
            uploader.upload()
            return urlparse(uploader.url).path
        except Exception as error:  # its own retries do not cover the creation
            print(f"  tuspy begins again: {type(error).__name__}")
            time.sleep(0.3)
            if uploader.url:
                uploader.offset = uploader.get_offset()
    raise RuntimeError("tuspy gave up")


def with_tus_js(endpoint, token, file, chunk, metadata):
    """Sends a file with tus-js-client; answers the upload's path."""
    pairs = [f"{name}={value}" for name, value in metadata.items()]
    command = ["node", str(HERE / "send.cjs"), endpoint, token, str(file), str(chunk), *pairs]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    told = json.loads(done.stdout)
    print(f"  tus-js-client tried again {told['retries']} times")
    return urlparse(told["url"]).path


def checked(demo, token, path):
    """Waits until the document is decided."""
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(300):
        shown = demo.http.get(f"/v1/documents/{path.rsplit('/', 1)[1]}", headers=headers).json()
        if shown["state"] not in ("receiving", "received", "checking"):
            return shown
        time.sleep(0.1)
    return shown


def main(rounds):
    demo = Demo()
    token = demo.token(MEMBER)
    claim_id = begin_claim(demo, token)
    home = urlparse(demo.url)
    passed = failed = 0
    runs = [
        ("tuspy", with_tuspy, 256 * KIB),
        ("tus-js-client in pieces", with_tus_js, 512 * KIB),
        ("tus-js-client in one piece", with_tus_js, 0),
    ]
    for number in range(rounds):
        for name, send, chunk in runs:
            content = photo(number * 10 + chunk, 3_000_000)
            line = BadLine((home.hostname, home.port), seed=number)
            with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
                file.write(content)
                file.flush()
                sha256 = hashlib.sha256(content).hexdigest()
                metadata = {"claim_id": claim_id, "kind": "other", "filename": "photo.jpg", "sha256": sha256}
                try:
                    path = send(f"http://127.0.0.1:{line.port}/v1/uploads", token, file.name, chunk, metadata)
                    shown = checked(demo, token, path)
                    good = shown["state"] == "clean" and shown["received_bytes"] == len(content)
                    print(f"{name}, seed {number}: {shown['state']} after {line.cuts} cuts")
                except Exception as error:
                    good = False
                    print(f"{name}, seed {number}: {error}")
            line.close()
            passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
