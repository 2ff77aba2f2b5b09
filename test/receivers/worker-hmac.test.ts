import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import generic from '../../providers/generic.ts'
import { VERIFY_MS } from '../../receivers/worker-hmac/member.ts'
import workerHmac from '../../receivers/worker-hmac.ts'
import { type Clock, systemClock } from '../../src/core/contracts/clock.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'
import type { Ingest, RunningReceiver } from '../../src/core/contracts/receiver.ts'
import { createIngest } from '../../src/core/receiving/ingest.ts'
import odd from './odd-provider.ts'
import { exchange, raw, SECRET, statuses } from './wire.ts'

/** How long a thread may take. Shorter only where one hangs: on a busy machine a good one may take long, too. */
let verifyMs = VERIFY_MS
/** Batches that threads have or had in hand. */
let timing = 0
const clock: Clock = {
  ...systemClock,
  after: (ms, fn) => {
    if (ms === VERIFY_MS) timing++
    return systemClock.after(ms === VERIFY_MS ? verifyMs : ms, fn)
  },
}

let ingest: Ingest
function start(provider: Provider, onError: (error: unknown) => void = () => {}): Promise<RunningReceiver> {
  const secrets = [SECRET, generic.secret('the key before this one')]
  const routes = [{ path: '/in', source: 'in', provider, secrets }]
  ingest = createIngest({ routes, publish: async () => {}, ready: async () => {}, clock, onError })
  const limits = {
    bodyBytesMax: 30_000,
    heldBytesMax: 60_000_000,
    inFlightMax: 500,
    connectionsMax: 500,
    requestMs: 10_000,
    keepAliveMs: 5_000,
  }
  return workerHmac({ host: '127.0.0.1', port: 0, ...limits, clock, ingest })
}

describe('worker-hmac', () => {
  let running: RunningReceiver
  let errors: unknown[] = []
  beforeEach(async () => {
    errors = []
    verifyMs = VERIFY_MS
    timing = 0
    running = await start(odd, (error) => void errors.push(error))
  })
  afterEach(() => running.stop())

  const send = async (what: string, bodyBytes = 5) => {
    const head = `POST /in?q=1 HTTP/1.1\r\nhost: x\r\nx-odd: ${what}\r\ncontent-length: ${bodyBytes}\r\n\r\n`
    return statuses((await exchange(running.port, Buffer.concat([raw(head), Buffer.alloc(bodyBytes)]), 1)).text)[0]
  }
  const untilGood = async () => {
    while ((await send('good')) !== 200) await new Promise((resolve) => setTimeout(resolve, 10))
  }

  it('verifies in another thread, with the url, the headers and every secret', async () => {
    expect(await send('good')).toBe(200)
    expect(await Promise.all(Array.from({ length: 300 }, (_, at) => send('good', at * 90)))).toEqual(
      Array(300).fill(200),
    )
  })

  it('says the same of an error as the thread said', async () => {
    expect(await send('large')).toBe(413)
    expect(await send('throw')).toBe(503)
    expect(await send('undeclared')).toBe(503)
    expect(errors).toMatchObject([{ code: 'unavailable' }, { code: 'misuse' }])
    expect(await send('good')).toBe(200)
  })

  it('says 503 to what a dying thread had in hand, and replaces it, again and again', async () => {
    for (let at = 0; at < 3; at++) {
      const codes = await Promise.all([send('die'), ...Array.from({ length: 5 }, () => send('good'))])
      expect(codes[0]).toBe(503)
      for (const code of codes.slice(1)) expect([200, 503]).toContain(code)
      await untilGood()
    }
    for (const error of errors) expect(error).toMatchObject({ name: 'FloodmarkError', code: 'unavailable' })
  })

  it('ends and replaces a thread that hangs', async () => {
    verifyMs = 100
    expect(await send('hang')).toBe(503)
    await untilGood()
  })

  it('hears what a thread said while our own stood still, before it ends that thread', async () => {
    verifyMs = 300
    const sent = Promise.all(Array.from({ length: 5 }, () => send('good')))
    // Until the batch is on its way: then nothing is done here for longer than a thread may take.
    while (!timing) await new Promise(setImmediate)
    const until = performance.now() + 2 * verifyMs
    while (performance.now() < until);
    expect(await sent).toEqual(Array(5).fill(200))
    expect(await send('good')).toBe(200)
    expect(errors).toEqual([])
  })

  it('gives the secrets of now to a thread that replaces a dead one', async () => {
    await ingest.rotateSecrets('in', [SECRET])
    expect(await send('good')).toBe(401)
    expect(await send('die')).toBe(503)
    let code: number | undefined = 503
    while (code === 503) code = await send('good')
    expect(code).toBe(401)
    await ingest.rotateSecrets('in', [SECRET, SECRET])
    expect(await send('good')).toBe(200)
  })

  it('stops while a thread is dying', async () => {
    expect(await send('die')).toBe(503)
    await running.stop()
  })

  it('does not start when its threads cannot load a provider', async () => {
    await expect(start({ ...odd, module: 'file:///nowhere/provider.ts' })).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})
