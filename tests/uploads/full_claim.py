"""A claim of 30 photographs over a line that breaks, the 31st refused so that one knows what to do, and taken once there is room.
Usage, by on_demo.sh: full_claim.py
"""

import hashlib
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlparse

from clients import KIB, People, photo, with_tuspy
from line import BadLine
from people import Demo

DOCUMENTS = 30
#: A sender may have 5 uploads on their way.
AT_ONCE = 3
SEEDS = 9_000


class Claim:
    """A member's draft, sent to over bad lines."""

    def __init__(self, demo):
        self.demo, self.people, self.home = demo, People(demo), urlparse(demo.url)
        self.member, self.id = self.people.next()
        self.cuts = 0

    def send(self, number):
        """Sends a photograph; what the service says of it."""
        content, line = photo(SEEDS + number, 900_000), BadLine([(self.home.hostname, self.home.port)], SEEDS + number)
        metadata = {"claim_id": self.id, "kind": "other", "filename": "photo.jpg", "sha256": hashlib.sha256(content).hexdigest()}
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(content)
            file.flush()
            path = with_tuspy(f"http://127.0.0.1:{line.port}/v1/uploads", self.people.token(self.member), file.name, 256 * KIB, metadata)
        line.close()
        self.cuts += sum(line.cuts.values())
        return self.people.document(self.member, path)

    def ask(self, method, path, **more):
        headers = {"Authorization": f"Bearer {self.people.token(self.member)}", "Idempotency-Key": str(uuid.uuid4()), **more.pop("headers", {})}
        return self.demo.http.request(method, path, headers=headers, **more)

    def announce(self, number):
        content = photo(SEEDS + number, 900_000)
        body = {"kind": "other", "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        return self.ask("POST", f"/v1/claims/{self.id}/documents", json=body)


def main():
    claim, began = Claim(Demo()), time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        documents = list(pool.map(claim.send, range(DOCUMENTS)))
    states = [document["state"] for document in documents]
    assert states == ["clean"] * DOCUMENTS, states
    refused = claim.announce(DOCUMENTS)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "too_many_documents"), refused.text
    assert "30" in problem["detail"] and "撤回" in problem["detail"], problem
    listed = claim.ask("GET", f"/v1/claims/{claim.id}/documents?limit=100").json()["items"]
    assert len(listed) == DOCUMENTS, len(listed)
    first = documents[0]
    gone = claim.ask("DELETE", f"/v1/documents/{first['id']}", headers={"If-Match": f'"{first["version"]}"'})
    assert gone.status_code == 204, gone.text
    assert claim.announce(DOCUMENTS).status_code == 201
    print(f"a claim of {DOCUMENTS} photographs over bad lines, {claim.cuts} connections broken, {time.monotonic() - began:.0f} s; the 31st: {problem['detail']}")
    print("1 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
