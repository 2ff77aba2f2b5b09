import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import generic from '../../providers/generic.ts'
import { type Clock, systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Ingest, Receiver, ReceiverOptions, RunningReceiver } from '../../src/core/contracts/receiver.ts'
import type { RefusedRequest } from '../../src/core/contracts/refusal.ts'
import { createIngest } from '../../src/core/receiving/ingest.ts'
import { attackedContract } from '../receivers/attacked.ts'
import { BAD_INPUT, BODY_BYTES_MAX, WIDE_BYTES_MAX } from '../receivers/bad-input.ts'
import { CODED, httpContract } from '../receivers/http-rules.ts'
import { limitsContract } from '../receivers/limits.ts'
import { refusalsContract } from '../receivers/refusals.ts'
import { rotationContract } from '../receivers/rotation.ts'
import { stopContract } from '../receivers/stop.ts'
import { anyBytes, exchange, NOW_MS, QUICK, raw, SECRET, SECRET_TEXT, signed, statuses } from '../receivers/wire.ts'

/** A receiver under test and its stored events. */
export class Bench {
  readonly #receiver: Receiver
  readonly published: WebhookEvent[] = []
  readonly errors: unknown[] = []
  readonly refusals: RefusedRequest[] = []
  /** The receiver's monotonic clock runs ahead by so much. */
  passedMs = 0
  nowMs = NOW_MS
  /** Belongs to the receiver that was started last. */
  ingest!: Ingest
  ready = true
  /** The number of requests to /readyz. */
  asked = 0
  publish: (event: WebhookEvent) => Promise<void> = this.store

  constructor(receiver: Receiver) {
    this.#receiver = receiver
  }

  /** From now on no event is stored until `release`. `held` resolves when `count` events wait. */
  hold(count = 1): { readonly held: Promise<void>; readonly waiting: () => number; readonly release: () => void } {
    const releases: (() => void)[] = []
    const held = new Promise<void>((resolve) => {
      this.publish = () =>
        new Promise((release) => {
          if (releases.push(release) === count) resolve()
        })
    })
    const release = () => {
      this.publish = this.store
      for (const one of releases) one()
    }
    return { held, waiting: () => releases.length, release }
  }

  async store(event: WebhookEvent): Promise<void> {
    this.published.push(event)
  }

  start(over: Partial<ReceiverOptions> = {}): Promise<RunningReceiver> {
    const monotonic = () => systemClock.monotonic() + this.passedMs
    const clock: Clock = { ...systemClock, monotonic, now: () => this.nowMs }
    this.ingest = createIngest({
      routes: [
        { path: '/in', source: 'in', provider: anyBytes, secrets: [SECRET, generic.secret('the key before this one')] },
        { path: '/few', source: 'few', provider: anyBytes, secrets: [SECRET], bodyBytesMax: 1, tellsReasons: true },
        { path: '/quiet', source: 'quiet', provider: { ...anyBytes, acceptedStatus: 204 }, secrets: [SECRET] },
        ...CODED.map((route) => ({ ...route, provider: anyBytes, secrets: [SECRET] })),
      ],
      publish: (event) => this.publish(event),
      ready: async () => {
        this.asked++
        if (!this.ready) throw new Error('not ready')
      },
      clock,
      onError: (error) => void this.errors.push(error),
      onRefused: (refusal) => void this.refusals.push(refusal),
    })
    const limits = {
      bodyBytesMax: BODY_BYTES_MAX,
      heldBytesMax: 64 * 1024 * 1024,
      inFlightMax: 50,
      connectionsMax: 100,
      requestMs: 30_000,
      keepAliveMs: 5_000,
    }
    return this.#receiver({ host: '127.0.0.1', port: 0, ...limits, clock, ingest: this.ingest, ...over })
  }
}

