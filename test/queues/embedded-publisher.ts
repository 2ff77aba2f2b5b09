import { EmbeddedQueue } from '../../queues/embedded/queue.ts'
import { anEvent } from '../events.ts'

/** Publishes numbered events for ever. Prints each number once its publish has resolved. SIGKILL ends it. */
const [folder, first] = process.argv.slice(2)
const queue = new EmbeddedQueue(folder!, { segmentBytes: 256 * 1024 })
let next = Number(first)
async function publisher(): Promise<void> {
  for (;;) {
    const number = next++
    const event = anEvent(String(number), { key: `k${number % 5}`, body: Buffer.alloc(number % 3_000) })
    await queue.publish([event], { deadlineMs: 60_000 })
    process.stdout.write(`${number}\n`)
  }
}
await Promise.all(Array.from({ length: 16 }, publisher))
