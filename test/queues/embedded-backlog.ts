import { closeSync, openSync, writeSync } from 'node:fs'
import { EmbeddedQueue } from '../../queues/embedded/queue.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Verdict } from '../../src/core/contracts/queue.ts'

/**
 * A process with a small heap and a queue that holds more than fits in it. `fill <events>`: publishes that many, dies by
 * SIGKILL. `die`: takes events in hand and keeps more and more of the heap until V8 ends the process. `part <acks>`: acks so
 * many, ends in order and says how many. `drain`: acks all and says what came.
 * Even events have a key of their own; odd ones share KEYS keys.
 */
const KEYS = 997
const [mode, folder, count = '0'] = process.argv.slice(2) as [string, string, string?]
const queue = new EmbeddedQueue(folder, {})
const stop = new AbortController()

const eventOf = (n: number): WebhookEvent => ({
  id: `test:${n}`,
  key: n % 2 === 0 ? `own ${n}` : `shared ${n % KEYS}`,
  source: 'test',
  type: 'made',
  receivedAtMs: 1_700_000_000_000 + n,
  headers: {},
  body: Buffer.alloc(40),
})

function say(what: object): void {
  writeSync(1, `${JSON.stringify(what)}\n`)
}

async function consume(handle: (numbers: readonly number[]) => Verdict): Promise<void> {
  const options = { batchEventsMax: 1_024, handlersMax: 2, leaseMs: 600_000, signal: stop.signal }
  await queue.consume(async (batch) => {
    const numbers = batch.map(({ event }) => Number(event.id.slice(5)))
    const verdict = handle(numbers)
    return batch.map(() => verdict)
  }, options)
}

if (mode === 'fill') {
  for (let n = 0; n < Number(count); ) {
    const calls = []
    for (let call = 0; call < 4; call++) {
      const events = Array.from({ length: Math.min(1_024, Number(count) - n) }, () => eventOf(n++))
      calls.push(queue.publish(events, { deadlineMs: 60_000 }))
    }
    await Promise.all(calls)
  }
  say({ waiting: (await queue.depth()).waiting })
  process.kill(process.pid, 'SIGKILL')
}

if (mode === 'die') {
  const kept: unknown[] = []
  await consume((numbers) => {
    for (const n of numbers) kept.push(Array.from({ length: 500 }, (_, at) => ({ n, at })))
    return { retryInMs: 0 }
  })
}

if (mode === 'part' || mode === 'drain') {
  const { waiting } = await queue.depth()
  const seen = new Uint8Array(10_000_000)
  const last = new Int32Array(KEYS).fill(-1)
  const told = { waiting, acked: 0, doubles: 0, disordered: 0, rssMiB: 0, heapMiB: 0 }
  const wanted = mode === 'drain' ? waiting : Number(count)
  const acked = openSync(`${folder}.acked`, 'a')
  const consuming = consume((numbers) => {
    for (const n of numbers) {
      told.doubles += seen[n]!++
      if (n % 2 === 0) continue
      if (last[n % KEYS]! > n) told.disordered++
      last[n % KEYS] = n
    }
    told.acked += numbers.length
    writeSync(acked, Buffer.from(new Uint32Array(numbers).buffer))
    if (told.acked >= wanted) stop.abort()
    return 'ack'
  })
  await consuming
  const after = (await queue.depth()).waiting
  const { rss, heapUsed } = process.memoryUsage()
  await queue.close()
  closeSync(acked)
  say({ ...told, after, rssMiB: Math.round(rss / 2 ** 20), heapMiB: Math.round(heapUsed / 2 ** 20) })
}
