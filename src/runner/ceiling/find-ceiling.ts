import { type RunSettings, recorded } from '../plan/settings.ts'
import { environmentNow } from '../run/compose-record.ts'
import { acceptHintPerS, answerOf, isKnownWell, knownPerS, trialsFor } from '../search/answer.ts'
import type { Binding } from '../search/binding/binding-schema.ts'
import type { BindingQuestion } from '../search/binding/experiment.ts'
import { bindingStep, experimentsLeft } from '../search/binding/what-binds.ts'
import { type AskedBeside, CEILING_VERSION, type Ceiling, type TrialRecord } from '../search/ceiling-schema.ts'
import { COST_SHARES } from '../search/cost.ts'
import {
  type Goal,
  HAVE_COSTS,
  rounded,
  type SearchAnswer,
  stepAfter,
  stepBeside,
  trialsLeft,
} from '../search/search.ts'
import { durationOf, fits, lengthsOf, type TimeLeft } from '../search/time-plan.ts'
import type { PlannedTrial } from '../search/trial.ts'
import { type Bench, tryNext } from './bench.ts'
import type { TrialsFile } from './trials-file.ts'

/** The second ceiling, of what is accepted, gets so many trials of its own. */
const ACCEPT_TRIALS_MAX = 10
/** What is asked beside the ceiling takes about so many trials, made for these purposes, in this order. */
const BESIDE = [
  { question: 'accepted', trials: 6, purposes: ['accept'] },
  { question: 'costs', trials: 3, purposes: ['cost'] },
  { question: 'binding', trials: 45, purposes: ['probe', 'bound', 'share'] },
] as const
/** The receiver of the kit that verifies in threads of its own. */
const VERIFIES_APART = 'worker-hmac'

export interface CeilingOptions {
  readonly bench: Bench
  readonly settings: RunSettings
  /** The pass mark, for the answer; each trial's plan has it too. */
  readonly acceptP99Ms: number
  /** The line that begins the same search anew, for the answer. Default: none. */
  readonly reproduce?: string
  readonly file: TrialsFile
  readonly goal: Goal
  readonly trialMs: number
  /** No trial begins that would end later than this, ms since the start. */
  readonly budgetMs: number
  /** So much of the budget was used before. Default: none. */
  readonly spentMs?: number
  /** So many trials, and then the answer so far. Default: as many as it takes. */
  readonly trialsMax?: number
  /** What is asked beside the ceiling itself. Default: nothing. */
  readonly also?: readonly AskedBeside[]
  readonly interrupt: AbortSignal
  /** Default: this machine's. ms. */
  readonly clock?: () => number
  /** Told of each trial that counts or is invalid, how long the search has lasted and about how long it will. */
  onTrial(trial: TrialRecord, elapsedMs: number, leftMs: number): void
}

/** Runs trial after trial until the search has its answer, and then what the answer needs beside the ceiling. */
export async function findCeiling(options: CeilingOptions): Promise<Ceiling> {
  const { file, interrupt, also = [] } = options
  const startedAt = file.trials[0]?.startedAt ?? new Date().toISOString()
  const { triedBefore } = file
  const search = new Search({ ...options, goal: { ...options.goal, triedBefore } })
  const beforeMs = file.trials.reduce((sum, { tookMs }) => sum + tookMs, 0)
  const found = await search.sustained()
  const isFound = found.kind === 'found'
  if (isFound && also.includes('accepted')) await search.accepted()
  // Also where time was over: what an event costs is known of a ceiling that is not known to within 10%.
  const knownRatePerS = HAVE_COSTS.includes(found.kind) ? knownPerS(found) : undefined
  if (knownRatePerS !== undefined && also.includes('costs')) await search.costs(knownRatePerS)
  const bindingPerS = also.includes('binding') && isKnownWell(found) ? found.interval?.mid : undefined
  const binding = bindingPerS === undefined ? null : await search.whatBinds(bindingPerS)
  return {
    version: CEILING_VERSION,
    settings: recorded(options.settings),
    acceptP99Ms: options.acceptP99Ms,
    trialMs: options.trialMs,
    ratePerSMax: options.goal.ratePerSMax,
    asked: [...also],
    reproduce: options.reproduce,
    startedAt,
    tookMs: Math.round(beforeMs + search.elapsedMs),
    interrupted: interrupt.aborted,
    found,
    ...answerOf(file.trials, found),
    binding,
    environment: environmentNow(),
    trials: file.trials,
  }
}

class Search {
  readonly #options: CeilingOptions
  readonly #clock: () => number
  readonly #beganMs: number
  #tried = 0
  /** Once it is asked. */
  #binding: BindingQuestion | undefined

  constructor(options: CeilingOptions) {
    this.#options = options
    this.#clock = options.clock ?? (() => performance.now())
    this.#beganMs = this.#clock()
  }

  get elapsedMs(): number {
    return this.#clock() - this.#beganMs
  }

