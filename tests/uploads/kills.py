"""SIGKILLs during uploads: tuspy sends photographs in small pieces to a real service that is killed again and again. No offset that tuspy
was ever told may be taken back, every upload is finished after the kills, and what came is what was sent. Usage: kills.py sqlite|postgres KILLS
"""

import hashlib
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlparse

import httpx

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "crash"))
from clients import KIB, People, photo, uploader  # noqa: E402
from crash import Service  # noqa: E402
from people import Demo, Refused  # noqa: E402
from services import new_database, original_sha256_of  # noqa: E402

SENDERS, PIECE_BYTES, FILE_BYTES = 4, 64 * KIB, 1_500_000
#: Between two pieces, so that an upload lives through several seconds of a phone's line.
PAUSE_SECS = 0.12
#: A file is given up when nothing at all moved for so long.
PATIENCE_SECS = 60


class Sender:
    """One photograph after another until told to stop; remembers what it was told, and what of it was not true."""

    def __init__(self, people, url, number):
        self.people, self.url, self.number = people, url, number
        self.sent, self.lost, self.resumed, self.troubles = [], [], 0, []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _work(self):
        try:
            count = 0
            while not self.stopping.is_set():
                self._send(photo(self.number * 100_000 + count, FILE_BYTES), has_checksum=count % 4 == 3)
                count += 1
        except Exception as trouble:  # noqa: BLE001 - reported by the main thread
            self.troubles.append(trouble)

    def _send(self, content, has_checksum):
        member, claim = self._again(self.people.next)
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(content)
            file.flush()
            sha256 = hashlib.sha256(content).hexdigest()
            metadata = {"claim_id": claim, "kind": "other", "sha256": sha256}
            token = self._again(lambda: self.people.token(member))
            sending = uploader(f"{self.url}/v1/uploads", token, file.name, PIECE_BYTES, metadata, has_checksum)
            sending.retries = 0
            self._again(lambda: sending.set_url(sending.create_url()))
            sending.offset, told = self._again(sending.get_offset), 0
            while sending.offset < len(content):
                try:
                    sending.upload_chunk()
                except Exception:  # noqa: BLE001 - it was killed; whatever else it is shows in the offset
                    sending.offset = self._again(sending.get_offset)
                    self.resumed += 1
                if sending.offset < told:
                    self.lost.append(f"{sending.url}: {told} bytes were acknowledged, {sending.offset} are there")
                told = max(told, sending.offset)
                time.sleep(PAUSE_SECS)
            self.sent.append((member, urlparse(sending.url).path, sha256, len(content)))

    def _again(self, ask):
        """Asks until there is an answer: the service may be down for a moment."""
        until = time.monotonic() + PATIENCE_SECS
        while True:
            try:
                return ask()
            except (httpx.TransportError, Refused, AssertionError, OSError, ValueError) as trouble:
                failed = trouble
            except Exception as trouble:  # noqa: BLE001 - tuspy wraps what it meets
                failed = trouble
            if time.monotonic() > until:
                raise failed
            time.sleep(0.1)


def run(kind, kills, seed, until=None):
    """Kills a service so often; answers what was found wrong, and figures."""
    chance, directory = random.Random(seed), tempfile.mkdtemp(prefix="huzhu-kills.")
    service = Service(os.environ["DEMO_BINARY"], directory, new_database() if kind == "postgres" else None)
    service.start()
    people = People(Demo(service.url, Path(directory) / "data"))
    senders = [Sender(people, service.url, number) for number in range(SENDERS)]
    for sender in senders:
        sender.thread.start()
    killed = 0
    while killed < kills and (until is None or time.monotonic() < until):
        time.sleep(chance.uniform(0.4, 2.0))
        service.kill()
        killed += 1
        service.start()
    for sender in senders:
        sender.stopping.set()
    for sender in senders:
        sender.thread.join()
    wrong = [line for sender in senders for line in (*sender.lost, *map(repr, sender.troubles))]
    original_sha256 = original_sha256_of(service)
    sent = [one for sender in senders for one in sender.sent]
    for member, path, sha256, length in sent:
        shown = people.document(member, path)
        if (shown["state"], shown["received_bytes"]) != ("clean", length) or original_sha256(path.rsplit("/", 1)[1]) != sha256:
            wrong.append(f"{path}: {shown['state']}, {shown['received_bytes']} of {length} bytes")
    service.stop()
    if service.verify() != 0:
        wrong.append("verify found something")
    figures = {"kind": kind, "kills": killed, "uploads": len(sent), "resumed": sum(sender.resumed for sender in senders), "wrong": wrong}
    if wrong or not sent:
        print(f"{kind}: what is left is in {directory}")
    else:
        shutil.rmtree(directory)
    return figures


def told(figures):
    for line in figures["wrong"]:
        print("wrong:", line)
    print(f"{figures['kind']}: {figures['kills']} kills, {figures['uploads']} uploads finished, gone on {figures['resumed']} times, {len(figures['wrong'])} wrong")
    return len(figures["wrong"]) + (figures["uploads"] == 0)


if __name__ == "__main__":
    failed = told(run(sys.argv[1], int(sys.argv[2]), int(os.environ.get("KILLS_SEED", random.SystemRandom().randrange(2**32)))))
    print(f"{0 if failed else 1} passed, {1 if failed else 0} failed")
    sys.exit(1 if failed else 0)
