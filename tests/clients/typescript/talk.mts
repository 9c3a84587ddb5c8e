// Signing in and reading answers with openapi-fetch, typed by the generated `huzhu.d.ts`: every answer is of its type or a failure.
import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, randomBytes, randomUUID, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import createClient, { type Client } from 'openapi-fetch'
import type { components, paths } from './huzhu.d.ts'

export type Schemas = components['schemas']
export type Door = Client<paths>

type Credentials = {
  members: { phone: string }[]
  staff: { login: string; password: string; totp_secret: string }[]
  clients: { client_id: string; kid: string; private_key_pem: string }[]
}

const url = env('DEMO_URL')
const dir = env('DEMO_DIR')
const credentials: Credentials = JSON.parse(readFileSync(`${dir}/demo/credentials.json`, 'utf8'))
const anybody = createClient<paths>({ baseUrl: url })

/** Prints a step and how long it took. */
export async function step<T>(name: string, play: () => Promise<T>): Promise<T> {
  const began = performance.now()
  process.stdout.write(`  ${name} … `)
  const found = await play()
  console.log(`${((performance.now() - began) / 1000).toFixed(1)} s`)
  return found
}

/** The answer's body; its status is this one. */
export function good<T>(answer: { data?: T; error?: unknown; response: Response }, status = 200): NonNullable<T> {
  assert.equal(answer.response.status, status, `${answer.response.url}: ${JSON.stringify(answer.error)}`)
  assert.ok(answer.data, answer.response.url)
  return answer.data
}

/** The answer must be this refusal. */
export function refused(answer: { error?: Schemas['Problem']; response: Response }, status: number, code: string) {
  const problem = answer.error
  assert.equal(answer.response.headers.get('Content-Type'), 'application/problem+json')
  assert.deepEqual([answer.response.status, problem?.status, problem?.code], [status, status, code])
  assert.ok(problem?.type.endsWith(code) && problem.title && problem.instance.startsWith('urn:uuid:'), JSON.stringify(problem))
}

/** Looks again and again until there is something. */
export async function waitFor<T>(what: string, look: () => Promise<T | undefined | false>, secs = 120): Promise<T> {
  const until = performance.now() + secs * 1000
  while (performance.now() < until) {
    const found = await look()
    if (found) return found
    await new Promise((wake) => setTimeout(wake, 100))
  }
  throw new Error(`${what}: not within ${secs} s`)
}

export async function signInMember(number: number): Promise<Door> {
  const phone = there(credentials.members[number]).phone
  const device = { device_id: randomUUID(), device_secret: secret() }
  const asked = good(await anybody.POST('/v1/sign-in/otp', { body: { phone, device_id: device.device_id } }), 202)
  // As a person reads it on the phone. The outbox is the demo's alone and not of the document.
  const outbox = await fetch(`${url}/v1/demo/sms-outbox?phone=${phone}`)
  const { items }: { items: string[] } = JSON.parse(await outbox.text())
  const code = there(items[0]?.match(/\b\d{6}\b/)?.[0])
  return as(good(await anybody.POST('/v1/sign-in/otp/verify', { body: { challenge_id: asked.challenge_id, code, ...device } })))
}

export async function signInStaff(login: string): Promise<Door> {
  const person = there(credentials.staff.find((one) => one.login === login))
  // A code is good once, and the other client may have used this one.
  const totp_code = totp(person.totp_secret, Math.floor(Date.now() / 30_000) + 1)
  const body = { login, password: person.password, totp_code, device_id: randomUUID(), device_secret: secret() }
  return as(good(await anybody.POST('/v1/sign-in/staff', { body })))
}

export async function signInBank(): Promise<Door> {
  const server = good(await anybody.GET('/.well-known/oauth-authorization-server'))
  assert.ok(server.token_endpoint_auth_methods_supported.includes('private_key_jwt'))
  const body = {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion(server.issuer),
  }
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  return as(good(await anybody.POST('/v1/oauth/token', { body, headers })))
}

/** At the simulator, which then has a statement of the day. */
export async function closeBankDay() {
  const bank = readFileSync(`${dir}/bank-sim/url`, 'utf8').trim()
  assert.equal((await fetch(`${bank}/sim/day/close`, { method: 'POST' })).status, 200)
}

/** RFC 9562, version 7. */
export function uuid7(): string {
  const hex = Date.now().toString(16).padStart(12, '0') + randomBytes(10).toString('hex')
  const variant = ((parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}

export function there<T>(value: T | null | undefined): T {
  assert.ok(value !== null && value !== undefined)
  return value
}

function as(tokens: Schemas['TokenSet']): Door {
  assert.ok(tokens.token_type === 'Bearer' && tokens.expires_in <= 600)
  return createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${tokens.access_token}` } })
}

/** RFC 6238 with SHA-1 and six digits. */
function totp(base32: string, counter: number): string {
  const bits = [...base32].map((digit) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  const mac = createHmac('sha1', key).update(message).digest()
  const word = mac.readUInt32BE(there(mac.at(-1)) & 15) & 0x7fffffff
  return String(word % 1_000_000).padStart(6, '0')
}

/** A JWT that the bank's program signs with its key (RFC 7523). */
function assertion(issuer: string): string {
  const client = there(credentials.clients[0])
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: client.client_id, sub: client.client_id, aud: issuer, iat: now, exp: now + 60, jti: randomUUID() }
  const message = [{ alg: 'EdDSA', kid: client.kid, typ: 'JWT' }, claims].map((part) => base64url(JSON.stringify(part))).join('.')
  return `${message}.${base64url(sign(null, Buffer.from(message), createPrivateKey(client.private_key_pem)))}`
}

function base64url(data: string | Buffer): string {
  return Buffer.from(data).toString('base64url')
}

function secret(): string {
  return base64url(randomBytes(32))
}

function env(name: string): string {
  return there(process.env[name])
}
