import embedded from '../../queues/embedded.ts'
import { anEvent } from '../events.ts'

/** Publishes numbered events for ever and prints each number once its publish has resolved. Ended by SIGKILL. */
const [url, first] = process.argv.slice(2)
const queue = await embedded.open({ url: url!, namespace: 'crash' })
let next = Number(first)
async function publisher(): Promise<void> {
  for (;;) {
    const number = next++
    await queue.publish([anEvent(String(number), { key: `k${number % 5}`, body: Buffer.alloc(number % 3_000) })], {
      deadlineMs: 60_000,
    })
    process.stdout.write(`${number}\n`)
  }
}
await Promise.all(Array.from({ length: 16 }, publisher))
