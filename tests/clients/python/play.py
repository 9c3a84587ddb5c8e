"""One claim from the phone to the card, played by the client that openapi-python-client makes of openapi/huzhu.json.

`play` is the list of steps. Run by clients.sh, which generates the package `huzhu` and puts it and tests/tools on the path.
"""

import hashlib
import io
from base64 import b64encode
from datetime import date
from uuid import UUID

from huzhu import models
from huzhu.api.bank import list_breaks, show_positions, start_recon_run
from huzhu.api.member import announce_document, create_upload, estimate_claim, explain_claim, list_access_records, list_claim_payouts
from huzhu.api.member import list_documents, list_notices, patch_upload, read_document, show_claim, show_cover, show_timeline
from huzhu.api.member import start_claim, submit_claim, upload_offset
from huzhu.api.sign_in import sign_out
from huzhu.api.staff import decide_claim, judge_match, list_payouts, list_reviews, prepare_payout_batch, release_payout_batch, show_payout
from huzhu.api.staff import show_payout_batch, show_review, take_review
from huzhu.models import ClaimState, DocumentKind, DocumentState, PayoutState
from huzhu.types import File
from journey import SAMPLES, stay, uuid7
from talk import Town, good, refused, step, wait_for

# The other client plays another member, with another reviewer.
MEMBER, REVIEWER = 0, "reviewer-city"
TUS = "1.0.0"


def play(town):
    with step("the member signs in with the code on the phone and sees the cover"):
        member = town.member(MEMBER)
        see_cover(member)
    with step("starts a claim, twice the same"):
        claim_id = start(member)
    with step("asks what it would pay"):
        estimated_fen = estimate(member, claim_id)
    with step("sends three photographs by tus, which are checked"):
        announce_and_send(member, claim_id, DocumentKind.SETTLEMENT_SHEET, photo("settlement-sheet.jpg"))
        announce_and_send(member, claim_id, DocumentKind.BILL, photo("e-bill.jpg"))
        create_at_once(member, claim_id, DocumentKind.ID_CARD, photo("id-card-specimen.jpg"))
        wait_for("the check of the photographs", lambda: all_clean(member, claim_id))
        look_at_documents(member, claim_id, marked=False)
    with step("submits what was read, not what is stale"):
        submit(member, claim_id)
    with step("a reviewer signs in with password and authenticator, takes it, looks and decides"):
        review(town.staff(REVIEWER), claim_id)
    with step("the member reads why it is so much"):
        read_explanation(member, claim_id, estimated_fen)
    with step("a maker prepares the payment, and a checker releases it"):
        maker = town.staff("payout-maker")
        payout_id = pay(maker, town.staff("payout-checker"), claim_id)
    with step("the claim is paid"):
        wait_for("the bank's success", lambda: claim(member, claim_id).state == ClaimState.PAID)
    with step("the bank's program signs in with its key; its statement settles the payment"):
        settle(town, maker, payout_id)
    with step("the member sees how it went and signs out"):
        look_back(member, claim_id, estimated_fen)


def see_cover(member):
    cover = good(show_cover.sync_detailed(client=member), models.CoverList).items
    assert any(one.in_cover and one.shares > 0 and one.name.zh for one in cover), cover


def claim(member, claim_id):
    return good(show_claim.sync_detailed(claim_id, client=member), models.ClaimView)


def tag(version):
    return f'"{version}"'


def start(member):
    body = models.StartClaim(id=UUID(uuid7()), declaration=models.Declaration.from_dict(stay(0)))
    sent = {"client": member, "body": body, "idempotency_key": uuid7()}
    first, again = start_claim.sync_detailed(**sent), start_claim.sync_detailed(**sent)
    begun = good(first, models.ClaimView, 201)
    assert begun.id == body.id and begun.state == ClaimState.DRAFT and begun.holder == models.Holder.MEMBER, begun
    assert begun.declaration == body.declaration, begun.declaration
    assert good(again, models.ClaimView, 201) == begun and again.content == first.content
    other = models.StartClaim(id=UUID(uuid7()))
    refused(start_claim.sync_detailed(**{**sent, "body": other}), 422, "idempotency_key_reused")
    return body.id


def estimate(member, claim_id):
    told = good(estimate_claim.sync_detailed(claim_id, client=member), models.Estimate)
    assert told.total_fen > 0 and told.total_fen == sum(plan.assessment.amount_fen for plan in told.plans), told
    return told.total_fen


def photo(name):
    return (SAMPLES / name).read_bytes()


