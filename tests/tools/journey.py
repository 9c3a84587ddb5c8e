"""One claim from the phone to the card, over public HTTP, by somebody who does not give up: every request is sent again, under the
same key, until it is answered. The crash test and the generated clients play it.
"""

import functools
import hashlib
import io
import secrets
import time
import uuid
from datetime import date, timedelta
from pathlib import Path

import httpx
from PIL import Image

from people import Refused

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
DONE = {"paid"}
#: Bytes of one PATCH: a photograph takes several, so that a process can die between two of them.
PART_BYTES = 64 * 1024
#: Answers that another try may better: too much at once, or somebody on the way who can't reach the service. 500 is a defect.
PASSING = {429, 502, 503, 504}
#: Seconds that a one-time password of an authenticator lives.
TOTP_SECS = 30


class Gone(Exception):
    """The service did not come back in time."""


class Asker:
    """Somebody signed in: sends a request until it is answered, and signs in again when the token has ended."""

    def __init__(self, demo, role, number=0, patience_secs=90):
        self.demo, self.role, self.number, self.patience = demo, role, number, patience_secs
        self.bearer = None

    def ask(self, method, path, *, json=None, content=None, key=None, version=None, headers=None, good=(200, 201, 202, 204)):
        """The answer, whose status is one of `good`; anything else but a passing failure is an error."""
        headers = dict(headers or {})
        if key:
            headers["Idempotency-Key"] = key
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        until = time.monotonic() + self.patience
        while time.monotonic() < until:
            try:
                self.bearer = self.bearer or self.demo.token(self.role, self.number)
                answer = self.demo.http.request(method, path, json=json, content=content, headers={**headers, "Authorization": f"Bearer {self.bearer}"})
            except (httpx.TransportError, Refused) as trouble:
                if isinstance(trouble, Refused) and trouble.status == 500:
                    raise
                # A sign-in whose answer was lost has used its one-time password up: another try before the next one counts as a guess.
                time.sleep(TOTP_SECS - time.time() % TOTP_SECS if isinstance(trouble, Refused) else 0.2)
                continue
            if answer.status_code in good:
                return answer
            if answer.status_code == 401:
                self.bearer = None
            elif answer.status_code not in PASSING:
                raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
            time.sleep(0.2)
        raise Gone(f"{method} {path} was not answered in {self.patience} s")


def uuid7():
    """RFC 9562, version 7."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def stay(number):
    """A stay of three days that no other number shares, 2,000 yuan of self-pay one above the deductible's first step."""
    first = date.today() - timedelta(days=20 + 4 * number)
    last = first + timedelta(days=3)
    return {
        "event": "hospital_stay",
        "starts_on": first.isoformat(),
        "ends_on": last.isoformat(),
        "hospital_name": "样本市第一医院",
        "hospital_grade": 3,
        "diagnosis_class": "general",
        "settlement_serial": f"1101{uuid.uuid4().hex[:16]}",
        "settlements": [{"starts_on": first.isoformat(), "ends_on": last.isoformat(), "self_pay_one_fen": 330_000}],
    }


@functools.cache
def small_photo(name, side=1_000):
    """A sample as a page that saves its member's data sends it: smaller, with the camera's tags. A debug build checks it in a moment."""
    picture, out = Image.open(SAMPLES / name), io.BytesIO()
    picture.thumbnail((side, side))
    picture.save(out, "JPEG", quality=85, exif=picture.getexif())
    return out.getvalue()


def declare(member, number, secs):
    """Begins, photographs, waits at most so many seconds for the checks, and submits; answers the claim's id once that is acknowledged."""
    claim_id = uuid7()
    member.ask("POST", "/v1/claims", json={"id": claim_id, "declaration": stay(number)}, key=uuid7())
    for kind, photo in [("settlement_sheet", "settlement-sheet.jpg"), ("id_card", "id-card-specimen.jpg")]:
        upload(member, claim_id, kind, small_photo(photo))
    wait_until_clean(member, claim_id, secs)
    claim = member.ask("GET", f"/v1/claims/{claim_id}").json()
    if claim["state"] == "draft":
        member.ask("POST", f"/v1/claims/{claim_id}/submit", key=uuid7(), version=claim["version"], good=(200, 409, 412))
    return claim_id


