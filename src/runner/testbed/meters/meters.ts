import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import type { Effect, Ledger } from '../../../core/contracts/ledger.ts'
import type { Handler, Queue } from '../../../core/contracts/queue.ts'
import type { Receiver } from '../../../core/contracts/receiver.ts'
import { listenOverflows, ownCpuMs } from '../../processes/own-usage.ts'
import { Flow } from '../../records/meters/flow.ts'
import { FLOWS, type FlowName, type MeterReading } from '../../records/meters/meter-reading.ts'
import type { AskedMeter } from './asked.ts'
import { servedSockets } from './sockets.ts'

const LOOP_STEP_MS = 10
const NANOS_PER_MS = 1e6

/**
 * Meters around the parts of a stack's process. They stand outside of what ships: without them a run has none of their cost, with
 * them an event costs a few calls more. Make them before anything that syncs is imported, after the levers.
 */
export class Meters {
  readonly #flows = Object.fromEntries(FLOWS.map((name) => [name, new Flow(() => performance.now())])) as Record<
    FlowName,
    Flow
  >
  readonly #served = servedSockets()
  readonly #asked: AskedMeter
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_STEP_MS })
  #gcMs = 0
  #syncs = 0
  #syncMs = 0

  constructor(asked: AskedMeter) {
    this.#asked = asked
    this.#loop.enable()
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#gcMs += duration
    }).observe({ entryTypes: ['gc'] })
    this.#meterSyncs()
  }

  receiver(receiver: Receiver): Receiver {
    const { requests } = this.#flows
    return (options) => {
      const { ingest } = options
      return receiver({
        ...options,
        ingest: {
          ...ingest,
          handle(request, verify) {
            const beganMs = requests.begin()
            return ingest.handle(request, verify).then((reply) => {
              requests.end(beganMs, 1)
              return reply
            })
          },
        },
      })
    }
  }

  /** `queue` and the next: objects whose methods need no `this`. */
  queue(queue: Queue): Queue {
    const { publishes, batches } = this.#flows
    return {
      ...queue,
      publish: (events, options) => publishes.around(events.length, () => queue.publish(events, options)),
      consume: (handle, options) => queue.consume(heldIn(batches, handle), options),
    }
  }

  ledger(ledger: Ledger): Ledger {
    const { claims, settles } = this.#flows
    return {
      ...ledger,
      claim: (events, leaseMs) => claims.around(events.length, () => ledger.claim(events, leaseMs)),
      settle: (settlements) => settles.around(settlements.length, () => ledger.settle(settlements)),
    }
  }

  effect(effect: Effect): Effect {
    const { effects } = this.#flows
    return (event, tx) => {
      const beganMs = effects.begin()
      let running: ReturnType<Effect>
      try {
        running = effect(event, tx)
      } catch (error) {
        effects.end(beganMs, 1)
        throw error
      }
      if (typeof running === 'object') return running.finally(() => effects.end(beganMs, 1))
      effects.end(beganMs, 1)
      return running
    }
  }

  read(): MeterReading {
    const cpu = ownCpuMs()
    const loopDelayMaxMs = Math.max(0, this.#loop.max / NANOS_PER_MS - LOOP_STEP_MS)
    this.#loop.reset()
    return {
      flows: Object.fromEntries(FLOWS.map((name) => [name, this.#flows[name].read()])) as MeterReading['flows'],
      mainCpuMs: cpu?.main ?? null,
      threadsCpuMs: cpu?.others ?? null,
      ...{ gcMs: this.#gcMs, syncs: this.#syncs, syncMs: this.#syncMs },
      loopDelayMaxMs,
      servedBytes: this.#served.bytes,
      askedBytes: this.#asked.read().bytes,
      listenOverflows: listenOverflows(),
    }
  }

  #meterSyncs(): void {
    const { fdatasync } = fs
    const metered = (file: number, done: (error: NodeJS.ErrnoException | null) => void) => {
      const beganMs = performance.now()
      fdatasync(file, (error) => {
        this.#syncs++
        this.#syncMs += performance.now() - beganMs
        done(error)
      })
    }
    fs.fdatasync = Object.assign(metered, { __promisify__: fdatasync.__promisify__ })
    syncBuiltinESMExports()
  }
}

/** Each event is in hand until its own verdict is told: with that its place is free, whatever becomes of the rest of its batch. */
function heldIn(batches: Flow, handle: Handler): Handler {
  return async (batch, tell) => {
    const beganMs = batches.begin(batch.length)
    const isTold = new Uint8Array(batch.length)
    let left = batch.length
    const end = (position: number) => {
      if (isTold[position] === 1) return
      isTold[position] = 1
      batches.end(beganMs, 1, --left === 0 ? 1 : 0)
    }
    try {
      return await handle(batch, (position, verdict) => {
        end(position)
        tell(position, verdict)
      })
    } finally {
      for (let position = 0; position < batch.length; position++) end(position)
    }
  }
}
