import { EmbeddedQueue } from '../../queues/embedded/queue.ts'
import { anEvent } from '../events.ts'

/** One life of a log: publishes an event for each id, says what came of it and how many wait, and ends as if it was killed. */
const [folder, ...ids] = process.argv.slice(2)
const queue = new EmbeddedQueue(folder!, { segmentBytes: 64 * 1024 })
for (const id of ids) {
  const outcome = await queue.publish([anEvent(id)], { deadlineMs: 60_000 }).then(
    () => 'stored',
    () => 'refused',
  )
  process.stdout.write(`${id} ${outcome}\n`)
}
const waiting = await queue.depth().then(
  (depth) => String(depth.waiting),
  () => 'nobody knows',
)
process.stdout.write(`waiting ${waiting}\n`)
process.kill(process.pid, 'SIGKILL')