def announce_and_send(member, claim_id, kind, photo):
    """In two parts; between them the phone asks how far it came."""
    body = models.NewDocument(kind=kind, size_bytes=len(photo), sha256=hashlib.sha256(photo).hexdigest())
    answer = announce_document.sync_detailed(claim_id, client=member, body=body, idempotency_key=uuid7())
    announced = good(answer, models.Document, 201)
    assert announced.state == DocumentState.RECEIVING and announced.kind == kind, announced
    upload_id, offset = UUID(announced.upload_url.rsplit("/", 1)[1]), 0
    for end in (len(photo) // 2, len(photo)):
        here = upload_offset.sync_detailed(upload_id, client=member, tus_resumable=TUS)
        assert here.status_code == 200 and here.headers["Upload-Offset"] == str(offset), here
        part = File(io.BytesIO(photo[offset:end]))
        sent = patch_upload.sync_detailed(upload_id, client=member, body=part, tus_resumable=TUS, upload_offset=offset)
        assert sent.status_code == 204, sent
        offset = int(sent.headers["Upload-Offset"])
        assert offset == end


def create_at_once(member, claim_id, kind, photo):
    """As a general tus client does: creation with what would have been announced, and all bytes in the same request."""
    said = {"claim_id": str(claim_id), "kind": kind.value, "sha256": hashlib.sha256(photo).hexdigest()}
    metadata = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in said.items())
    part = File(io.BytesIO(photo))
    made = create_upload.sync_detailed(client=member, body=part, tus_resumable=TUS, upload_length=len(photo), upload_metadata=metadata)
    assert made.status_code == 201 and made.headers["Upload-Offset"] == str(len(photo)), made


def all_clean(member, claim_id):
    documents = good(list_documents.sync_detailed(claim_id, client=member), models.PagedDocument).items
    assert not [one.reason for one in documents if one.state in (DocumentState.REJECTED, DocumentState.EXPIRED)], documents
    return len(documents) == 3 and all(one.state == DocumentState.CLEAN for one in documents)


def submit(member, claim_id):
    read = claim(member, claim_id)
    stale = submit_claim.sync_detailed(claim_id, client=member, idempotency_key=uuid7(), if_match=tag(read.version - 1))
    refused(stale, 412, "stale_version")
    answer = submit_claim.sync_detailed(claim_id, client=member, idempotency_key=uuid7(), if_match=tag(read.version))
    submitted = good(answer, models.ClaimView)
    assert submitted.version > read.version and submitted.submitted_at >= submitted.created_at, submitted
    accepted = wait_for("acceptance", lambda: seen if (seen := claim(member, claim_id)).state != ClaimState.CHECKING else None)
    assert accepted.state == ClaimState.ACCEPTED, accepted
    assert accepted.promise.state == models.PromiseState.RUNNING and accepted.promise.of_days == 10, accepted.promise
    assert accepted.promise.expected_pay_date > date.today(), accepted.promise


def review(reviewer, claim_id):
    waiting = good(list_reviews.sync_detailed(client=reviewer, limit=100), models.PagedReviewItem).items
    assert [one.state for one in waiting if one.claim_id == claim_id] == [ClaimState.ACCEPTED], waiting
    seen = good(show_review.sync_detailed(claim_id, client=reviewer), models.ReviewView)
    version = {"client": reviewer, "idempotency_key": uuid7(), "if_match": tag(seen.claim.version)}
    taken = good(take_review.sync_detailed(claim_id, **version), models.ReviewView)
    assert taken.mine and taken.claim.state == ClaimState.IN_REVIEW, taken
    look_at_documents(reviewer, claim_id, marked=True)
    # The clients all send the same three photographs.
    judged = taken
    while found := next((one for one in judged.matches if one.must_be_judged), None):
        version = {"client": reviewer, "idempotency_key": uuid7(), "if_match": tag(taken.claim.version)}
        said = models.JudgeMatch(judgement=models.Judgement.SAME)
        judged = good(judge_match.sync_detailed(claim_id, found.id, body=said, **version), models.ReviewView)
        assert [one.judgement for one in judged.matches if one.id == found.id] == [models.Judgement.SAME], judged
    version = {"client": reviewer, "idempotency_key": uuid7(), "if_match": tag(seen.claim.version)}
    body = models.DecideClaim(outcome=models.Outcome.APPROVED, reason_code="as_assessed")
    refused(decide_claim.sync_detailed(claim_id, body=body, **version | {"idempotency_key": uuid7()}), 412, "stale_version")
    version = {"client": reviewer, "idempotency_key": uuid7(), "if_match": tag(taken.claim.version)}
    decided = good(decide_claim.sync_detailed(claim_id, body=body, **version), models.ReviewView)
    assert decided.claim.state == ClaimState.APPROVED and decided.explanation.decision.outcome == models.Outcome.APPROVED, decided


