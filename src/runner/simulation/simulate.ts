import memoryLedger from '../../../ledgers/memory.ts'
import memoryQueue from '../../../queues/memory.ts'
import { markMsFor } from '../../core/base/mark-life.ts'
import { type Clock, settledPromises, VirtualClock } from '../../core/contracts/clock.ts'
import type { Ledger, LedgerDriver } from '../../core/contracts/ledger.ts'
import type { Provider, RetryPolicy } from '../../core/contracts/provider.ts'
import type { Queue, QueueDriver } from '../../core/contracts/queue.ts'
import { hash32, seeded } from '../../core/contracts/random.ts'
import { SERVICE_DEFAULTS, type ServiceLimits } from '../../core/service/limits.ts'
import type { FaultKinds } from '../faults/index.ts'
import type { Expected } from '../plan/identity.ts'
import type { Making } from '../plan/make-event.ts'
import { timedHeadersOf } from '../plan/planned-content.ts'
import { type PlannedEvent, plannedEvents } from '../plan/planned-events.ts'
import { timeoutMs } from '../plan/retry.ts'
import { type Buried, buriedOf, decodeEffect, EFFECTS, type EffectRecord } from '../records/effects-file.ts'
import type { Attempt } from '../records/journal.ts'
import type { Bad } from '../report/audit/account.ts'
import { clockOffMs } from '../report/audit/altered.ts'
import { audit } from '../report/audit/audit.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { effectOf } from '../testbed/drift-effect.ts'
import { SimulatedConditions } from './conditions.ts'
import { type FailureRates, failingEffect, failsBy } from './failure-rates.ts'
import { LethalEvents } from './lethal.ts'
import { scheduleFaults } from './schedule-faults.ts'
import { SimulatedSender } from './sender.ts'
import type { LifetimeOptions } from './service-lifetime.ts'
import { Services } from './services.ts'
import { simulatedStore } from './store.ts'

/** The part of a scenario that is played. A fault's kind says how it is played (src/runner/faults/kinds). */
export type SimulatedScenario = Pick<
  Scenario,
  | 'shape'
  | 'mix'
  | 'keys'
  | 'effects'
  | 'copiesMax'
  | 'retries'
  | 'balancer'
  | 'faults'
  | 'longBodies'
  | 'claimCheck'
  | 'drift'
>

export interface SimulationOptions {
  readonly seed: number
  readonly scenario: SimulatedScenario
  readonly durationMs: number
  readonly ratePerS: number
  /** One per part of the scenario's mix. */
  readonly providers: readonly Provider[]
  /** Services that share the queue and the ledger. */
  readonly services: number
  readonly failureRates: FailureRates
  /** The share of events whose effect ends the process, each time it runs. Default: none. */
  readonly lethalShare?: number
  readonly limits?: Partial<ServiceLimits>
  /** What outlives every service. Default: in memory. */
  readonly queue?: QueueDriver
  readonly ledger?: LedgerDriver
  /** Default: those that a scenario may name. */
  readonly faultKinds?: FaultKinds
  /** What a service sees of queue and ledger from its start to its end, for bugs that must end with it. */
  readonly seenBy?: (base: { queue: Queue; ledger: Ledger }, clock: Clock, ended: () => boolean) => typeof base
  /** A processor, or what receives, with a bug. */
  readonly start?: LifetimeOptions['start']
  readonly receive?: LifetimeOptions['receive']
}

export interface Simulated {
  readonly audit: ReturnType<typeof audit>
  /** Every event that must not be, as the audit tells of it. */
  readonly bad: readonly Bad[]
  readonly attempts: readonly Attempt[]
  /** Lanes' effects one after the other, each in the order in which they took place. */
  readonly effects: readonly EffectRecord[]
  readonly buried: readonly Buried[]
  readonly crashes: number
  /** False: something was still waiting in the queue when the simulation was given up. */
  readonly drained: boolean
  /** How long it took, in virtual time. */
  /** Dead letters of events that were given up for ending their process, and do not. Also of those that were to fail for good. */
  readonly blamed: number
  readonly tookMs: number
}

/** Leases and backoffs are short, so that many run out within a simulation; attempts are many: bad luck alone buries nothing. */
const LIMITS = {
  leaseMs: 2_000,
  effectMs: 1_500,
  retryForMs: 1_000,
  attemptsMin: 25,
  backoff: { baseMs: 5, capMs: 200 },
} as const
/** The longest delay of an effect, ms: beyond effectMs. */
const SLOW_MS = 2_000
/** A simulation that has not drained after so many ms of virtual time is given up. */
const GIVE_UP_MS = 600_000
const STEP_MS = 1_000
/** So many ms are left for calls that the queue does not know of any more, and for deliveries that come once more. */
const REST_MS = 10_000
/** A request is held up for so long at most between its sender and the receiver's clock, ms. */
const ON_ITS_WAY_MS = 20_000
const SECRET = 'c2ltdWxhdGVkLXNlY3JldC1vZi0zMi1ieXRlcy4uLi4='