def upload(member, claim_id, kind, photo):
    announced = member.ask(
        "POST", f"/v1/claims/{claim_id}/documents", key=uuid7(),
        json={"kind": kind, "size_bytes": len(photo), "sha256": hashlib.sha256(photo).hexdigest()},
    ).json()
    path, acknowledged = announced.get("upload_url"), 0
    while path:
        tus = {"Tus-Resumable": "1.0.0"}
        head = member.ask("HEAD", path, headers=tus, good=(200, 204, 404, 410))
        offset = int(head.headers.get("Upload-Offset", len(photo)))
        assert offset >= acknowledged, f"{path}: {acknowledged} bytes were acknowledged, {offset} are there"
        if offset >= len(photo):
            return
        sent = {**tus, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        # 423: the server still holds the broken-off request; 409: it took more than we heard of
        part = photo[offset : offset + PART_BYTES]
        answer = member.ask("PATCH", path, content=part, headers=sent, good=(200, 204, 404, 409, 410, 423))
        acknowledged = max(acknowledged, int(answer.headers.get("Upload-Offset", 0)))


def wait_until_clean(member, claim_id, secs):
    until = time.monotonic() + secs
    while time.monotonic() < until:
        states = {document["state"] for document in member.ask("GET", f"/v1/claims/{claim_id}/documents").json()["items"]}
        if states == {"clean"}:
            return
        assert not states & {"rejected", "expired"}, states
        time.sleep(0.3)
    raise Gone(f"the documents of {claim_id} were not checked in {secs} s: {states}")


def decide_all(reviewer):
    """Takes and approves whatever waits; answers how many."""
    decided = 0
    for item in reviewer.ask("GET", "/v1/reviews").json()["items"]:
        path = f"/v1/reviews/{item['claim_id']}"
        seen = reviewer.ask("GET", path, good=(200, 404))
        if seen.status_code != 200:
            continue
        claim = seen.json()["claim"]
        if claim["state"] == "accepted":
            # 403: it was passed up, and waits for a reviewer of a level above.
            taken = reviewer.ask("POST", f"{path}/take", key=uuid7(), version=claim["version"], good=(200, 403, 409, 412))
            if taken.status_code != 200:
                continue
            claim = reviewer.ask("GET", path).json()["claim"]
        if claim["state"] == "in_review":
            if not judge_all(reviewer, path):
                continue
            decision = {"outcome": "approved", "reason_code": "as_assessed"}
            done = reviewer.ask("POST", f"{path}/decide", key=uuid7(), version=claim["version"], json=decision, good=(200, 409, 412, 422))
            decided += done.status_code == 200
            if done.status_code == 409 and done.json()["code"] == "assessment_changed":
                # Another claim of this member was decided since this one was taken: give it back, and take it again next time.
                reviewer.ask("POST", f"{path}/release", key=uuid7(), version=claim["version"], good=(200, 409, 412))
    return decided


def judge_all(reviewer, path):
    """Every claim of the play sends the same photographs: says so of each pair that must be judged. False when a pair has a side that this
    reviewer may not see: the claim is passed up."""
    seen = reviewer.ask("GET", path).json()
    version, pairs = seen["claim"]["version"], [found for found in seen["matches"] if found["must_be_judged"]]
    if any("other" not in found for found in pairs):
        reviewer.ask("POST", f"{path}/pass-up", key=uuid7(), version=version, good=(200, 409, 412))
        return False
    # What is said of two documents is said of all between them.
    for found in {(found["document_id"], found["other"]["document_id"]): found for found in pairs}.values():
        where = f"{path}/matches/{found['id']}/judge"
        # 403: the other claim was begun by somebody of another organisation since.
        reviewer.ask("POST", where, key=uuid7(), version=version, json={"judgement": "same"}, good=(200, 403, 404, 409, 412))
    return True


def pay_all(maker, checker):
    """Prepares a batch of what is owed and releases every prepared one."""
    maker.ask("POST", "/v1/payout-batches", key=uuid7(), json={}, good=(200, 201, 409))
    for batch in checker.ask("GET", "/v1/payout-batches?state=prepared").json()["items"]:
        path = f"/v1/payout-batches/{batch['id']}/release"
        checker.ask("POST", path, key=uuid7(), version=batch["version"], json={"sha256": batch["sha256"]}, good=(200, 409, 412))


def run_all(maker, checker, secs=60):
    """Starts a run of all that waits, and releases it whole once its batches are prepared."""
    started = maker.ask("POST", "/v1/payout-runs", key=uuid7(), json={}, good=(201, 202, 409))
    if started.status_code == 409:
        return
    path, until = f"/v1/payout-runs/{started.json()['id']}", time.monotonic() + secs
    while time.monotonic() < until:
        run = maker.ask("GET", path).json()["run"]
        if run["state"] != "preparing":
            break
        time.sleep(0.3)
    if run["state"] == "prepared":
        checker.ask("POST", f"{path}/release", key=uuid7(), version=run["version"], json={"sha256": run["sha256"]}, good=(202, 409, 412))


def wait_until_paid(member, claim_id, secs):
    """A file whose sender was killed is in doubt first: its lease must end, and the bank be asked twice, before it is sent again."""
    until = time.monotonic() + secs
    while time.monotonic() < until:
        state = member.ask("GET", f"/v1/claims/{claim_id}").json()["state"]
        if state in DONE:
            return
        time.sleep(0.3)
    raise Gone(f"claim {claim_id} was not paid in {secs} s; it is {state}")
