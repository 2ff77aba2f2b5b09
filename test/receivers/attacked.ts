import { connect, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/core/contracts/clock.ts'
import type { Ingest } from '../../src/core/contracts/receiver.ts'
import { PIPELINED_MAX } from '../../src/core/receiving/turns.ts'
import type { Bench } from '../contract/receiver.ts'
import { exchange, NOW_MS, raw, signed, statuses } from './wire.ts'

const MIB = 1024 * 1024
const HELD_BYTES_MAX = 4 * MIB
/** Only the longest bodies are refused where a quarter of heldBytesMax is left. */
const LARGE_BYTES = 1_000_000
const large = (id: string) => signed(id, { body: Buffer.alloc(LARGE_BYTES) })
const wide = { bodyBytesMax: MIB, heldBytesMax: HELD_BYTES_MAX, requestMs: 20_000 }
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A connection that is written to by hand, and what came on it. */
class Client {
  text = ''
  readonly socket: Socket
  readonly closed: Promise<void>

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {})
    this.socket.on('data', (data) => {
      this.text += data.toString('latin1')
    })
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
  }

  /** Resolves once so many answers came. */
  async answers(count: number): Promise<number[]> {
    while (statuses(this.text).length < count) await pause(5)
    return statuses(this.text)
  }
}

/** Tells of each event when it is whole, not when it is stored: a thread that verifies it may have to wait for a core. */
function onTaken(ingest: Ingest, tell: (id: string | undefined) => void): void {
  const { handle } = ingest
  ingest.handle = (request, verify) => {
    tell(request.header('x-webhook-id'))
    return handle(request, verify)
  }
}

