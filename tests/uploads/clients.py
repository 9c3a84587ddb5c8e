"""Two upload clients that nobody of us wrote, tuspy and tus-js-client, and the photographs, members and claims that they send for."""

import io
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import urlparse

from PIL import Image
from tusclient import client as tus

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
from people import MEMBER  # noqa: E402

KIB = 1024
#: A claim takes 30 documents; a member's day 500 MiB.
DOCUMENTS_A_CLAIM = 25
TOKEN_SECS = 300


def sheet():
    """A settlement sheet as a page that saves data sends it: its check costs little, so that the uploads have the machine."""
    picture, out = Image.open(HERE / "../../samples/settlement-sheet.jpg"), io.BytesIO()
    picture.thumbnail((600, 600))
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


SHEET = sheet()


def photo(number, size):
    """The sheet with comment segments that no other number has: some megabytes, and still a good JPEG."""
    chance, padding = random.Random(number), []
    while len(SHEET) + 65_537 * len(padding) < size:
        padding.append(b"\xff\xfe\xff\xff" + chance.randbytes(65_533))
    return SHEET[:2] + b"".join(padding) + SHEET[2:]


class People:
    """Members of a demo in turn, each with a token that is fresh and a claim that has room."""

    def __init__(self, demo):
        self.demo, self.lock, self.taken = demo, threading.Lock(), 0
        self.tokens, self.claims = {}, {}

    def __len__(self):
        return len(self.demo.credentials["members"])

    def next(self):
        """The number of a member and a claim of theirs."""
        with self.lock:
            number = self.taken % len(self)
            self.taken += 1
            claim, used = self.claims.get(number, (None, DOCUMENTS_A_CLAIM))
            if used >= DOCUMENTS_A_CLAIM:
                claim, used = self._begin(number), 0
            self.claims[number] = (claim, used + 1)
            return number, claim

    def token(self, number):
        token, since = self.tokens.get(number, (None, 0))
        if time.monotonic() - since > TOKEN_SECS:
            token = self.demo.token(MEMBER, number)
            self.tokens[number] = (token, time.monotonic())
        return token

    def _begin(self, number):
        claim = str(uuid.uuid4())
        headers = {"Authorization": f"Bearer {self.token(number)}", "Idempotency-Key": claim}
        begun = self.demo.http.post("/v1/claims", json={"id": claim}, headers=headers)
        assert begun.status_code == 201, begun.text
        return claim

    def document(self, number, path):
        """What the service says of an uploaded document, once it is decided."""
        until = time.monotonic() + 120
        while True:
            headers = {"Authorization": f"Bearer {self.token(number)}"}
            shown = self.demo.http.get(f"/v1/documents/{path.rsplit('/', 1)[1]}", headers=headers).json()
            if shown["state"] not in ("receiving", "received", "checking") or time.monotonic() > until:
                return shown
            time.sleep(0.2)


def uploader(endpoint, token, file, chunk, metadata, checksum=False):
    sender = tus.TusClient(endpoint, headers={"Authorization": f"Bearer {token}"})
    return sender.uploader(str(file), chunk_size=chunk, metadata=metadata, retries=60, retry_delay=0.2, upload_checksum=checksum)


def with_tuspy(endpoint, token, file, chunk, metadata, checksum=False):
    """Sends a file with tuspy; answers the upload's path."""
    sending = uploader(endpoint, token, file, chunk, metadata, checksum)
    for _ in range(60):
        try:
            sending.upload()
            return urlparse(sending.url).path
        except Exception:  # noqa: BLE001 - its own retries do not cover the creation, nor a cut while it asks the offset
            time.sleep(0.2)
            try:
                if sending.url:
                    sending.offset = sending.get_offset()
            except Exception:  # noqa: BLE001 - the next round asks again
                pass
    raise RuntimeError("tuspy gave up")


def with_tus_js(endpoint, token, file, chunk, metadata, checksum=False):
    """Sends a file with tus-js-client; answers the upload's path."""
    assert not checksum, "it has none"
    pairs = [f"{name}={value}" for name, value in metadata.items()]
    command = ["node", str(HERE / "send.cjs"), endpoint, token, str(file), str(chunk), *pairs]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return urlparse(json.loads(done.stdout)["url"]).path