/** Tests the contract of every receiver. */
export function receiverContract(name: string, receiver: Receiver): void {
  describe(`${name} keeps the receiver contract`, () => {
    const bench = new Bench(receiver)
    const { published } = bench
    let running: RunningReceiver
    let wide: RunningReceiver
    const printed: string[] = []

    beforeAll(async () => {
      for (const stream of [process.stdout, process.stderr]) {
        const write = stream.write.bind(stream)
        vi.spyOn(stream, 'write').mockImplementation((...args) => {
          printed.push(String(args[0]))
          return write(...(args as [string]))
        })
      }
      running = await bench.start()
      wide = await bench.start({ bodyBytesMax: WIDE_BYTES_MAX })
    })
    afterAll(async () => {
      await Promise.all([running.stop(), wide.stop()])
      vi.restoreAllMocks()
    })

    let good = 0
    const acceptsGood = async (port = running.port) => {
      const id = `good-${good++}`
      expect(statuses((await exchange(port, signed(id), 1)).text)).toEqual([200])
      // The events of others may still come from threads that verify them.
      expect(published.filter((event) => event.id === `in:${id}`)).toHaveLength(1)
    }

    const said: string[] = []
    it.each(BAD_INPUT)('answers $name with $status, and then takes a good request', async (input) => {
      const { port } = input.wide ? wide : running
      published.length = 0
      const bytes = input.bytes()
      const { text } = await exchange(port, bytes, 1)
      said.push(text)
      expect(statuses(text)).toEqual([input.status])
      expect(published.length).toBe(input.status === 200 ? 1 : 0)
      await acceptsGood(port)
    })

    it('shows no secret and no signature in answers, errors and logs', async () => {
      bench.publish = (event) => Promise.reject(new Error(`cannot store ${event.id}`))
      said.push((await exchange(running.port, signed('told'), 1)).text)
      bench.publish = bench.store
      expect(bench.errors.length).toBeGreaterThan(0)
      const all = [...said, ...printed, ...bench.errors.map((error) => inspect(error, { depth: 9, showHidden: true }))]
      const signature = /v1=([0-9a-f]{64})/.exec(signed('odd').toString('latin1'))![1]!
      for (const text of all) {
        expect(text).not.toContain(SECRET_TEXT)
        expect(text).not.toContain(signature)
      }
      for (const text of said) expect(text).not.toContain('cannot store')
    })

    it('stores nothing when the sender goes away in the middle of a request', async () => {
      const impatient = await bench.start(QUICK)
      published.length = 0
      for (const bytes of [signed('gone').subarray(0, -3), signed('gone', { chunks: [raw('{}')] }).subarray(0, -3)]) {
        const { text } = await exchange(impatient.port, bytes)
        expect(statuses(text)).toEqual([408])
      }
      expect(published).toEqual([])
      await acceptsGood(impatient.port)
      await impatient.stop()
    })

    it('hands on every byte of a request that comes in one piece or in many', async () => {
      for (const body of [
        Buffer.from([0, 255, 0xc3, 0x28]),
        Buffer.alloc(0),
        Buffer.from('x'),
        Buffer.from('\ufeff{}'),
        Buffer.from(Array.from({ length: BODY_BYTES_MAX }, (_, at) => at % 251)),
      ]) {
        published.length = 0
        const chunks = Array.from({ length: Math.min(body.length, 50) }, (_, at) =>
          body.subarray(at, at === 49 ? undefined : at + 1),
        )
        for (const bytes of [signed('whole', { body }), signed('parts', { body, chunks })]) {
          expect(statuses((await exchange(running.port, bytes, 1)).text)).toEqual([200])
        }
        expect(published.map((event) => Buffer.compare(event.body, body))).toEqual([0, 0])
      }
    })

    it('keeps a connection alive, and answers pipelined requests in their order', async () => {
      let release = () => {}
      bench.publish = (event) =>
        event.id === 'in:p1' ? new Promise((resolve) => (release = resolve)) : Promise.resolve(release())
      const three = Buffer.concat([signed('p1'), signed('p2', { atMs: 1_000 }), signed('p3')])
      expect(statuses((await exchange(running.port, three, 3)).text)).toEqual([200, 401, 200])
      bench.publish = bench.store
    })

    it('asks for the body where 100-continue is expected', async () => {
      const { text } = await exchange(running.port, signed('asked', { headers: { expect: '100-continue' } }), 2)
      expect(statuses(text)).toEqual([100, 200])
    })

    it('serves HTTP/1.0 and a request that offers an upgrade, and ends a CONNECT', async () => {
      const old = raw(signed('old').toString('latin1').replace('HTTP/1.1', 'HTTP/1.0'))
      expect(await exchange(running.port, old)).toMatchObject({ closed: true, text: expect.stringContaining(' 200 ') })
      const upgrade = signed('up', { headers: { connection: 'Upgrade', upgrade: 'h2c' } })
      expect(statuses((await exchange(running.port, upgrade, 1)).text)).toEqual([200])
      const tunnel = raw('CONNECT /in HTTP/1.1\r\nhost: x\r\n\r\n')
      expect(await exchange(running.port, tunnel)).toEqual({ closed: true, text: '' })
      await acceptsGood()
    })

    it('answers only the whole requests of a sender that ends its side', async () => {
      published.length = 0
      bench.publish = async (event) => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        await bench.store(event)
      }
      const two = Buffer.concat([signed('e1'), signed('e2')])
      const { text, closed } = await exchange(running.port, two, 9, true)
      const half = await exchange(running.port, signed('e3').subarray(0, -3), 9, true)
      bench.publish = bench.store
      expect(statuses(text)).toEqual([200, 200])
      expect(closed).toBe(true)
      expect(statuses(half.text)).toEqual([400])
      expect(published.map(({ id }) => id)).toEqual(['in:e1', 'in:e2'])
    })

    it('takes a good request after a pipeline that was cut off', async () => {
      await exchange(running.port, Buffer.concat([signed('c1'), signed('c2'), signed('c3').subarray(0, 90)]), 2)
      await acceptsGood()
    })

    it('accepts replays within the time window and refuses them after it: the ledger dedups', async () => {
      published.length = 0
      const bytes = signed('again')
      for (let at = 0; at < 2; at++) expect(statuses((await exchange(running.port, bytes, 1)).text)).toEqual([200])
      const atOnce = await Promise.all(Array.from({ length: 10 }, () => exchange(running.port, bytes, 1)))
      expect(atOnce.flatMap(({ text }) => statuses(text))).toEqual(Array(10).fill(200))
      expect(published.map(({ id }) => id)).toEqual(Array(12).fill('in:again'))
      bench.nowMs = NOW_MS + 301_000
      expect(statuses((await exchange(running.port, bytes, 1)).text)).toEqual([401])
      bench.nowMs = NOW_MS
      expect(published.length).toBe(12)
    })

    it('answers 503 with Retry-After, never 2xx, when the queue is full or fails', async () => {
      for (const error of [
        new FloodmarkError('overloaded', 'full'),
        new FloodmarkError('timeout', 'late'),
        new Error('secret detail'),
      ]) {
        bench.publish = () => Promise.reject(error)
        const { text } = await exchange(running.port, signed('full'), 1)
        bench.publish = bench.store
        expect(statuses(text)).toEqual([503])
        expect(text.toLowerCase()).toContain('retry-after: ')
        expect(text).not.toContain('secret detail')
      }
      await acceptsGood()
    })

    it('tells whether it is alive and whether it is ready', async () => {
      const get = async (path: string) =>
        statuses((await exchange(running.port, raw(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`), 1)).text)
      expect(await get('/healthz')).toEqual([200])
      expect(await get('/readyz')).toEqual([200])
      bench.ready = false
      expect(await get('/readyz')).toEqual([503])
      expect(await get('/healthz')).toEqual([200])
      bench.ready = true
    })

    it('names the port that is taken', async () => {
      await expect(bench.start({ port: running.port })).rejects.toMatchObject({ code: 'unavailable' })
    })

    httpContract(bench)
    refusalsContract(bench)
    limitsContract(bench)
    rotationContract(bench)
    attackedContract(bench)
    stopContract(bench)
  })
}