/** What one sender, or very many slow ones, can take from the others: nothing that an ordinary webhook needs. */
export function attackedContract(bench: Bench): void {
  it('holds no more of bodies than heldBytesMax, refuses others by their length, and takes short ones still', async () => {
    const running = await bench.start(wide)
    for (let round = 0; round < 2; round++) {
      const announced = 300_000
      const head = raw(`POST /in HTTP/1.1\r\nhost: x\r\ncontent-length: ${announced}\r\n\r\n`)
      const part = Buffer.concat([head, Buffer.alloc(announced - 10_000)])
      const many = Array.from({ length: 30 }, () => new Client(running.port))
      for (const { socket } of many) socket.write(part)
      const refused = () => many.filter(({ text }) => statuses(text).includes(503))
      // Three quarters hold ten of them.
      while (refused().length < 20) await pause(5)
      await pause(50)
      expect(refused().length).toBeLessThan(25)
      for (const { text } of refused()) expect(text.toLowerCase()).toMatch(/retry-after: [\s\S]*connection: close/)
      const early = await exchange(running.port, large('early').subarray(0, 500), 1)
      expect(statuses(early.text)).toEqual([503])
      expect(statuses((await exchange(running.port, signed('good'), 1)).text)).toEqual([200])
      for (const { socket } of many) socket.destroy()
      for (let tries = 0; !statuses((await exchange(running.port, large('l'), 1)).text).includes(200); tries++)
        expect(tries).toBeLessThan(100)
    }
    for (let at = 0; at < 6; at++)
      expect(statuses((await exchange(running.port, large(`l${at}`), 1)).text)).toEqual([200])
    await running.stop()
  })

  it('counts the memory that a body takes, not the few bytes of it that came', async () => {
    const running = await bench.start({ ...wide, connectionsMax: 400 })
    const announced = 16_000
    const many = Array.from({ length: 300 }, () => new Client(running.port))
    const refused = () => many.filter(({ text }) => statuses(text).includes(503)).length
    for (const { socket } of many) socket.write(`POST /in HTTP/1.1\r\nhost: x\r\ncontent-length: ${announced}\r\n\r\n`)
    for (let bytes = 0; bytes < 100 && refused() === 0; bytes++) {
      for (const { socket } of many) socket.write('x')
      await pause(20)
    }
    expect(refused()).toBeGreaterThan(0)
    for (const { socket } of many) socket.destroy()
    await running.stop()
  })

  it('holds the bytes of a body until its answer, also of one in chunks', async () => {
    const running = await bench.start(wide)
    const store = bench.hold(3)
    const chunks = Array(10).fill(Buffer.alloc(LARGE_BYTES / 10))
    const held = [large('h1'), large('h2'), signed('h3', { body: Buffer.concat(chunks), chunks })]
    const answers = held.map((bytes) => exchange(running.port, bytes, 1))
    await store.held
    expect(statuses((await exchange(running.port, large('h4'), 1)).text)).toEqual([503])
    const unstated = signed('h5', { body: Buffer.concat(chunks), chunks })
    expect(statuses((await exchange(running.port, unstated, 1)).text)).toEqual([503])
    store.release()
    for (const { text } of await Promise.all(answers)) expect(statuses(text)).toEqual([200])
    expect(statuses((await exchange(running.port, large('h6'), 1)).text)).toEqual([200])
    await running.stop()
  })

  it('answers good senders, also one whose body takes a while, beside twice inFlightMax bodies that drip in', async () => {
    const running = await bench.start({ ...wide, inFlightMax: 20 })
    const drip = signed('drip', { body: Buffer.alloc(1_000) })
    const slow = Array.from({ length: 40 }, () => new Client(running.port))
    for (const { socket } of slow)
      socket.write(Buffer.concat([raw('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'), drip.subarray(0, -900)]))
    await Promise.all(slow.map((client) => client.answers(1)))
    const timer = setInterval(() => {
      for (const { socket } of slow) socket.write('\0')
    }, 20)
    const patient = new Client(running.port)
    const bytes = large('patient')
    for (let at = 0; at < bytes.length; at += 50_000) {
      patient.socket.write(bytes.subarray(at, at + 50_000))
      if (at % 200_000 === 0) expect(statuses((await exchange(running.port, signed('good'), 1)).text)).toEqual([200])
      await pause(10)
    }
    expect(await patient.answers(1)).toEqual([200])
    clearInterval(timer)
    expect(slow.map(({ text }) => statuses(text))).toEqual(Array(40).fill([200]))
    for (const { socket } of [...slow, patient]) socket.destroy()
    await running.stop()
  })

  it('refuses a body that becomes complete when inFlightMax are in progress, and keeps its connection', async () => {
    const running = await bench.start({ ...wide, inFlightMax: 1 })
    const late = new Client(running.port)
    const bytes = signed('late')
    late.socket.write(Buffer.concat([raw('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'), bytes.subarray(0, -3)]))
    await late.answers(1)
    const store = bench.hold()
    const held = exchange(running.port, signed('held'), 1)
    await store.held
    late.socket.write(bytes.subarray(-3))
    expect(await late.answers(2)).toEqual([200, 503])
    store.release()
    expect(statuses((await held).text)).toEqual([200])
    late.socket.write(bytes)
    expect(await late.answers(3)).toEqual([200, 503, 200])
    late.socket.destroy()
    await running.stop()
  })

  it('gets its 413 to a sender that reads only after a body of 4 MiB, with a length or in chunks', async () => {
    // However slow the machine, the time for which the rest is taken does not end before the sender has read.
    const after: Clock['after'] = (ms, fn) => systemClock.after(ms === 1_000 ? 10_000 : ms, fn)
    const clock = { ...systemClock, now: () => NOW_MS, after }
    const running = await bench.start({ requestMs: 60_000, clock })
    const body = Buffer.alloc(4 * MIB)
    const chunks = Array(64).fill(body.subarray(0, MIB / 16))
    for (const bytes of [signed('long', { body }), signed('long', { body, chunks })]) {
      for (let time = 0; time < 3; time++) {
        const client = new Client(running.port)
        client.socket.pause()
        await new Promise((resolve) => client.socket.write(bytes, resolve))
        await pause(20)
        client.socket.resume()
        await client.closed
        expect(statuses(client.text)).toEqual([413])
      }
    }
    await running.stop()
  })

  it('closes on one that sends on and on after its 413', async () => {
    const running = await bench.start({ requestMs: 60_000 })
    const endless = new Client(running.port)
    endless.socket.write(`POST /in HTTP/1.1\r\nhost: x\r\ncontent-length: ${1024 * MIB}\r\n\r\n`)
    const piece = Buffer.alloc(MIB / 16)
    let sent = 0
    const pour = () => {
      while (endless.socket.writable) {
        sent += piece.length
        if (!endless.socket.write(piece)) return
      }
    }
    endless.socket.on('drain', pour)
    pour()
    await endless.closed
    expect(sent).toBeLessThan(64 * MIB)
    const trickling = new Client(running.port)
    trickling.socket.write(`POST /in HTTP/1.1\r\nhost: x\r\ncontent-length: ${MIB}\r\n\r\n`)
    const timer = setInterval(() => trickling.socket.write('a'), 20)
    await trickling.closed
    clearInterval(timer)
    expect(statuses(trickling.text)).toEqual([413])
    await running.stop()
  })

  it('takes a good request before 64 kB of pipelined ones on another connection are read', async () => {
    const running = await bench.start({ inFlightMax: 10_000 })
    const [hostile, good] = [new Client(running.port), new Client(running.port)]
    for (const { socket } of [hostile, good]) socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    await Promise.all([hostile.answers(1), good.answers(1)])
    const one = 'GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n'
    const count = Math.floor((64 * 1024) / one.length)
    bench.asked = 0
    let askedBefore = count
    onTaken(bench.ingest, () => {
      askedBefore = bench.asked
    })
    hostile.socket.write(one.repeat(count))
    good.socket.write(signed('good'))
    expect(await good.answers(2)).toEqual([200, 200])
    expect(askedBefore).toBeLessThan(count)
    expect(await hostile.answers(count + 1)).toEqual(Array(count + 1).fill(200))
    expect(bench.asked).toBe(count)
    for (const { socket } of [hostile, good]) socket.destroy()
    await running.stop()
  })

  it('takes a good request before a body of 8,000 chunks of one byte on another connection is read', async () => {
    const running = await bench.start(wide)
    const [hostile, good] = [new Client(running.port), new Client(running.port)]
    for (const { socket } of [hostile, good]) socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    await Promise.all([hostile.answers(1), good.answers(1)])
    const taken: (string | undefined)[] = []
    onTaken(bench.ingest, (id) => taken.push(id))
    bench.published.length = 0
    const body = Buffer.alloc(8_000, 'y')
    hostile.socket.write(signed('tiny', { body, chunks: Array.from(body, (byte) => Buffer.of(byte)) }))
    good.socket.write(signed('good'))
    expect(await good.answers(2)).toEqual([200, 200])
    expect(await hostile.answers(2)).toEqual([200, 200])
    expect(taken).toEqual(['good', 'tiny'])
    expect(body.equals(bench.published.find(({ id }) => id === 'in:tiny')!.body)).toBe(true)
    for (const { socket } of [hostile, good]) socket.destroy()
    await running.stop()
  })

  it('reads no more than a few requests of a connection before the first is answered, and then all in order', async () => {
    const running = await bench.start({ inFlightMax: 10_000 })
    bench.published.length = 0
    const store = bench.hold()
    const ids = Array.from({ length: 300 }, (_, at) => `p${at}`)
    const pipeline = exchange(running.port, Buffer.concat(ids.map((id) => signed(id))), ids.length)
    await store.held
    for (let at = 0; at < 5; at++) {
      expect(statuses((await exchange(running.port, raw('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'), 1)).text)).toEqual(
        [200],
      )
    }
    expect(store.waiting()).toBeLessThanOrEqual(PIPELINED_MAX)
    store.release()
    expect(statuses((await pipeline).text)).toEqual(Array(ids.length).fill(200))
    expect(bench.published.map(({ id }) => id)).toEqual(ids.slice(-bench.published.length).map((id) => `in:${id}`))
    await running.stop()
  })

  it('does not start where the longest body could never be held', async () => {
    await expect(bench.start({ bodyBytesMax: MIB, heldBytesMax: MIB })).rejects.toMatchObject({ code: 'misuse' })
  })
}
