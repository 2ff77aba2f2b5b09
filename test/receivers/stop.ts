import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/core/contracts/clock.ts'
import { STOP_GRACE_MS } from '../../src/core/receiving/gate.ts'
import type { Bench } from '../contract/receiver.ts'
import { exchange, NOW_MS, raw, signed, statuses } from './wire.ts'

/** The last resort of stop() never fires: a stop that needs it fails by the test's own time limit. */
const clock: Clock = {
  ...systemClock,
  now: () => NOW_MS,
  after: (ms, fn) => (ms >= 5_000 ? () => {} : systemClock.after(ms, fn)),
}
const limits = { clock, requestMs: 60_000, keepAliveMs: 60_000 }
const closings = (text: string) => [...text.matchAll(/connection: (close|keep-alive)/gi)].map(([, value]) => value)
const soon = () => new Promise((resolve) => setTimeout(resolve, 50))

/** A clock whose grace is over when the test says so, and not before. */
function heldGrace() {
  let fire = () => {}
  const after: Clock['after'] = (ms, fn) => {
    if (ms !== STOP_GRACE_MS) return clock.after(ms, fn)
    fire = fn
    return () => {}
  }
  return { graceClock: { ...clock, after }, look: () => fire() }
}

/** Connections that stay open, each with the event of one of these ids answered. */
async function answered(port: number, ...ids: readonly string[]) {
  const kept = ids.map((id) => {
    const socket = connect(port, '127.0.0.1')
    const one = { socket, text: '', closed: new Promise((resolve) => socket.once('close', resolve)) }
    socket.on('data', (data) => {
      one.text += data
    })
    socket.write(signed(id))
    return one
  })
  while (kept.some(({ text }) => statuses(text).length < 1)) await soon()
  return kept
}

/** What a receiver owes to whoever is connected when it stops. */
export function stopContract(bench: Bench): void {
  it('answers what is complete when it stops, all of a pipeline, and says that the connection closes', async () => {
    const running = await bench.start(limits)
    const releases = new Map<string, () => void>()
    const stored = new Promise<void>((resolve) => {
      bench.publish = (event) =>
        new Promise((release) => {
          if (releases.set(event.id, release).size === 3) resolve()
        })
    })
    const pipeline = exchange(running.port, Buffer.concat([signed('s1'), signed('s2')]))
    const single = exchange(running.port, signed('s3'))
    await stored
    const stopped = running.stop()
    releases.get('in:s2')!()
    await soon()
    releases.get('in:s1')!()
    releases.get('in:s3')!()
    bench.publish = bench.store
    const { text } = await pipeline
    expect(statuses(text)).toEqual([200, 200])
    expect(closings(text)).toEqual(['keep-alive', 'close'])
    expect(closings((await single).text)).toEqual(['close'])
    await Promise.all([stopped, running.stop()])
  })

  it('answers a request that comes on a kept connection just after stop() was called', async () => {
    const running = await bench.start(limits)
    const [kept] = await answered(running.port, 'before')
    const stopped = running.stop()
    kept!.socket.write(signed('after'))
    await kept!.closed
    expect(statuses(kept!.text)).toEqual([200, 200])
    expect(closings(kept!.text)).toEqual(['keep-alive', 'close'])
    await stopped
  })

  it('does nothing of what comes behind an answer that closes the connection', async () => {
    const running = await bench.start(limits)
    bench.published.length = 0
    const [kept] = await answered(running.port, 'before')
    const stopped = running.stop()
    kept!.socket.write(Buffer.concat([raw('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'), signed('behind')]))
    await kept!.closed
    expect(closings(kept!.text)).toEqual(['keep-alive', 'close'])
    expect(bench.published.map(({ id }) => id)).toEqual(['in:before'])
    await stopped
  })

  it('gives a request that begins while stopping a whole grace of its own', async () => {
    const { graceClock, look } = heldGrace()
    const running = await bench.start({ ...limits, clock: graceClock })
    const [kept] = await answered(running.port, 'before')
    const stopped = running.stop()
    kept!.socket.write(signed('begun').subarray(0, -3))
    await soon()
    look()
    kept!.socket.write(signed('begun').subarray(-3))
    await kept!.closed
    expect(statuses(kept!.text)).toEqual([200, 200])
    await stopped
  })

  it('answers a request that was there, but not read yet, when idle connections were to be closed', async () => {
    const { graceClock, look } = heldGrace()
    const running = await bench.start({ ...limits, clock: graceClock })
    const [kept] = await answered(running.port, 'before')
    const stopped = running.stop()
    await soon()
    kept!.socket.write(signed('unread'))
    look()
    await kept!.closed
    expect(statuses(kept!.text)).toEqual([200, 200])
    await stopped
  })

  it('leaves idle connections open while requests still come on others, for whoever sends them has not noticed', async () => {
    const { graceClock, look } = heldGrace()
    const running = await bench.start({ ...limits, clock: graceClock })
    const kept = await answered(running.port, 'kept0', 'kept1', 'kept2')
    const stopped = running.stop()
    for (const n of [0, 1]) {
      kept[n]!.socket.write(signed(`again${n}`))
      await kept[n]!.closed
      look()
      await soon()
    }
    look()
    await kept[2]!.closed
    expect(kept.map(({ text }) => statuses(text))).toEqual([[200, 200], [200, 200], [200]])
    await stopped
  })

  it('takes a connection that was made, but not accepted yet, when it was told to stop', async () => {
    const running = await bench.start(limits)
    const made = exchange(running.port, signed('made'))
    // Node connects in the next tick, and the system accepts for us until we do.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    const stopped = running.stop()
    expect(statuses((await made).text)).toEqual([200])
    await stopped
  })

  it('cuts what cannot be answered when its time is over', async () => {
    let cut = () => {}
    const after: Clock['after'] = (ms, fn) => {
      if (ms >= 5_000) cut = fn
      return clock.after(ms, fn)
    }
    const running = await bench.start({ ...limits, clock: { ...clock, after } })
    const store = bench.hold()
    const stuck = exchange(running.port, signed('stuck'))
    await store.held
    const stopped = running.stop()
    cut()
    expect(await stuck).toEqual({ text: '', closed: true })
    await stopped
    store.release()
  })

  it('refuses half of a body and half of a head with 503 after a grace, and closes idle connections', async () => {
    const running = await bench.start(limits)
    bench.published.length = 0
    const halves = [
      signed('half').subarray(0, -3),
      signed('half', { chunks: [raw('{}')] }).subarray(0, -3),
      raw('POST /in HTTP/1.1\r\nho'),
      Buffer.concat([signed('whole'), raw('POST /in HT')]),
      Buffer.concat([signed('whole'), signed('half').subarray(0, -3)]),
      signed('idle'),
      Buffer.alloc(0),
    ]
    const answers = halves.map((bytes) => exchange(running.port, bytes))
    while (bench.published.length < 3) await soon()
    await soon()
    await running.stop()
    const texts = (await Promise.all(answers)).map(({ text }) => text)
    expect(texts.map(statuses)).toEqual([[503], [503], [503], [200, 503], [200, 503], [200], []])
    for (const text of texts.slice(0, 5)) expect(closings(text).at(-1)).toBe('close')
    expect(bench.published.map(({ id }) => id)).toEqual(['in:whole', 'in:whole', 'in:idle'])
    expect(bench.ingest.counts.refused).toEqual({ '/in': { stopping: 3 }, '*': { stopping: 2 } })
  })

  it('takes no new connection once it stops', async () => {
    const running = await bench.start(limits)
    await running.stop()
    expect((await exchange(running.port, signed('late'))).text).toBe('')
  })
}
