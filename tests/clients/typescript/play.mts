// One claim from the phone to the card, played by openapi-fetch with the types that openapi-typescript makes of openapi/huzhu.json.
// `play` is the list of steps. Run by clients.sh beside the generated `huzhu.d.ts`.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { closeBankDay, good, refused, signInBank, signInMember, signInStaff, step, there, uuid7, waitFor } from './talk.mts'
import type { Door, Schemas } from './talk.mts'

// The other client plays another member, with another reviewer.
const MEMBER = 1
const REVIEWER = 'reviewer-city-2'
const TUS = '1.0.0'
const BYTES = 'application/offset+octet-stream'

async function play(samples: string) {
  const photo = (name: string) => readFileSync(`${samples}/${name}`)
  const member = await step('the member signs in with the code on the phone', () => signInMember(MEMBER))
  await step('sees the cover', () => seeCover(member))
  const claimId = await step('starts a claim, twice the same', () => start(member))
  const estimatedFen = await step('asks what it would pay', () => estimate(member, claimId))
  await step('sends three photographs by tus, which are checked', async () => {
    await announceAndSend(member, claimId, 'settlement_sheet', photo('settlement-sheet.jpg'))
    await announceAndSend(member, claimId, 'bill', photo('e-bill.jpg'))
    await createAtOnce(member, claimId, 'id_card', photo('id-card-specimen.jpg'))
    await waitFor('the check of the photographs', () => allClean(member, claimId))
    await lookAtDocuments(member, claimId, false)
  })
  await step('submits what was read, not what is stale', () => submit(member, claimId))
  await step('a reviewer signs in with password and authenticator, takes it, looks and decides', async () =>
    review(await signInStaff(REVIEWER), claimId))
  await step('the member reads why it is so much', () => readExplanation(member, claimId, estimatedFen))
  const maker = await signInStaff('payout-maker')
  const payoutId = await step('a maker prepares the payment, and a checker releases it', async () =>
    pay(maker, await signInStaff('payout-checker'), claimId))
  await step('the claim is paid', () => waitFor("the bank's success", async () => (await claim(member, claimId)).state === 'paid'))
  await step("the bank's program signs in with its key; its statement settles the payment", async () =>
    settle(await signInBank(), maker, payoutId))
  await step('the member sees how it went and signs out', () => lookBack(member, claimId, estimatedFen))
}

async function seeCover(member: Door) {
  const cover = good(await member.GET('/v1/me/cover')).items
  assert.ok(cover.some((one) => one.in_cover && one.shares > 0 && one.name.zh))
}

async function claim(member: Door, claim_id: string) {
  return good(await member.GET('/v1/claims/{claim_id}', { params: { path: { claim_id } } }))
}

/** The headers of a request that is sent once, and that changes what was read. */
function once(): { 'Idempotency-Key': string }
function once(version: number): { 'Idempotency-Key': string; 'If-Match': string }
function once(version?: number) {
  const key = { 'Idempotency-Key': uuid7() }
  return version === undefined ? key : { ...key, 'If-Match': `"${version}"` }
}

/** A stay of four days that ended some days ago. */
function stay(): Schemas['Declaration'] {
  const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)
  const [starts_on, ends_on] = [day(34), day(31)]
  return {
    event: 'hospital_stay', starts_on, ends_on, hospital_name: '样本市第二医院', hospital_grade: 3, diagnosis_class: 'general',
    settlement_serial: `1102${uuid7().replaceAll('-', '').slice(-16)}`,
    settlements: [{ starts_on, ends_on, self_pay_one_fen: 410_000 }],
  }
}

async function start(member: Door) {
  const body: Schemas['StartClaim'] = { id: uuid7(), declaration: stay() }
  const sent = { body, params: { header: once() } }
  const begun = good(await member.POST('/v1/claims', sent), 201)
  assert.deepEqual([begun.id, begun.state, begun.holder], [body.id, 'draft', 'member'])
  assert.deepEqual(begun.declaration, body.declaration)
  assert.deepEqual(good(await member.POST('/v1/claims', sent), 201), begun)
  refused(await member.POST('/v1/claims', { ...sent, body: { id: uuid7() } }), 422, 'idempotency_key_reused')
  return begun.id
}

async function estimate(member: Door, claim_id: string) {
  const told = good(await member.GET('/v1/claims/{claim_id}/estimate', { params: { path: { claim_id } } }))
  assert.equal(told.total_fen, sum(told.plans.map((plan) => plan.assessment.amount_fen)))
  assert.ok(told.total_fen > 0)
  return told.total_fen
}

