import { expect, it } from 'vitest'
import generic from '../../providers/generic.ts'
import { HEADERS_MAX } from '../../src/core/receiving/gate.ts'
import type { Bench } from '../contract/receiver.ts'
import { BODY_BYTES_MAX } from './bad-input.ts'
import { exchange, NOW_MS, QUICK, raw, type SignOptions, signed, statuses } from './wire.ts'

const long = Buffer.alloc(BODY_BYTES_MAX + 1)
const without = (name: string): SignOptions => ({ headers: { [name]: undefined } })

const REFUSED: readonly (readonly [reason: string, status: number, bytes: () => Buffer, path?: string])[] = [
  ['missing', 401, () => signed('r', without('x-webhook-signature'))],
  ['malformed', 401, () => signed('r', { headers: { 'x-webhook-signature': 'v1=00' } })],
  ['stale', 401, () => signed('r', { atMs: NOW_MS - 600_000 })],
  ['ahead', 401, () => signed('r', { atMs: NOW_MS * 1_000 })],
  ['mismatch', 401, () => signed('r', { secret: generic.secret('another key than ours') })],
  ['unreadable', 400, () => signed('r'.repeat(500))],
  ['too-large', 413, () => signed('r', { body: long })],
  ['too-large', 413, () => signed('r', { chunks: [long] })],
  ['too-large', 413, () => toFew(signed('r')), '/few'],
  ['coding', 415, () => signed('r', { headers: { 'content-encoding': 'gzip' } })],
  ['coding', 501, () => raw('POST /in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n')],
  ['head', 431, () => raw(`POST /in HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(HEADERS_MAX)}\r\n`)],
  ['head', 400, () => raw('POST /in HTTP/1.1\r\ncontent-length: 0\r\n\r\n')],
  ['head', 417, () => raw('POST /in HTTP/1.1\r\nhost: x\r\nexpect: bogus\r\ncontent-length: 0\r\n\r\n')],
  // Node's parser ends these, before there is a request.
  ['head', 400, () => raw('this is no HTTP\r\n\r\n'), '*'],
  ['head', 400, () => raw('POST /in HTTP/1.1\r\nhost : x\r\n\r\n'), '*'],
  ['head', 431, () => raw(`POST /in HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(17_000)}\r\n\r\n`), '*'],
  // And this, in the middle of a body.
  ['head', 400, () => raw('POST /in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nno\r\n')],
  ['method', 405, () => raw('GET /in HTTP/1.1\r\nhost: x\r\n\r\n')],
  ['no-route', 404, () => raw('POST /in/?a=1 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n'), '*'],
]

/** To a route whose own limit is lower than the receiver's. */
function toFew(bytes: Buffer): Buffer {
  return raw(bytes.toString('latin1').replace('POST /in', 'POST /few'))
}

/** Whoever runs a receiver learns of every refusal, by route and reason; whoever sends learns a status. */
export function refusalsContract(bench: Bench): void {
  it('counts every refusal once, by route and reason, and tells the first of each', async () => {
    const running = await bench.start({ requestMs: 10_000 })
    bench.refusals.length = 0
    const expected: Record<string, Record<string, number>> = {}
    for (const [reason, status, bytes, path = '/in'] of REFUSED) {
      for (let time = 0; time < 2; time++) {
        expect(statuses((await exchange(running.port, bytes(), 1)).text), reason).toEqual([status])
      }
      expected[path] = { ...expected[path], [reason]: (expected[path]?.[reason] ?? 0) + 2 }
    }
    expect(bench.ingest.counts.refused).toEqual(expected)
    const kinds = REFUSED.map(([reason, , , path = '/in']) => `${path} ${reason}`)
    const told = bench.refusals.map(({ reason, source }) => `${source === undefined ? '*' : `/${source}`} ${reason}`)
    expect(told).toEqual([...new Set(kinds)])
    for (const { count, accepted, path, source, message } of bench.refusals) {
      expect({ count, accepted }).toEqual({ count: 1, accepted: 0 })
      expect(source).toBe(['/in', '/few'].includes(path) ? path.slice(1) : undefined)
      expect(message).not.toMatch(/[0-9a-f]{64}/)
    }
    await running.stop()
  })

  it('says the reason of each refusal where the route tells reasons, also of those that it makes by itself', async () => {
    const running = await bench.start({ inFlightMax: 1, requestMs: 10_000 })
    const said = async (bytes: Buffer) => (await exchange(running.port, toFew(bytes), 1)).text.split('\r\n\r\n')[1]
    expect([
      await said(signed('r', { body: long })),
      await said(signed('r', { chunks: [long] })),
      await said(signed('r', { headers: { 'content-encoding': 'gzip' }, body: raw('x') })),
      await said(raw('GET /few HTTP/1.1\r\nhost: x\r\n\r\n')),
      await said(raw('POST /in HTTP/1.1\r\nhost: x\r\nexpect: bogus\r\ncontent-length: 0\r\n\r\n')),
    ]).toEqual(['too-large', 'too-large', 'coding', 'method', 'head'])
    const store = bench.hold()
    const held = exchange(running.port, signed('held'), 1)
    await store.held
    expect(await said(signed('busy', { body: raw('x') }))).toBe('busy')
    store.release()
    await held
    await running.stop()
  })

  it('counts what takes too long, by its route where the head came, and no connection on which nothing came', async () => {
    const running = await bench.start(QUICK)
    bench.refusals.length = 0
    for (const bytes of [signed('slow').subarray(0, -3), raw('POST /in HTTP/1.1\r\nhost: x\r\n'), Buffer.alloc(0)]) {
      await exchange(running.port, bytes)
    }
    expect(bench.ingest.counts.refused).toEqual({ '/in': { slow: 1 }, '*': { slow: 1 } })
    expect(bench.refusals.map(({ path, status }) => [path, status])).toEqual([
      ['/in', 408],
      ['', 408],
    ])
    await running.stop()
  })

  it('counts what is beyond its bounds, and tells one of a kind a minute with how many there were', async () => {
    const running = await bench.start({ inFlightMax: 1, requestMs: 10_000 })
    bench.refusals.length = 0
    expect(statuses((await exchange(running.port, signed('first'), 1)).text)).toEqual([200])
    const forge = () => exchange(running.port, signed('r', { secret: generic.secret('another key than ours') }), 1)
    for (let time = 0; time < 3; time++) await forge()
    bench.passedMs += 61_000
    await forge()
    expect(bench.refusals.map(({ count, accepted }) => ({ count, accepted }))).toEqual([
      { count: 1, accepted: 1 },
      { count: 3, accepted: 1 },
    ])
    const store = bench.hold()
    const held = exchange(running.port, signed('held'), 1)
    await store.held
    expect(statuses((await exchange(running.port, signed('busy'), 1)).text)).toEqual([503])
    store.release()
    await held
    bench.publish = () => Promise.reject(new Error('no disk'))
    expect(statuses((await exchange(running.port, signed('lost'), 1)).text)).toEqual([503])
    bench.publish = bench.store
    // Our own failures are told by onError.
    expect(bench.refusals.map(({ reason }) => reason)).toEqual(['mismatch', 'mismatch', 'busy'])
    expect(bench.ingest.counts.refused).toEqual({ '/in': { mismatch: 4, busy: 1, unavailable: 1 } })
    await running.stop()
  })
}
