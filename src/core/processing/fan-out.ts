import { isUndecodable } from '../base/codec.ts'
import type { Clock } from '../contracts/clock.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import { EVENT_LIMITS, laneOf, type WebhookEvent } from '../contracts/event.ts'
import type { Effect, Effects } from '../contracts/ledger.ts'
import type { Delivery, Verdict } from '../contracts/queue.ts'
import { Slots } from '../handling/slots.ts'
import { Circuit, type CircuitLimits } from './circuit.ts'

const FAN_OUT_LIMITS = { effectsMax: 16, nameBytesMax: EVENT_LIMITS.effectNameBytesMax } as const

/** Header of an event that is for one named effect only, as in a dead letter of that effect. No sender can set it. */
const EFFECT_HEADER = 'x-floodmark-effect'

/** An effect, and whether what it depends on works. */
export interface GuardedEffect {
  readonly effect: Effect
  readonly circuit: Circuit | undefined
  /** Undefined: as many tries may run at once as there are tasks. */
  readonly slots: Slots | undefined
}

interface Named extends GuardedEffect {
  /** undefined: the only effect, or the one that was it before others came; under the event's own id. */
  readonly name: string | undefined
}

/** One effect of one delivery. */
export interface Task extends GuardedEffect {
  /** Under the id by which the ledger knows it. */
  readonly event: WebhookEvent
  /** What the effect is given: the event as it came. */
  readonly given: WebhookEvent
  /** Tasks of one lane take effect in order. Where a key has one effect, it is one lane. */
  readonly lane: string
  readonly key: string
  /** Its delivery's position in the batch. */
  readonly position: number
}

/** The effect of a record that is no event, which is given up before it, and of an event that no effect is for. */
const NO_EFFECT: Named = { name: undefined, circuit: undefined, slots: undefined, effect: () => {} }

/** What has to be done for deliveries, by one effect or by several named ones, each under an id of its own: `<event id>#<name>`. */
export class FanOut {
  readonly #effects: readonly Named[]
  /** Deliveries of events that no effect was for. */
  unrouted = 0

  /** @throws FloodmarkError 'misuse' without an effect, with too many, or with a name that is not valid. */
  constructor(effects: Effects, circuit: CircuitLimits | undefined, clock: Clock) {
    const named = typeof effects === 'function' ? [[undefined, effects] as const] : Object.entries(effects)
    if (named.length === 0 || named.length > FAN_OUT_LIMITS.effectsMax) {
      throw new FloodmarkError('misuse', `${named.length} effects: give 1 to ${FAN_OUT_LIMITS.effectsMax}`)
    }
    this.#effects = named.map(([given, effect]) => {
      const name = given || undefined
      if (name !== undefined) checkName(name)
      const { concurrencyMax } = effect.limits ?? {}
      const slots = concurrencyMax === undefined ? undefined : new Slots(concurrencyMax, clock)
      return { name, effect, circuit: circuit && new Circuit(circuit, clock), slots }
    })
  }

  /** Most tasks that one delivery makes. */
  get width(): number {
    return this.#effects.length
  }

  /** Times that circuits opened. */
  get opened(): number {
    return this.#effects.reduce((sum, { circuit }) => sum + (circuit?.opened ?? 0), 0)
  }

  /** Circuits that are not closed now. */
  get open(): number {
    return this.#effects.reduce((sum, { circuit }) => sum + (circuit?.isClosed === false ? 1 : 0), 0)
  }

  /** The tasks of deliveries, in their order. */
  tasksOf(batch: readonly Delivery[]): Task[] {
    const tasks: Task[] = []
    for (let position = 0; position < batch.length; position++) {
      const { event } = batch[position]!
      const only = event.headers[EFFECT_HEADER]
      if (isUndecodable(event)) tasks.push(taskOf(event, NO_EFFECT, position))
      else if (only !== undefined) tasks.push(this.#replayed(event, only, position))
      else this.#addTasks(tasks, event, position)
    }
    return tasks
  }

  #addTasks(tasks: Task[], event: WebhookEvent, position: number): void {
    const before = tasks.length
    for (const named of this.#effects) {
      if (named.effect.limits?.isFor?.(event) !== false) tasks.push(taskOf(event, named, position))
    }
    if (tasks.length > before) return
    this.unrouted++
    tasks.push(taskOf(event, NO_EFFECT, position))
  }

  #replayed(event: WebhookEvent, name: string, position: number): Task {
    const known = this.#effects.find((named) => named.name === name)
    const { effect, circuit, slots } = known ?? { ...NO_EFFECT, effect: unknown(name) }
    const given = { ...event, id: event.id.slice(0, -1 - name.length) }
    const key = laneOf(event)
    return { effect, circuit, slots, event, given, lane: `${name}#${key}`, key, position }
  }
}

function taskOf(event: WebhookEvent, named: Named, position: number): Task {
  const { name, effect, circuit, slots } = named
  const key = laneOf(event)
  if (name === undefined) return { effect, circuit, slots, event, given: event, lane: key, key, position }
  const headers = { ...event.headers, [EFFECT_HEADER]: name }
  const own = { ...event, id: `${event.id}#${name}`, headers }
  return { effect, circuit, slots, event: own, given: event, lane: `${name}#${key}`, key, position }
}

/**
 * The verdict on each delivery of one key, by position: acked when all of its tasks are, else again as soon as the first of
 * them may be. Behind one that comes again nothing is acked, as the queue wants it, though it may be settled: then it will
 * be absorbed. `judged` is in order of positions.
 */
export function verdictsOf(
  judged: readonly { readonly task: Task; readonly verdict: Verdict }[],
): Map<number, Verdict> {
  const verdicts = new Map<number, Verdict>()
  let heldForMs = Number.POSITIVE_INFINITY
  for (const { task, verdict } of judged) {
    if (verdict !== 'ack') heldForMs = Math.min(heldForMs, verdict.retryInMs)
    verdicts.set(task.position, heldForMs === Number.POSITIVE_INFINITY ? 'ack' : { retryInMs: heldForMs })
  }
  return verdicts
}

function checkName(name: string): void {
  if (!/^[a-z0-9-]+$/.test(name) || name.length > FAN_OUT_LIMITS.nameBytesMax) {
    const what = `an effect is named '${name.slice(0, 40)}'`
    throw new FloodmarkError('misuse', `${what}: use 1-${FAN_OUT_LIMITS.nameBytesMax} of a-z, 0-9 and -`)
  }
}

function unknown(name: string): Effect {
  return () => {
    throw new FloodmarkError('rejected', `no effect is named '${name}' any more`)
  }
}