/** In two parts; between them the phone asks how far it came. */
async function announceAndSend(member: Door, claim_id: string, kind: Schemas['DocumentKind'], photo: Buffer<ArrayBuffer>) {
  const body = { kind, size_bytes: photo.length, sha256: sha256(photo) }
  const announced = good(await member.POST('/v1/claims/{claim_id}/documents', { body, params: { path: { claim_id }, header: once() } }), 201)
  assert.deepEqual([announced.state, announced.kind], ['receiving', kind])
  const path = { upload_id: there(announced.upload_url?.split('/').pop()) }
  let offset = 0
  for (const end of [photo.length >> 1, photo.length]) {
    const here = await member.HEAD('/v1/uploads/{upload_id}', { params: { path, header: { 'Tus-Resumable': TUS } } })
    assert.deepEqual([here.response.status, here.response.headers.get('Upload-Offset')], [200, String(offset)])
    const sent = await member.PATCH('/v1/uploads/{upload_id}', {
      ...bytes(photo.subarray(offset, end)),
      params: { path, header: { 'Tus-Resumable': TUS, 'Upload-Offset': offset } },
    })
    assert.equal(sent.response.status, 204, JSON.stringify(sent.error))
    offset = Number(sent.response.headers.get('Upload-Offset'))
    assert.equal(offset, end)
  }
}