  /** `besideMs`: kept for what comes after. */
  #time(besideMs = 0): TimeLeft {
    const { file, trialMs, interrupt, budgetMs, spentMs = 0, trialsMax = Number.POSITIVE_INFINITY } = this.#options
    const isOver = interrupt.aborted || this.#tried >= trialsMax
    const leftMs = isOver ? Number.NEGATIVE_INFINITY : budgetMs - spentMs - this.elapsedMs
    return { budgetMs, leftMs, ...lengthsOf(file.trials, trialMs), besideMs }
  }

  /** Whether another load ends in time, and `besideMs` after it. */
  #hasTime(besideMs = 0): boolean {
    const time = this.#time()
    return fits(time, time.loadMs + besideMs)
  }

  get #costsMs(): number {
    const { file, trialMs, also = [] } = this.#options
    return also.includes('costs') ? COST_SHARES.length * lengthsOf(file.trials, trialMs).loadMs : 0
  }

  get #bindingMs(): number {
    const { file, trialMs, also = [] } = this.#options
    const { trials } = BESIDE.find(({ question }) => question === 'binding')!
    return also.includes('binding') ? trials * lengthsOf(file.trials, trialMs).loadMs : 0
  }

  /** The ceiling from the request to its effect. */
  async sustained(): Promise<SearchAnswer> {
    const { file, goal } = this.#options
    for (;;) {
      const step = stepAfter(file.trials, goal, this.#time(this.#costsMs + this.#bindingMs))
      if (step.next === 'nothing') return step.found
      await this.#try({ purpose: step.next, ratePerS: step.ratePerS })
    }
  }

  /** The ceiling to the 2xx alone. */
  async accepted(): Promise<void> {
    const { file, goal } = this.#options
    for (;;) {
      const own = file.trials.filter(({ purpose }) => purpose === 'accept').length
      const side = { ...goal, trialsMax: ACCEPT_TRIALS_MAX, hintPerS: acceptHintPerS(file.trials) }
      const step = stepBeside(trialsFor(file.trials, { aim: 'accept' }), own, side, !this.#hasTime(this.#costsMs))
      if (step.next === 'nothing') return
      await this.#try({ purpose: 'accept', ratePerS: step.ratePerS })
    }
  }

  /** A trial at each share of the ceiling. One that is invalid is tried once more. */
  async costs(ceilingPerS: number): Promise<void> {
    const { file } = this.#options
    const wanted = COST_SHARES.flatMap((share) => [share, share]).map((share) => rounded(ceilingPerS * share))
    const isThere = (ratePerS: number) =>
      file.trials.some((one) => one.purpose === 'cost' && one.ratePerS === ratePerS && one.sender === 'fit')
    for (const ratePerS of wanted)
      if (this.#hasTime() && !isThere(ratePerS)) await this.#try({ purpose: 'cost', ratePerS })
  }

  /** Where time is over, with what was left open. null: there is nothing to ask it of. */
  async whatBinds(ceilingPerS: number): Promise<Binding | null> {
    const { file, goal, settings } = this.#options
    const asked = { ceilingPerS, goal, verifiesApart: settings.receiver === VERIFIES_APART }
    this.#binding = asked
    for (;;) {
      const step = bindingStep(file.trials, asked, !this.#hasTime())
      if (step.next === undefined) return step.binding
      await this.#try(step.next)
    }
  }

  async #try({ purpose, ratePerS, intervention }: Omit<PlannedTrial, 'name' | 'durationMs'>): Promise<void> {
    const { bench, file, trialMs, interrupt, onTrial } = this.#options
    const planned = { purpose, ratePerS, durationMs: durationOf(purpose, trialMs), intervention }
    const trial = await tryNext(bench, file.trials.length + 1, planned, interrupt)
    if (!trial) return
    this.#tried++
    file.add(trial)
    onTrial(trial, this.elapsedMs, this.#leftMs())
  }

  #leftMs(): number {
    const { file, goal, trialMs, budgetMs, spentMs = 0, also = [] } = this.#options
    const short = file.trials.filter(({ purpose }) => purpose !== 'soak')
    const trialsMs = short.reduce((sum, { tookMs }) => sum + tookMs, 0) / Math.max(1, short.length)
    const { loads, soaks } = trialsLeft(file.trials, goal)
    const { soakMs } = lengthsOf(file.trials, trialMs)
    const begun = (purposes: readonly string[]) =>
      file.trials.filter(({ purpose }) => purposes.includes(purpose)).length
    const beside = BESIDE.filter(({ question }, at) => {
      // Where a later one has begun this one is over.
      return also.includes(question) && BESIDE.slice(at + 1).every(({ purposes }) => begun(purposes) === 0)
    })
    const left = beside.reduce((sum, { trials, purposes }) => sum + Math.max(0, trials - begun(purposes)), 0)
    const allMs = this.#binding
      ? experimentsLeft(file.trials, this.#binding) * trialsMs
      : (loads + left) * trialsMs + soaks * soakMs
    return Math.max(0, Math.min(budgetMs - spentMs - this.elapsedMs, allMs))
  }
}
