import { writeSync } from 'node:fs'
import type { Handler, QueueDriver } from '../../../src/core/contracts/queue.ts'
import { LIMIT, numbered, numbersOf, SHORT_LEASE_MS } from './kit.ts'

/** Opens a namespace in a separate process and works on it until it is killed. See Subject.killedChild. */
const [mode, module, url, namespace] = process.argv.slice(2)
const { default: driver } = (await import(module!)) as { default: QueueDriver }
const queue = await driver.open({ url: url!, namespace: namespace! })
const say = (numbers: readonly number[]) => writeSync(1, numbers.map((n) => `${n}\n`).join(''))

if (mode === 'publish') {
  for (let n = 0; ; n++) {
    await queue.publish(numbered(n, 1), LIMIT)
    say([n])
  }
}
const handle: Handler = async (batch) => {
  say(numbersOf(batch))
  if (mode === 'die-before-settling') process.kill(process.pid, 'SIGKILL')
  await new Promise(() => {})
  return []
}
const { signal } = new AbortController()
// The interval keeps the process alive while the handler never answers.
setInterval(() => {}, 1_000)
await queue.consume(handle, { batchEventsMax: 4, handlersMax: 2, leaseMs: SHORT_LEASE_MS, signal })
