import { connect, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import type { Bench } from '../contract/receiver.ts'
import { exchange, QUICK, raw, signed, statuses } from './wire.ts'

const GET = (path: string) => raw(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
const opened = (socket: Socket) => new Promise((resolve) => socket.once('connect', resolve))
const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve))

async function acceptsGood(port: number): Promise<void> {
  expect(statuses((await exchange(port, signed('good'), 1)).text)).toEqual([200])
}

/** Limits on count and time: who reaches them is refused, who comes after is served. */
export function limitsContract(bench: Bench): void {
  it('says 408 to slow headers and to a slow body, closes, and stores nothing of them', async () => {
    const running = await bench.start(QUICK)
    bench.published.length = 0
    const slow = [raw('POST /in HTTP/1.1\r\nhost: x\r\n'), signed('slow').subarray(0, -3)]
    for (const bytes of slow) {
      const { text, closed } = await exchange(running.port, bytes)
      expect(statuses(text)).toEqual([408])
      expect(closed).toBe(true)
    }
    expect(bench.published).toEqual([])
    await acceptsGood(running.port)
    await running.stop()
  })

  it('says 408 to one that sends a byte at a time for too long', async () => {
    const running = await bench.start(QUICK)
    const socket = connect(running.port, '127.0.0.1')
    let text = ''
    socket.on('data', (data) => {
      text += data
    })
    socket.on('error', () => {})
    socket.write('POST /in HTTP/1.1\r\nhost: x\r\na: ')
    const drip = setInterval(() => socket.write('b'), 20)
    await closed(socket)
    clearInterval(drip)
    expect(statuses(text)).toEqual([408])
    await acceptsGood(running.port)
    await running.stop()
  })

  it('closes a connection that comes and says nothing', async () => {
    const running = await bench.start(QUICK)
    const silent = connect(running.port, '127.0.0.1')
    silent.on('error', () => {}).resume()
    await closed(silent)
    await acceptsGood(running.port)
    await running.stop()
  })

  it('closes a connection that does not read its answers', async () => {
    const running = await bench.start({ ...QUICK, inFlightMax: 10_000 })
    const { ingest } = bench
    const { admit } = ingest
    let asked = 0
    ingest.admit = (method, url) => {
      if (url !== '/long') return admit(method, url)
      asked++
      return { status: 200, reason: 'long', body: 'x'.repeat(10_000) }
    }
    const deaf = connect(running.port, '127.0.0.1')
    deaf.on('error', () => {}).pause()
    const end = closed(deaf)
    // Whole requests until the server takes no more: its answers have filled every buffer between us, and no request is half sent.
    const many = Buffer.concat(Array(1_000).fill(GET('/long')))
    for (let sent = 1_000, waits = 0; waits < 20; sent += 1_000) {
      deaf.write(many)
      for (waits = 0; asked < sent && waits < 20; waits++) await new Promise((done) => setTimeout(done, 10))
    }
    // Who does not read learns of the end by writing.
    const poke = setInterval(() => deaf.write('\r\n'), 20)
    await end
    clearInterval(poke)
    await acceptsGood(running.port)
    await running.stop()
  })

  it('closes an idle connection after keepAliveMs', async () => {
    const running = await bench.start({ keepAliveMs: 50 })
    const { text, closed } = await exchange(running.port, signed('kept'))
    expect(statuses(text)).toEqual([200])
    expect(closed).toBe(true)
    await running.stop()
  })

  it('closes connections beyond connectionsMax as they come, and serves again when one has gone', async () => {
    const running = await bench.start({ connectionsMax: 3, requestMs: 10_000 })
    const idle = Array.from({ length: 3 }, () => connect(running.port, '127.0.0.1'))
    await Promise.all(idle.map(opened))
    expect(await exchange(running.port, signed('beyond'))).toEqual({ text: '', closed: true })
    for (const socket of idle) socket.destroy()
    for (let tries = 0; ; tries++) {
      const { text } = await exchange(running.port, signed('good'), 1)
      if (statuses(text).includes(200)) break
      expect(tries).toBeLessThan(100)
    }
    await running.stop()
  })

  it('closes after a body above the limit, and keeps the connection after other refusals', async () => {
    const running = await bench.start()
    expect((await exchange(running.port, signed('large', { body: Buffer.alloc(2_001) }))).closed).toBe(true)
    const other = raw(signed('other').toString('latin1').replace('/in', '/other'))
    const { text } = await exchange(running.port, Buffer.concat([other, signed('bad', { atMs: 0 }), signed('good')]), 3)
    expect(statuses(text)).toEqual([404, 401, 200])
    await running.stop()
  })

  it('refuses what is beyond inFlightMax at once and keeps its connection; /healthz still answers', async () => {
    const small = await bench.start({ inFlightMax: 2, requestMs: 1_000 })
    const store = bench.hold(2)
    const held = [exchange(small.port, signed('h1'), 1), exchange(small.port, signed('h2'), 1)]
    await store.held
    const { text } = await exchange(small.port, Buffer.concat([signed('h3'), GET('/healthz'), signed('h4')]), 3)
    expect(statuses(text)).toEqual([503, 200, 503])
    expect(text.toLowerCase()).toContain('retry-after: ')
    expect(statuses((await exchange(small.port, GET('/readyz'), 1)).text)).toEqual([503])
    store.release()
    for (const { text } of await Promise.all(held)) expect(statuses(text)).toEqual([200])
    // Everything was counted out again, also those who went away in the middle.
    for (let at = 0; at < 3; at++) await exchange(small.port, signed('gone').subarray(0, -3))
    await acceptsGood(small.port)
    await small.stop()
  })

  it('counts a request whose sender has gone for as long as it is being stored', async () => {
    const small = await bench.start({ inFlightMax: 1 })
    const store = bench.hold()
    const socket = connect(small.port, '127.0.0.1')
    socket.write(signed('left'))
    await store.held
    socket.destroy()
    await closed(socket)
    expect(statuses((await exchange(small.port, signed('next'), 1)).text)).toEqual([503])
    store.release()
    await acceptsGood(small.port)
    await small.stop()
  })

  it('leaves a connection alone that waits for us, however long we take', async () => {
    const running = await bench.start({ requestMs: 50 })
    bench.publish = () => new Promise((resolve) => setTimeout(resolve, 500))
    const { text } = await exchange(running.port, signed('long'), 1)
    bench.publish = bench.store
    expect(statuses(text)).toEqual([200])
    await running.stop()
  })

  it('lets no more than inFlightMax in, however many come at once', async () => {
    const small = await bench.start({ inFlightMax: 3 })
    const store = bench.hold(3)
    const codes: number[] = []
    const all = Array.from({ length: 20 }, async (_, at) => {
      codes.push(...statuses((await exchange(small.port, signed(`m${at}`), 1)).text))
    })
    while (codes.length < 17) await new Promise(setImmediate)
    expect(codes).toEqual(Array(17).fill(503))
    await store.held
    expect(store.waiting()).toBe(3)
    store.release()
    await Promise.all(all)
    expect(codes.slice(17)).toEqual([200, 200, 200])
    await small.stop()
  })
}
