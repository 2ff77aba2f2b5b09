import { type Bench, tryNext } from '../../ceiling/bench.ts'
import type { Plant } from '../../records/intervention.ts'
import { ifKnown } from '../../search/answer.ts'
import type { RateInterval } from '../../search/belief.ts'
import type { Binding } from '../../search/binding/binding-schema.ts'
import type { BindingQuestion } from '../../search/binding/experiment.ts'
import { ceilingWithLess, effectsMsOf, PLACES } from '../../search/binding/resources.ts'
import { gainWithout } from '../../search/binding/shares.ts'
import { baseOf, bindingStep } from '../../search/binding/what-binds.ts'
import type { TrialRecord } from '../../search/ceiling-schema.ts'
import { GOAL, stepBeside } from '../../search/search.ts'
import type { PlannedTrial } from '../../search/trial.ts'
import type { Bottleneck } from './planted.ts'

/** What was found of a planted bottleneck. Rates are events a second. */
export interface FoundBottleneck {
  /** null: too few trials counted to know it, so there was nothing to ask. */
  readonly ceiling: RateInterval | null
  readonly binding: Binding | null
  /** The ceiling with half of the plant, as it follows from what was measured with all of it; and as it was found. */
  readonly predictedPerS: number | null
  readonly found: RateInterval | null
  readonly trials: readonly TrialRecord[]
}

export interface FindOptions {
  /** Stacks with so much planted in them. */
  open(plant: Plant): Promise<Bench>
  readonly trialMs: number
  readonly interrupt: AbortSignal
  onTrial(trial: TrialRecord, count: number): void
}

/** A ceiling is wanted within this ratio, by so many trials. */
const RATIO_MAX = 1.15
const TRIALS_MAX = 9
/** A delay that binds takes half of it: that much is seen by less. */
const BOUNDS = { ratioMax: 1.2, trialsMax: 5 }
/** Far above every plant, and within what any sender offers. */
const RATE_MAX = 10_000

/** Its ceiling, what binds, and what half of the plant gains: predicted, and then looked for. @throws as the bench. */
export async function findBottleneck(one: Bottleneck, options: FindOptions): Promise<FoundBottleneck> {
  const planted = new Stand(options, [])
  const { ceiling, binding } = await planted.on(one.plant, async () => {
    const found = await planted.ceiling(one.lawPerS)
    return { ceiling: found, binding: found && (await planted.binds(questionOf(one, found.mid))) }
  })
  const predictedPerS = binding && predictedOf(one, binding, planted.trials)
  if (predictedPerS === null || options.interrupt.aborted) {
    return { ceiling, binding, predictedPerS, found: null, trials: planted.trials }
  }
  const halved = new Stand(options, planted.trials)
  const found = await halved.on(one.halved, () => halved.ceiling(predictedPerS))
  return { ceiling, binding, predictedPerS, found, trials: [...planted.trials, ...halved.trials] }
}

function questionOf({ resource, plant: { places = {} } }: Bottleneck, ceilingPerS: number): BindingQuestion {
  const { publishesMax = PLACES.publishesMax, handlersMax = 1, batchEventsMax = PLACES.heldEventsMax } = places
  return {
    ceilingPerS,
    goal: { ...GOAL, ratePerSMax: RATE_MAX },
    verifiesApart: resource === 'verifying-threads',
    places: { publishesMax, heldEventsMax: handlersMax * batchEventsMax },
    // The share of what was planted is far above their noise, and what it gains is confirmed by half of it.
    rounds: 2,
    bounds: BOUNDS,
    until: 'stages',
  }
}

/** From what was measured with all of the plant; null: too little was. */
function predictedOf(one: Bottleneck, binding: Binding, trials: readonly TrialRecord[]): number | null {
  const asked = questionOf(one, binding.ceilingPerS)
  const { resource, part, plant } = one
  const base = baseOf(trials)
  const planted = binding.resources.find((delayed) => delayed.resource === resource)
  const usage = base?.usages.find(({ name }) => name === planted?.process)
  if (!base || !planted || !usage) return null
  if (part) {
    // By its share alone, as the report has it: nearly all of the stage was planted.
    const stage = binding.stages?.parts.find((named) => named.part === part)
    return stage ? asked.ceilingPerS * gainWithout(stage.share / 2) : null
  }
  const { verifyCpuMs = 0, syncMs = 0, publishMs = 0, effectMs = 0 } = plant
  const takenMs = effectMs > 0 ? effectsMsOf(usage) : verifyCpuMs + syncMs + publishMs
  return ceilingWithLess(planted, takenMs / 2, base, asked).perS
}

/** Trials of a stack with one plant. */
class Stand {
  readonly trials: TrialRecord[] = []
  readonly #options: FindOptions
  readonly #before: readonly TrialRecord[]
  #bench!: Bench

  constructor(options: FindOptions, before: readonly TrialRecord[]) {
    this.#options = options
    this.#before = before
  }

  async on<T>(plant: Plant, work: () => Promise<T>): Promise<T> {
    this.#bench = await this.#options.open(plant)
    try {
      return await work()
    } finally {
      await this.#bench.stop()
    }
  }

  /** null: no load held, or none was too much, as far as trials went. */
  async ceiling(hintPerS: number): Promise<RateInterval | null> {
    const goal = { ...GOAL, ratePerSMax: RATE_MAX, ratioMax: RATIO_MAX, trialsMax: TRIALS_MAX, hintPerS }
    for (;;) {
      const made = this.trials.filter(({ purpose }) => purpose === 'search')
      const step = stepBeside(made, made.length, goal, this.#options.interrupt.aborted)
      if (step.next === 'nothing') return ifKnown(step.interval, made)
      await this.#try({ purpose: 'search', ratePerS: step.ratePerS })
    }
  }

  async binds(asked: BindingQuestion): Promise<Binding | null> {
    for (;;) {
      const step = bindingStep(this.trials, asked, this.#options.interrupt.aborted)
      if (step.next === undefined) return step.binding
      await this.#try(step.next)
    }
  }

  async #try(wanted: Omit<PlannedTrial, 'name' | 'durationMs'>): Promise<void> {
    const { trialMs, interrupt, onTrial } = this.#options
    const count = this.#before.length + this.trials.length + 1
    const trial = await tryNext(this.#bench, count, { ...wanted, durationMs: trialMs }, interrupt)
    if (!trial) return
    this.trials.push(trial)
    onTrial(trial, count)
  }
}
