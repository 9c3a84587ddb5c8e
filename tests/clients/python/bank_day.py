"""The card bank's own job plays a whole day with the client that openapi-python-client makes of openapi/huzhu.json.

It fetches the batch, opens it with the bank's key, lets the bank (`huzhu bank-sim`) execute it, brings results and statement, answers a break,
and reads what changed. Run by bank_day.sh, which starts the bank, makes the keys and sets BANK_DAY.
"""

import hashlib
import io
import os
from base64 import b64encode
from datetime import datetime, timedelta, timezone
from pathlib import Path

import gm
import httpx
import play as journey
from huzhu import models
from huzhu.api.bank import announce_bank_upload, answer_break, complete_bank_upload, fetch_batch_file, fetch_batch_signature
from huzhu.api.bank import list_bank_batches, list_break_answers, list_breaks, list_recon_events, list_run_breaks, list_run_matches
from huzhu.api.bank import look_up_bank_orders, receive_batch, send_bank_upload, show_bank_order, show_bank_upload, show_positions
from huzhu.api.bank import show_recon_run, start_recon_run
from huzhu.api.staff import list_payouts, prepare_payout_batch, show_payout
from huzhu.models import BatchState, PayoutState
from huzhu.types import File
from journey import uuid7
from talk import Town, good, refused, step, wait_for

FOLDER = Path(os.environ["BANK_DAY"])
BANK_KEY, BANK_CERTIFICATE, FUND_CERTIFICATE = FOLDER / "bank.key", FOLDER / "bank.crt", FOLDER / "fund.crt"
SHANGHAI = timezone(timedelta(hours=8))


def day(town):
    member, maker = town.member(journey.MEMBER), town.staff("payout-maker")
    with step("a claim is granted and released"):
        claim_id = grant(town, member)
        payout_id = journey.pay(maker, town.staff("payout-checker"), claim_id)
    bank, simulator = town.bank(), Bank()
    with step("the job sees the batch, and no more than it may"):
        batch = waiting(bank)
        refused(list_payouts.sync_detailed(client=bank), 403, "forbidden")
        refused(prepare_payout_batch.sync_detailed(client=bank, body=models.PrepareBatch(), idempotency_key=uuid7()), 403, "forbidden")
    with step("fetches it, and only the bank opens it"):
        content = fetch(bank, batch)
    with step("says by mistake that something else arrived: a break, which the bank explains"):
        mistaken(bank, batch)
    with step("says what arrived"):
        receive(bank, batch, content)
    with step("the bank executes it; the job brings the results, and the claim is paid"):
        simulator.execute(content)
        bring(bank, models.BankDocumentKind.CN_RESULT, simulator.results(batch.batch_ref))
        wait_for("the payment", lambda: journey.claim(member, claim_id).state == models.ClaimState.PAID)
    with step("looks its orders up"):
        look_up(bank, content)
    with step("the bank closes its day; the statement settles the payment"):
        today = simulator.close_day()
        statement = bring(bank, models.BankDocumentKind.CN_STATEMENT, simulator.statement(1), seq=1)
        assert statement.document.items >= 2 and statement.document.applied == statement.document.items, statement
        settled = good(show_payout.sync_detailed(payout_id, client=maker), models.PayoutDetail).payout
        assert settled.state == PayoutState.SETTLED, settled
    with step("a run says how the day stands, and the position is even"):
        reconcile(bank, today)
    with step("the feed tells all of it in order"):
        read_feed(bank, batch)


def grant(town, member):
    claim_id = journey.start(member)
    granted_fen = journey.estimate(member, claim_id)
    for kind, name in (("SETTLEMENT_SHEET", "settlement-sheet.jpg"), ("BILL", "e-bill.jpg"), ("ID_CARD", "id-card-specimen.jpg")):
        journey.announce_and_send(member, claim_id, models.DocumentKind[kind], journey.photo(name))
    wait_for("the check of the photographs", lambda: journey.all_clean(member, claim_id))
    journey.submit(member, claim_id)
    journey.review(town.staff(journey.REVIEWER), claim_id)
    assert granted_fen > 0
    return claim_id


class Bank:
    """The bank itself, which executes files and never talks to the service."""

    def __init__(self):
        url = (FOLDER / "bank/url").read_text(encoding="utf-8").strip()
        self.http = httpx.Client(base_url=url, timeout=30)

    def execute(self, content):
        self.http.post("/bank/v1/batches", content=content).raise_for_status()

    def results(self, batch_ref):
        return self.http.get(f"/bank/v1/batches/{batch_ref}/results").raise_for_status().content

    def close_day(self):
        return self.http.post("/sim/day/close").raise_for_status().json()["business_date"]

    def statement(self, seq):
        return self.http.get(f"/bank/v1/statements/6222020000001/{seq}").raise_for_status().content


def waiting(bank):
    [batch] = good(list_bank_batches.sync_detailed(client=bank, state=BatchState.RELEASED), models.PagedBankBatch).items
    return batch


def fetch(bank, batch):
    answer = fetch_batch_file.sync_detailed(batch.batch_ref, client=bank)
    envelope = good(answer, File).payload.read()
    content = gm.open_envelope(envelope, BANK_KEY)
    assert hashlib.sha256(content).hexdigest() == batch.sha256, "the bytes are not those that were signed"
    signature = good(fetch_batch_signature.sync_detailed(batch.batch_ref, client=bank), File).payload.read()
    gm.verify(content, signature, FUND_CERTIFICATE)
    part = httpx.get(
        f"{bank._base_url}/v1/recon/payout-batches/{batch.batch_ref}/file",
        headers={"Authorization": f"Bearer {bank.token}", "Range": "bytes=100-"},
    )
    assert part.status_code == 206 and part.content == envelope[100:], "a part is of another envelope"
    return content