def look_at_documents(client, claim_id, marked):
    """A member reads the file itself, the staff a copy that carries who looked."""
    for document in good(list_documents.sync_detailed(claim_id, client=client), models.PagedDocument).items:
        picture = read_document.sync_detailed(document.id, client=client, rendition=models.Rendition.READING)
        content = good(picture, File).payload.read()
        told = next(one for one in document.renditions if one.rendition == models.Rendition.READING)
        assert picture.headers["Content-Type"] == told.content_type, told
        assert (hashlib.sha256(content).hexdigest() == told.sha256) != marked, told


def read_explanation(member, claim_id, estimated_fen):
    told = good(explain_claim.sync_detailed(claim_id, client=member), models.Explanation)
    assert told.assessed_fen == told.decision.granted_fen == estimated_fen == sum(plan.granted_fen for plan in told.plans), told
    lines = [line for plan in told.plans for line in plan.assessment.lines]
    assert lines and all(line.sentence.zh and line.sentence.en and line.arithmetic for line in lines), lines
    assert any(line.kind == models.LineKind.PAYS and line.inputs for line in lines), lines


def pay(maker, checker, claim_id):
    [payout] = good(list_payouts.sync_detailed(client=maker, claim_id=claim_id), models.PagedPayout).items
    answer = prepare_payout_batch.sync_detailed(client=maker, body=models.PrepareBatch(), idempotency_key=uuid7())
    batch = good(answer, models.PreparedBatch, 201).batch
    release = {"body": models.ReleaseBatch(sha256=batch.sha256), "if_match": tag(batch.version)}
    refused(release_payout_batch.sync_detailed(batch.id, client=maker, idempotency_key=uuid7(), **release), 403, "forbidden")
    detail = good(show_payout_batch.sync_detailed(batch.id, client=checker), models.PayoutBatchDetail)
    assert detail.batch == batch and payout.amount_fen in [one.amount_fen for one in detail.orders if one.payout_id == payout.id], detail
    answer = release_payout_batch.sync_detailed(batch.id, client=checker, idempotency_key=uuid7(), **release)
    released = good(answer, models.PayoutBatch)
    assert released.checker_id != released.maker_id and released.sha256 == batch.sha256, released
    return payout.id


def settle(town, maker, payout_id):
    bank = town.bank()
    [position] = good(show_positions.sync_detailed(client=bank), models.Positions).items
    town.close_bank_day()
    body = models.StartRun(account=position.account)
    started = start_recon_run.sync_detailed(client=bank, body=body, idempotency_key=uuid7())
    assert good(started, models.ReconRun, 202).account == position.account

    def settled():
        payout = good(show_payout.sync_detailed(payout_id, client=maker), models.PayoutDetail).payout
        return payout if payout.state == PayoutState.SETTLED else None

    assert wait_for("the statement", settled).settled_on
    [position] = good(show_positions.sync_detailed(client=bank), models.Positions).items
    assert position.difference_fen == 0 and position.ledger_fen == position.statement_fen and position.statement_seq >= 1, position
    breaks = good(list_breaks.sync_detailed(client=bank, state=models.BreakState.OPEN), models.PagedReconBreak).items
    assert breaks == [], breaks
    refused(list_payouts.sync_detailed(client=bank), 403, "forbidden")


def look_back(member, claim_id, granted_fen):
    seen = claim(member, claim_id)
    assert seen.state == ClaimState.PAID and seen.holder == models.Holder.NOBODY, seen
    assert seen.promise.state == models.PromiseState.STOPPED and 0 <= seen.promise.day <= 10 and seen.promise.door_to_door.secs >= 0, seen
    steps = [one.state for one in good(show_timeline.sync_detailed(claim_id, client=member), models.TimelineView).items]
    way = [ClaimState.DRAFT, ClaimState.ACCEPTED, ClaimState.IN_REVIEW, ClaimState.APPROVED, ClaimState.PAYING, ClaimState.PAID]
    assert [state for state in dict.fromkeys(steps) if state in way] == way, steps
    [payout] = good(list_claim_payouts.sync_detailed(claim_id, client=member), models.ClaimPayouts).items
    assert payout.state == PayoutState.SETTLED and payout.amount_fen == granted_fen and payout.paid_at and payout.steps, payout
    notices = good(list_notices.sync_detailed(client=member, limit=100), models.PagedNoticeView).items
    assert {one.kind for one in notices if one.claim_id == claim_id}, notices
    looks = good(list_access_records.sync_detailed(client=member, limit=100), models.PagedAccessView).items
    assert {"document.reading"} <= {one.what for one in looks}, looks
    assert sign_out.sync_detailed(client=member).status_code == 204
    refused(show_claim.sync_detailed(claim_id, client=member), 401, "unauthenticated")


if __name__ == "__main__":
    play(Town())