/** One run in virtual time: no socket, no file, no real wait. Everything follows from the options: same seed, same result. */
export async function simulate(options: SimulationOptions): Promise<Simulated> {
  const { seed, scenario, failureRates, durationMs, ratePerS } = options
  const clock = new VirtualClock(undefined, settledPromises)
  const startedAtEpochMs = clock.now()
  const random = seeded(hash32(seed, 201))
  const runId = `sim${seed.toString(36)}`.padEnd(8, 'x')
  const opening = { url: '', namespace: 'simulation', clock }
  const queue = await (options.queue ?? memoryQueue).open(opening)
  const ledger = await (options.ledger ?? memoryLedger).open({ ...opening, ttlMs: markMsOf(options) })
  const fetchBody = simulatedStore(seed, scenario)
  const fails = failsBy(failureRates, clock, random)
  const routes = options.providers.map((provider) => routeOf(provider, { runId, seed, scenario }))
  const timedHeaders = Object.fromEntries(routes.map(({ sending }) => [sending.source, sending.timedHeaders]))
  const conditions = new SimulatedConditions(clock, random)
  const world = { clock, random, fails }
  const inProcess = { ...world, clock: conditions.processClock }
  const load = { scenario, durationMs, ratePerS, seed }
  const { crashes, untilMs } = failureRates
  const lethal = new LethalEvents(seed, options.lethalShare ?? 0)
  const times = { nowMs: () => clock.monotonic(), wallMs: () => clock.now() }
  const work = { runId, seed, ...times, timedHeaders, fetchBody }
  const next = (ended: () => boolean): LifetimeOptions => ({
    ...(options.seenBy?.({ queue, ledger }, clock, ended) ?? { queue, ledger }),
    ...inProcess,
    conditions,
    ...(options.start && { start: options.start }),
    ...(options.receive && { receive: options.receive }),
    effect: failingEffect(effectOf(work, scenario), { ...inProcess, slowMs: SLOW_MS }),
    isLethal: (event) => lethal.strikes(runId, event),
    routes: routes.map(({ receiving }) => receiving),
    limits: { ...SERVICE_DEFAULTS, ...LIMITS, ...options.limits },
  })
  const services = new Services({ count: options.services, crashes, untilMs, clock, random, next })
  conditions.services = services
  const faultsOverMs = scheduleFaults(scenario.faults, durationMs, conditions, clock, options.faultKinds)
  const { retries, balancer } = scenario
  const sending = { load, retries, balancer, runId, routes: routes.map((one) => one.sending) }
  const planning = { ...sending, ...(options.faultKinds && { faultKinds: options.faultKinds }) }
  const link = conditions.links['senders-link']
  const sender = new SimulatedSender({ ...sending, ...world, link, reach: services.any })
  sender.sendDue()
  const drained = await play(
    clock,
    Math.max(untilMs, faultsOverMs),
    async () => sender.done && (await left(queue)) === 0,
  )
  const found = await read(ledger, { runId, timedHeaders })
  const { attempts } = sender
  const events = [...plannedEvents(planning)]
  const bad: Bad[] = []
  const judged = audit({
    planned: events.length,
    eventAt: (seq) => events[seq]!,
    startedAtEpochMs,
    reconciled: false,
    clockOffMs: clockOffMs(scenario.faults),
    attempts,
    ...found,
    duplicatesAbsorbed: services.duplicates,
    differingCopies: services.differing,
    expected: (seq) => lethal.expected(seq, expectedOf(events[seq]!)),
    onBad: (one) => bad.push(one),
  })
  const blamed = lethal.blamed(found.buried)
  const made = { audit: judged, bad, blamed, attempts, ...found }
  return { ...made, crashes: services.crashes, drained, tookMs: clock.monotonic() }
}

/** As short as these senders' schedules allow, so that marks end while the simulation lasts. */
function markMsOf({ providers, scenario: { retries } }: SimulationOptions): number {
  const timeScale = retries?.timeScale ?? 1
  const needed = providers.map(({ delivery }) => {
    const waitMs: RetryPolicy['waitMs'] = (attempt, random) => delivery.waitMs(attempt, random) / timeScale
    return markMsFor({ ...delivery, timeoutMs: timeoutMs(delivery, retries), waitMs, resendsForMs: 0 })
  })
  return Math.max(...needed) + ON_ITS_WAY_MS
}

/** Until nothing fails by chance any more and everything is done, or it is plain that it never will be. */
async function play(clock: VirtualClock, untilMs: number, isDone: () => Promise<boolean>): Promise<boolean> {
  while (clock.monotonic() < untilMs || (clock.monotonic() < GIVE_UP_MS && !(await isDone()))) {
    await clock.advance(STEP_MS)
  }
  await clock.advance(REST_MS)
  return isDone()
}

/** Events that a bug buries are not replayed here. Each may end as a dead letter, or as an effect before or after the bug. */
function expectedOf({ doomed, struck }: PlannedEvent): Expected {
  return doomed ? 'buried' : struck ? 'either' : 'applied'
}

function routeOf(provider: Provider, making: Making) {
  const { signing, verifying } = provider.newSecret?.() ?? { signing: SECRET, verifying: SECRET }
  const path = `/webhooks/${provider.name}`
  const sending = { path, source: provider.name, provider, secret: provider.secret(signing) }
  return {
    sending: { ...sending, timedHeaders: timedHeadersOf(making, sending) },
    receiving: { path, source: provider.name, provider, secrets: [provider.secret(verifying)] },
  }
}

async function left(queue: Queue): Promise<number> {
  const { waiting, inFlight } = await queue.depth()
  return waiting + inFlight
}

async function read(
  ledger: Ledger,
  run: Parameters<typeof buriedOf>[0],
): Promise<Pick<Simulated, 'effects' | 'buried'>> {
  const effects: EffectRecord[] = []
  const lanes = new Map<string, number>()
  for await (const [name, value] of ledger.items(EFFECTS)) {
    if (!lanes.has(name)) lanes.set(name, lanes.size)
    effects.push({ lane: lanes.get(name)!, ...decodeEffect(Buffer.from(value), 0) })
  }
  const buried: Buried[] = []
  for await (const letter of ledger.buried()) buried.push(buriedOf(run, letter))
  return { effects, buried }
}