def receipt(batch, **other):
    at = datetime.now(SHANGHAI).isoformat(timespec="milliseconds")
    said = {"sha256": batch.sha256, "order_count": batch.order_count, "total_fen": batch.total_fen, "received_at": at} | other
    return models.NewReceipt.from_dict(said)


def mistaken(bank, batch):
    wrong = receipt(batch, total_fen=batch.total_fen + 1)
    refused(receive_batch.sync_detailed(batch.batch_ref, client=bank, body=wrong, idempotency_key=uuid7()), 422, "receipt_differs")
    [found] = good(list_breaks.sync_detailed(client=bank, state=models.BreakState.OPEN), models.PagedReconBreak).items
    assert found.kind == models.BreakKind.B13 and found.stops_dispatch, found
    said = models.NewBreakAnswer(answer="金额由测试程序误报，文件无误")
    sent = {"client": bank, "body": said, "idempotency_key": uuid7()}
    kept = good(answer_break.sync_detailed(found.id, **sent), models.BreakAnswer, 201)
    assert good(answer_break.sync_detailed(found.id, **sent), models.BreakAnswer, 201) == kept
    [answer] = good(list_break_answers.sync_detailed(found.id, client=bank), models.PagedBreakAnswer).items
    assert answer == kept


def receive(bank, batch, content):
    body = receipt(batch, sha256=hashlib.sha256(content).hexdigest())
    sent = {"client": bank, "body": body, "idempotency_key": uuid7()}
    taken = good(receive_batch.sync_detailed(batch.batch_ref, **sent), models.Receipt)
    assert taken.state == BatchState.ACCEPTED, taken
    assert good(receive_batch.sync_detailed(batch.batch_ref, **sent), models.Receipt) == taken


def bring(bank, kind, content, seq=None):
    """Announces a file of the bank with its signature, sends it, completes it and waits for its effect."""
    said = {
        "kind": kind.value,
        "account": "6222020000001",
        "business_date": datetime.now(SHANGHAI).date().isoformat(),
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "signature": b64encode(gm.sign(content, BANK_KEY, BANK_CERTIFICATE)).decode(),
    }
    body = models.NewBankUpload.from_dict(said | ({"seq": seq} if seq else {}))
    upload = good(announce_bank_upload.sync_detailed(client=bank, body=body, idempotency_key=uuid7()), models.BankUpload, 201)
    again = good(announce_bank_upload.sync_detailed(client=bank, body=body, idempotency_key=uuid7()), models.BankUpload)
    assert again.duplicate and again.upload_id == upload.upload_id, again
    sent = send_bank_upload.sync_detailed(upload.upload_id, client=bank, body=File(io.BytesIO(content)))
    good(sent, models.BankUpload, 202)
    good(complete_bank_upload.sync_detailed(upload.upload_id, client=bank, idempotency_key=uuid7()), models.BankUpload, 202)

    def applied():
        seen = good(show_bank_upload.sync_detailed(upload.upload_id, client=bank), models.BankUpload)
        state = seen.document.state
        assert state not in (models.BankDocumentState.QUARANTINED, models.BankDocumentState.REJECTED), seen
        return seen if state == models.BankDocumentState.APPLIED else None

    return wait_for(f"the {kind.value}", applied)


def look_up(bank, content):
    bank_refs = [line.split("|")[2] for line in content.decode().splitlines() if line.startswith("D|")]
    one = good(show_bank_order.sync_detailed(bank_refs[0], client=bank), models.BankOrder)
    body = models.LookUp(bank_refs=[*bank_refs, "NOTOURS"])
    found = good(look_up_bank_orders.sync_detailed(client=bank, body=body), models.LookedUp)
    assert [order.bank_ref for order in found.items] == bank_refs and found.unknown == ["NOTOURS"], found
    assert one in found.items and one.card.startswith("****"), one


def reconcile(bank, today):
    body = models.StartRun.from_dict({"account": "6222020000001", "business_date": today})
    run = good(start_recon_run.sync_detailed(client=bank, body=body, idempotency_key=uuid7()), models.ReconRun, 202)

    def done():
        seen = good(show_recon_run.sync_detailed(run.id, client=bank), models.ReconRun)
        return seen if seen.state == "done" else None

    assert wait_for("the run", done).statement_seq == 1
    matches = good(list_run_matches.sync_detailed(run.id, client=bank), models.PagedRunMatch).items
    assert {match.treatment for match in matches} == {"funded", "settled"}, matches
    open_breaks = good(list_run_breaks.sync_detailed(run.id, client=bank), models.PagedReconBreak).items
    assert [found.kind for found in open_breaks] == [models.BreakKind.B13], open_breaks
    [position] = good(show_positions.sync_detailed(client=bank), models.Positions).items
    assert position.difference_fen == 0 and position.clearing_fen == 0, position


def read_feed(bank, batch):
    wanted = [BatchState.RELEASED, BatchState.DISPATCHING, BatchState.ACCEPTED]

    def told():
        events = good(list_recon_events.sync_detailed(client=bank, after=0), models.ReconEvents).items
        assert [event.seq for event in events] == list(range(1, len(events) + 1)), events
        states = [event.state for event in events if event.batch_ref == batch.batch_ref]
        return states[:3] == [state.value for state in wanted] and any(event.subject == "break" for event in events)

    wait_for("the feed", told)


if __name__ == "__main__":
    day(Town())
