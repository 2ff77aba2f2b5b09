import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import rfc9421 from '../../../providers/rfc9421.ts'
import standard from '../../../providers/standard-webhooks.ts'
import stripe from '../../../providers/stripe.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import type { Ingest } from '../../../src/core/contracts/receiver.ts'
import { createIngest } from '../../../src/core/receiving/ingest.ts'
import type { SecretSource } from '../../../src/product/config/config.ts'
import { FETCH_FLOOR_MS } from '../../../src/product/config/jwks.ts'
import { routePlans } from '../../../src/product/config/routes.ts'
import { checkedConfig } from '../../../src/product/config/schema.ts'
import { SecretWatch } from '../../../src/product/service/secret-watch.ts'
import { AT_MS, incoming } from '../../contract/provider.ts'

const PATH = '/in'
const URL_CALLED = 'https://hooks.example.com/in'

interface Signer {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: object
}
function keyNamed(kid: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'EdDSA' } }
}
const [first, second, forger] = ['key-1', 'key-2', 'key-9'].map(keyNamed) as [Signer, Signer, Signer]
const setOf = (...keys: readonly Signer[]) => JSON.stringify({ keys: [{ kty: 'RSA' }, ...keys.map(({ jwk }) => jwk)] })

let server: Server
const state = { body: '', status: 200, fetches: 0, hold: Promise.resolve() }
beforeEach(async () => {
  Object.assign(state, { body: setOf(first), status: 200, fetches: 0, hold: Promise.resolve() })
  server = createServer(async (_request, response) => {
    state.fetches++
    await state.hold
    response.writeHead(state.status, { 'content-type': 'application/json' }).end(state.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})
const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`

async function opened(provider: typeof rfc9421, secrets: SecretSource, folder = '.', kept?: string) {
  const clock = new VirtualClock(AT_MS)
  const plans = await routePlans({ [PATH]: { provider, secrets: [secrets], address: URL_CALLED } }, folder)
  const lines: string[] = []
  const made: { ingest?: Ingest } = {}
  const rotate: Ingest['rotateSecrets'] = (source, changed) => made.ingest!.rotateSecrets(source, changed)
  const watch = new SecretWatch({
    plans,
    clock,
    say: (line) => void lines.push(line),
    rotate,
    ...(kept && { folder: kept }),
  })
  await watch.fetchKeys()
  const ingest = createIngest({
    routes: watch.routes(),
    publish: async () => {},
    ready: async () => {},
    clock,
    renewSecrets: (route) => watch.renew(route),
  })
  made.ingest = ingest
  const body = Buffer.from('{"id":"e1","type":"t"}')
  /** The status of a request by a key, which may be another than the one that it names. */
  const send = async ({ privateKey }: Signer, kid: string) => {
    const about = { id: 'e1', type: 't', atMs: clock.now(), url: URL_CALLED, keyId: kid }
    const headers = provider.sign(body, privateKey, about)
    return (await ingest.handle(incoming(headers, body, clock.now(), PATH))).status
  }
  return { clock, watch, ingest, lines, send }
}

describe('keys from a JWKS', () => {
  it('are fetched once, and again where a signature names one that is not there: nobody is refused', async () => {
    const { send, clock } = await opened(rfc9421, { jwks: address() })
    expect(await send(first, 'key-1')).toBe(200)
    expect(state.fetches).toBe(1)
    state.body = setOf(first, second)
    await clock.advance(FETCH_FLOOR_MS)
    expect(await Promise.all([send(second, 'key-2'), send(second, 'key-2'), send(first, 'key-1')])).toEqual([
      200, 200, 200,
    ])
    expect(state.fetches).toBe(2)
  })

  it('cost one fetch in a while, however many forged requests name keys that nobody has', async () => {
    const { send, clock, ingest } = await opened(rfc9421, { jwks: address() })
    await clock.advance(FETCH_FLOOR_MS)
    for (let time = 0; time < 20; time++) expect(await send(forger, `key-${time + 100}`)).toBe(401)
    expect(state.fetches).toBe(2)
    expect(ingest.counts.refused).toEqual({ [PATH]: { 'unknown-key': 20 } })
  })

  it('stay in use while their server is away, or says what is none', async () => {
    const { send, clock, lines } = await opened(rfc9421, { jwks: address() })
    for (const answer of [
      { status: 503 },
      { status: 200, body: '{"keys":[]}' },
      { status: 200, body: 'x'.repeat(300_000) },
    ]) {
      Object.assign(state, answer)
      await clock.advance(FETCH_FLOOR_MS)
      expect(await send(second, 'key-2')).toBe(401)
      expect(await send(first, 'key-1')).toBe(200)
    }
    expect(state.fetches).toBe(4)
    expect(lines).toHaveLength(3)
    expect(lines[0]).toContain('The secrets before it stay in use')
    server.closeAllConnections()
    server.close()
    await clock.advance(FETCH_FLOOR_MS)
    expect(await send(first, 'key-1')).toBe(200)
  })

  it('of the last fetch serve a start while their server is away, and a broken file does not', async () => {
    const kept = mkdtempSync(join(tmpdir(), 'floodmark-jwks-'))
    onTestFinished(() => rmSync(kept, { recursive: true }))
    const url = address()
    await opened(rfc9421, { jwks: url }, '.', kept)
    state.status = 503
    const { send, lines } = await opened(rfc9421, { jwks: url }, '.', kept)
    expect([await send(first, 'key-1'), await send(forger, 'key-9')]).toEqual([200, 401])
    expect(lines).toEqual([expect.stringContaining('Those of the last fetch are in use')])
    const [file, ...others] = readdirSync(kept)
    expect(others).toEqual([])
    writeFileSync(join(kept, file!), setOf(first).slice(0, 100))
    await expect(opened(rfc9421, { jwks: url }, '.', kept)).rejects.toThrow('it answers 503')
  })

  it('keep no more than so many requests waiting for them: forged ones keep nobody out', async () => {
    const { send, clock } = await opened(rfc9421, { jwks: address() })
    await clock.advance(FETCH_FLOOR_MS)
    let answer = () => {}
    state.hold = new Promise((resolve) => {
      answer = resolve
    })
    let answered = 0
    const forged = Array.from({ length: 150 }, () => send(forger, 'key-9').finally(() => answered++))
    await expect.poll(() => answered, { interval: 5 }).toBe(50)
    answer()
    expect(new Set(await Promise.all(forged))).toEqual(new Set([401]))
  })

  it('are looked for now and then, so that one that its owner took out is refused', async () => {
    const { send, clock, watch } = await opened(rfc9421, { jwks: address() })
    state.body = setOf(second)
    await watch.look()
    expect(state.fetches).toBe(1)
    await clock.advance(600_000)
    await watch.look()
    expect(await send(first, 'key-1')).toBe(401)
    expect(await send(second, 'key-2')).toBe(200)
  })

  it('verify Standard Webhooks too, whose signatures name no key', async () => {
    const { send, clock } = await opened(standard, { jwks: address() })
    expect(await send(first, '')).toBe(200)
    state.body = setOf(second)
    await clock.advance(FETCH_FLOOR_MS)
    expect(await send(second, '')).toBe(200)
    expect(await send(first, '')).toBe(401)
  })

  it('may lie in a file, which is never taken for the text of a secret', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'floodmark-jwks-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'keys.json'), setOf(first))
    writeFileSync(join(folder, 'none.json'), setOf())
    const { send } = await opened(rfc9421, { file: 'keys.json' }, folder)
    expect([await send(first, 'key-1'), await send(second, 'key-2')]).toEqual([200, 401])
    await expect(opened(rfc9421, { file: 'none.json' }, folder)).rejects.toThrow('it has no Ed25519 key')
    await expect(opened(stripe, { file: 'keys.json' }, folder)).rejects.toThrow('stripe has no use for a JWKS')
  })

  it('are refused at the start where they cannot be had, and over an open network', async () => {
    state.status = 404
    await expect(opened(rfc9421, { jwks: address() })).rejects.toThrow('it answers 404')
    const config = (jwks: string) =>
      checkedConfig({ routes: { '/in': { provider: 'rfc9421', secrets: { jwks } } }, handlers: './h.ts' }, 'c')
    expect(() => config('http://keys.example.com/jwks.json')).toThrow('must be an address with https://')
    expect(config('https://keys.example.com/jwks.json').routes['/in']).toMatchObject({ provider: 'rfc9421' })
  })
})
