import { describe, it } from 'vitest'
import memory from '../../queues/memory.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { Delivery, Handler, Queue, Verdict } from '../../src/core/contracts/queue.ts'
import { Subject } from './queue/kit.ts'
import { behaviours } from './queue.ts'

/** Each bug wraps a correct queue and breaks it in one way. */
type Bug = (queue: Queue) => Partial<Queue>

/** Changes events on their way in, and changes them back, if necessary, on their way out. */
const changing =
  (into: (events: readonly WebhookEvent[]) => readonly WebhookEvent[]): Bug =>
  (queue) => ({ publish: (events, limit) => queue.publish(into(events), limit) })

/** Calls the handler through this function. */
const handling =
  (wrap: (handle: Handler) => Handler): Bug =>
  (queue) => ({ consume: (handle, options) => queue.consume(wrap(handle), options) })

const verdicts = (change: (verdict: Verdict) => Verdict) =>
  handling((handle) => async (batch, tell) => {
    const told = await handle(batch, (position, verdict) => tell(position, change(verdict)))
    return told.map(change)
  })

const ORDER = [
  'delivers the events of a key in the order of their publish calls',
  'keeps the order of a key through retries, where it says so',
  'lets other keys go on while one event fails again and again',
  'keeps a key of one source apart from the same key of another, where a stalled key delays only itself',
]
const RETRIES = [
  'keeps the order of a key through retries, where it says so',
  'delivers again no sooner than the retry verdict says',
  'lets other keys go on while one event fails again and again',
  'keeps a key of one source apart from the same key of another, where a stalled key delays only itself',
  'delivers again when a lease runs out, and ignores the verdict that comes too late',
]

/** The behaviours that must catch each bug. These fail, and no others. */
const BUGS: Record<string, { readonly bug: Bug; readonly caughtBy: readonly string[] }> = {
  'that is right': { bug: () => ({}), caughtBy: [] },
  'that stores bodies as text': {
    bug: changing((events) =>
      events.map((event) => ({ ...event, body: Buffer.from(Buffer.from(event.body).toString()) })),
    ),
    caughtBy: ['delivers every byte and header of what was published', 'takes an event of exactly its size limit'],
  },
  'that forgets headers': {
    bug: changing((events) => events.map((event) => ({ ...event, headers: {} }))),
    caughtBy: ['delivers every byte and header of what was published'],
  },
  'that delivers a publish last first': {
    bug: changing((events) => events.toReversed()),
    caughtBy: [...ORDER, 'delivers in order all that it took, where far more waits than it may hold in memory'],
  },
  'that waits for the whole batch': {
    bug: handling((handle) => (batch) => handle(batch, () => {})),
    caughtBy: ['lets the keys of a batch go on as soon as each is judged, while one takes long'],
  },
  'that knows keys, not sources': {
    bug: (queue) => {
      const sources = new Map<string, string>()
      const alone = (event: WebhookEvent) => {
        sources.set(event.id, event.source)
        return { ...event, source: 'one' }
      }
      const restored = ({ event, count }: Delivery) => ({ event: { ...event, source: sources.get(event.id)! }, count })
      return {
        publish: (events, limit) => queue.publish(events.map(alone), limit),
        consume: (handle, options) => queue.consume((batch, tell) => handle(batch.map(restored), tell), options),
      }
    },
    caughtBy: ['keeps a key of one source apart from the same key of another, where a stalled key delays only itself'],
  },
  'that takes a retry for an ack': { bug: verdicts(() => 'ack'), caughtBy: RETRIES },
  'that retries at once': {
    bug: verdicts((verdict) => (verdict === 'ack' ? 'ack' : { retryInMs: 0 })),
    caughtBy: ['delivers again no sooner than the retry verdict says'],
  },
  'that takes a rejection for acks': {
    bug: handling((handle) => (batch, tell) => handle(batch, tell).catch(() => batch.map(() => 'ack'))),
    caughtBy: ['delivers again when the handler rejects'],
  },
  'that has no leases': {
    bug: (queue) => ({ consume: (handle, options) => queue.consume(handle, { ...options, leaseMs: 1e9 }) }),
    caughtBy: ['delivers again when a lease runs out, and ignores the verdict that comes too late'],
  },
  'that counts wrongly': {
    bug: (queue) => ({ depth: async () => ({ ...(await queue.depth()), waiting: 1 }) }),
    caughtBy: [
      'says how many events wait and are in flight',
      'forgets everything when it is dropped, and dropping nothing succeeds',
    ],
  },
  'that forgets the verdicts of handlers that run when it is aborted': {
    bug: (queue) => ({
      consume: (handle, options) => {
        const all: Handler = async (batch, tell) => {
          const verdicts = await handle(batch, (...told) => {
            if (!options.signal.aborted) tell(...told)
          })
          return options.signal.aborted ? batch.map(() => ({ retryInMs: 0 })) : verdicts
        }
        return queue.consume(all, options)
      },
    }),
    caughtBy: ['settles the work in flight when it is aborted and closed'],
  },
  'that keeps the events of a key together no more': {
    bug: (queue) => {
      const keys = new Map<string, string>()
      const alone = (event: WebhookEvent) => {
        keys.set(event.id, event.key)
        return { ...event, key: event.id.slice('test:'.length) }
      }
      const restored = ({ event, count }: Delivery) => ({ event: { ...event, key: keys.get(event.id)! }, count })
      return {
        publish: (events, limit) => queue.publish(events.map(alone), limit),
        consume: (handle, options) => queue.consume((batch, tell) => handle(batch.map(restored), tell), options),
      }
    },
    caughtBy: [
      'keeps the order of a key through retries, where it says so',
      'lets other keys go on while one event fails again and again',
      'never has one key in two handler calls at once, where it keeps an order',
    ],
  },
  'that swallows ids it knows': {
    bug: (queue) => {
      const known = new Set<string>()
      const fresh = ({ id }: WebhookEvent) => !known.has(id) && known.add(id)
      return { publish: (events, limit) => queue.publish(events.filter(fresh), limit) }
    },
    caughtBy: [
      'swallows an id that it knows only where it says so',
      "refuses as 'overloaded' when full, for certain, and takes events again after acks",
    ],
  },
}

// All run at once, since each waits for an event that never comes.
describe('the queue suite catches a queue', { concurrent: true }, () => {
  for (const [name, { bug, caughtBy }] of Object.entries(BUGS)) {
    it(name, async ({ expect }) => {
      const caught = await Promise.all(
        // What never comes is waited for shortly; what comes has its time on a busy machine too.
        Object.keys(behaviours).map((title) => failing(title, bug, caughtBy.includes(title) ? 3_000 : 10_000)),
      )
      expect(caught.filter((title) => title !== undefined)).toEqual(caughtBy)
    })
  }
})

class Skipped extends Error {}

/** Returns the title if a queue with this bug fails the behaviour. */
async function failing(title: string, bug: Bug, waitMs: number): Promise<string | undefined> {
  const open = async (options = {}) => {
    const queue = await memory.open({ url: '', namespace: 'n', ...options })
    return { ...queue, ...bug(queue) }
  }
  const skip = (): never => {
    throw new Skipped()
  }
  const subject = new Subject({ open, drop: async () => {} }, { skip }, waitMs)
  try {
    await behaviours[title]!(subject).finally(() => subject.end())
    return undefined
  } catch (error) {
    return error instanceof Skipped ? undefined : title
  }
}
