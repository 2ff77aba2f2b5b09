import type { Clock } from '../../src/core/contracts/clock.ts'
import type { ConsumeOptions, Handler } from '../../src/core/contracts/queue.ts'
import { PartitionLanes } from './lanes.ts'

/** Keeps the lanes supplied. Fetches until `noMore` aborts. Is a member of the group and commits until `finished` aborts. */
type Supply = (lanes: PartitionLanes, noMore: AbortSignal, finished: AbortSignal) => Promise<void>

/** The running consume() calls of one queue, and the events that they have in hand. */
export class KafkaConsuming {
  readonly #clock: Clock
  readonly #running = new Set<PartitionLanes>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get inFlight(): number {
    return [...this.#running].reduce((sum, lanes) => sum + lanes.inFlight, 0)
  }

  /** When the signal aborts, running handlers finish while we still are a member: else another member would get their events. */
  async consume(handle: Handler, options: ConsumeOptions, supply: Supply): Promise<void> {
    const lanes = new PartitionLanes(this.#clock)
    const failed = new AbortController()
    const finished = new AbortController()
    const noMore = AbortSignal.any([options.signal, failed.signal])
    this.#running.add(lanes)
    try {
      const working = lanes.consume(handle, { ...options, signal: noMore }).finally(() => finished.abort())
      const supplying = supply(lanes, noMore, finished.signal).finally(() => failed.abort())
      const [worked, supplied] = await Promise.allSettled([working, supplying])
      if (worked.status === 'rejected') throw worked.reason
      if (supplied.status === 'rejected') throw supplied.reason
    } finally {
      this.#running.delete(lanes)
    }
  }
}