/** As a general tus client does: creation with what would have been announced, and all bytes in the same request. */
async function createAtOnce(member: Door, claim_id: string, kind: Schemas['DocumentKind'], photo: Buffer<ArrayBuffer>) {
  const said = Object.entries({ claim_id, kind, sha256: sha256(photo) })
  const metadata = said.map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`).join(',')
  const made = await member.POST('/v1/uploads', {
    ...bytes(photo),
    params: { header: { 'Tus-Resumable': TUS, 'Upload-Length': photo.length, 'Upload-Metadata': metadata } },
  })
  assert.deepEqual([made.response.status, made.response.headers.get('Upload-Offset')], [201, String(photo.length)])
}

/** A body that goes as it is. */
function bytes(part: Buffer<ArrayBuffer>) {
  return { body: new Blob([part]), bodySerializer: (body: Blob | undefined) => body, headers: { 'Content-Type': BYTES } }
}

async function documentsOf(person: Door, claim_id: string) {
  return good(await person.GET('/v1/claims/{claim_id}/documents', { params: { path: { claim_id } } })).items
}

async function allClean(member: Door, claim_id: string) {
  const states = (await documentsOf(member, claim_id)).map((one) => one.state)
  assert.ok(!states.includes('rejected') && !states.includes('expired'), states.join())
  return states.length === 3 && states.every((state) => state === 'clean')
}

async function submit(member: Door, claim_id: string) {
  const read = await claim(member, claim_id)
  const send = (version: number) =>
    member.POST('/v1/claims/{claim_id}/submit', { params: { path: { claim_id }, header: once(version) } })
  refused(await send(read.version - 1), 412, 'stale_version')
  const submitted = good(await send(read.version))
  assert.ok(submitted.version > read.version && there(submitted.submitted_at) >= submitted.created_at)
  const accepted = await waitFor('acceptance', async () => {
    const seen = await claim(member, claim_id)
    return seen.state !== 'checking' && seen
  })
  assert.equal(accepted.state, 'accepted')
  assert.deepEqual([accepted.promise?.state, accepted.promise?.of_days], ['running', 10])
  assert.ok(there(accepted.promise?.expected_pay_date) > new Date().toISOString().slice(0, 10))
}

async function review(reviewer: Door, claim_id: string) {
  const path = { claim_id }
  const waiting = good(await reviewer.GET('/v1/reviews', { params: { query: { limit: 100 } } })).items
  assert.deepEqual(waiting.filter((one) => one.claim_id === claim_id).map((one) => one.state), ['accepted'])
  const seen = good(await reviewer.GET('/v1/reviews/{claim_id}', { params: { path } }))
  const taken = good(await reviewer.POST('/v1/reviews/{claim_id}/take', { params: { path, header: once(seen.claim.version) } }))
  assert.deepEqual([taken.mine, taken.claim.state], [true, 'in_review'])
  await lookAtDocuments(reviewer, claim_id, true)
  // The clients all send the same three photographs.
  let judged = taken
  for (let found; (found = judged.matches.find((one) => one.must_be_judged)); ) {
    const pair = { path: { claim_id, match_id: found.id }, header: once(taken.claim.version) }
    judged = good(await reviewer.POST('/v1/reviews/{claim_id}/matches/{match_id}/judge', { body: { judgement: 'same' }, params: pair }))
  }
  const decide = (version: number) =>
    reviewer.POST('/v1/reviews/{claim_id}/decide', {
      body: { outcome: 'approved', reason_code: 'as_assessed' },
      params: { path, header: once(version) },
    })
  refused(await decide(seen.claim.version), 412, 'stale_version')
  const decided = good(await decide(taken.claim.version))
  assert.deepEqual([decided.claim.state, decided.explanation.decision?.outcome], ['approved', 'approved'])
}

/** A member reads the file itself, the staff a copy that carries who looked. */
async function lookAtDocuments(door: Door, claim_id: string, isMarked: boolean) {
  for (const document of await documentsOf(door, claim_id)) {
    const told = there(document.renditions.find((one) => one.rendition === 'reading'))
    const picture = await door.GET('/v1/documents/{document_id}/content', {
      parseAs: 'blob',
      params: { path: { document_id: document.id }, query: { rendition: 'reading' } },
    })
    const content = good(picture)
    assert.equal(content.type, told.content_type)
    assert.equal(sha256(Buffer.from(await content.arrayBuffer())) === told.sha256, !isMarked)
  }
}

async function readExplanation(member: Door, claim_id: string, estimatedFen: number) {
  const told = good(await member.GET('/v1/claims/{claim_id}/explanation', { params: { path: { claim_id } } }))
  const granted = sum(told.plans.map((plan) => there(plan.granted_fen)))
  assert.deepEqual([told.assessed_fen, told.decision?.granted_fen, granted], [estimatedFen, estimatedFen, estimatedFen])
  const lines = told.plans.flatMap((plan) => plan.assessment.lines)
  assert.ok(lines.every((line) => line.sentence.zh && line.sentence.en && line.arithmetic))
  assert.ok(lines.some((line) => line.kind === 'pays' && line.inputs.length > 0))
}

async function pay(maker: Door, checker: Door, claim_id: string) {
  const payouts = good(await maker.GET('/v1/payouts', { params: { query: { claim_id } } })).items
  assert.equal(payouts.length, 1)
  const payout = there(payouts[0])
  const prepared = good(await maker.POST('/v1/payout-batches', { body: {}, params: { header: once() } }), 201)
  const batch = there(prepared.batch)
  const path = { batch_id: batch.id }
  const release = (person: Door) =>
    person.POST('/v1/payout-batches/{batch_id}/release', {
      body: { sha256: batch.sha256 },
      params: { path, header: once(batch.version) },
    })
  refused(await release(maker), 403, 'forbidden')
  const detail = good(await checker.GET('/v1/payout-batches/{batch_id}', { params: { path } }))
  assert.deepEqual(detail.batch, batch)
  assert.deepEqual(detail.orders.filter((one) => one.payout_id === payout.id).map((one) => one.amount_fen), [payout.amount_fen])
  const released = good(await release(checker))
  assert.equal(released.sha256, batch.sha256)
  assert.notEqual(there(released.checker_id), released.maker_id)
  return payout.id
}

async function settle(bank: Door, maker: Door, payout_id: string) {
  const before = there(good(await bank.GET('/v1/recon/positions')).items[0])
  await closeBankDay()
  const started = good(await bank.POST('/v1/recon/runs', { body: { account: before.account }, params: { header: once() } }), 202)
  assert.equal(started.account, before.account)
  await waitFor('the statement', async () => {
    const { payout } = good(await maker.GET('/v1/payouts/{payout_id}', { params: { path: { payout_id } } }))
    return payout.state === 'settled' && payout.settled_on
  })
  const after = there(good(await bank.GET('/v1/recon/positions')).items[0])
  assert.deepEqual([after.difference_fen, after.ledger_fen], [0, after.statement_fen])
  assert.ok(there(after.statement_seq) > (before.statement_seq ?? 0))
  assert.deepEqual(good(await bank.GET('/v1/recon/breaks', { params: { query: { state: 'open' } } })).items, [])
  refused(await bank.GET('/v1/payouts'), 403, 'forbidden')
}

async function lookBack(member: Door, claim_id: string, grantedFen: number) {
  const path = { claim_id }
  const seen = await claim(member, claim_id)
  assert.deepEqual([seen.state, seen.holder, seen.promise?.state], ['paid', 'nobody', 'stopped'])
  assert.ok(there(seen.promise).day <= 10 && there(seen.promise).door_to_door.secs >= 0)
  const steps = good(await member.GET('/v1/claims/{claim_id}/timeline', { params: { path } })).items.map((one) => one.state)
  const way: Schemas['ClaimState'][] = ['draft', 'accepted', 'in_review', 'approved', 'paying', 'paid']
  assert.deepEqual([...new Set(steps)].filter((state) => way.includes(state)), way)
  const payouts = good(await member.GET('/v1/claims/{claim_id}/payouts', { params: { path } })).items
  assert.deepEqual(payouts.map((one) => [one.state, one.amount_fen]), [['settled', grantedFen]])
  assert.ok(payouts[0]?.paid_at && payouts[0].steps.length > 0)
  const notices = good(await member.GET('/v1/me/notices', { params: { query: { limit: 100 } } })).items
  assert.ok(notices.some((one) => one.claim_id === claim_id && one.text.zh))
  const looks = good(await member.GET('/v1/me/access-records', { params: { query: { limit: 100 } } })).items
  assert.ok(looks.some((one) => one.what === 'document.reading'))
  assert.equal((await member.POST('/v1/sign-out')).response.status, 204)
  refused(await member.GET('/v1/claims/{claim_id}', { params: { path } }), 401, 'unauthenticated')
}

function sum(amounts: number[]) {
  return amounts.reduce((total, amount) => total + amount, 0)
}

function sha256(data: Buffer) {
  return createHash('sha256').update(data).digest('hex')
}

await play(there(process.argv[2]))
