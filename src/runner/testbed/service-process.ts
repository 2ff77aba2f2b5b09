import { systemClock } from '../../core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Ledger } from '../../core/contracts/ledger.ts'
import type { Route } from '../../core/contracts/provider.ts'
import type { Queue } from '../../core/contracts/queue.ts'
import { seeded } from '../../core/contracts/random.ts'
import type { Receiver } from '../../core/contracts/receiver.ts'
import type { RefusalCounts, RefusalReason } from '../../core/contracts/refusal.ts'
import { replayOwn } from '../../core/dead-letters/own.ts'
import { createBodyFetcher } from '../../core/processing/claim-check.ts'
import { type Service, startService } from '../../core/service/service.ts'
import { kindOf } from '../faults/index.ts'
import type { AnyFault } from '../faults/planned-fault.ts'
import { limitPublishes } from '../faults/rate-limit.ts'
import type { Undo } from '../faults/victim.ts'
import { plannedScenario } from '../plan/planned-scenario.ts'
import { obeyRunner } from '../processes/obey-runner.ts'
import { ownMemoryBytes } from '../processes/own-memory.ts'
import { preciseNow } from '../processes/precise-now.ts'
import { exportNotes } from '../records/drift-notes.ts'
import { exportEffects } from '../records/effects-file.ts'
import type { ServiceSample } from '../records/facts.ts'
import { buriedPath, effectsPath } from '../records/run-record.ts'
import { opened } from '../scenario/plugins.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { effectOf } from './drift-effect.ts'
import { Interventions } from './interventions/interventions.ts'
import { plant, plantedLimits, plantedProvider } from './interventions/plant.ts'
import { eventList } from './list-client.ts'
import { AskedMeter } from './meters/asked.ts'
import { Meters } from './meters/meters.ts'
import { Levers } from './process-levers.ts'
import { runLimits } from './run-limits.ts'
import type { FromService, Place, ReplayOrder, ServiceSetup, ToService } from './service-messages.ts'

/** A process of the stack under test, or all of it: forked by the runner, told over IPC what to open, and when to stop. */

const SAMPLE_MS = 500
/** So many publishes make a second's capacity. In larger ones requests would wait for their batch rather than for their turn. */
const PUBLISHES_PER_S = 20
/** For lists of a short run: how long a webhook is left to come by itself, and when a list that failed is asked again. */
const YOUNGEST_MS = 500
const LIST_BACKOFF = { baseMs: 200, capMs: 2_000 }
const NOTHING = { applied: 0, buried: 0, failed: 0, duplicates: 0, differing: 0, circuitsOpened: 0, circuitsOpen: 0 }
let service: Service | undefined
let queue: Queue
let ledger: Ledger | undefined
let setup: ServiceSetup
let levers: Levers
let meters: Meters | undefined
const asked = new AskedMeter()
let interventions: Interventions
/** The undo function of each fault that is on in this process. */
const faults = new Map<number, Undo>()
let liftCapacity: Undo = () => {}
const endReplay = new AbortController()
let replaying: Promise<void> | undefined

obeyRunner()
process.on('message', (message: ToService) => {
  perform(message).catch((error) => {
    const code = error instanceof FloodmarkError ? error.code : 'unavailable'
    say({ kind: 'failed', code, message: messageOf(error) })
  })
})

async function perform(message: ToService): Promise<void> {
  if (message.kind === 'setup') return start(message)
  if (message.kind === 'fault-on') return turnOn(message.id, message.fault)
  if (message.kind === 'fault-off') return turnOff(message.id)
  if (message.kind === 'stop') return stop()
  if (message.kind === 'lift-capacity') return void liftCapacity()
  if (message.kind === 'replay') return replayLetters(message)
  if (message.kind === 'end-replay') return endReplay.abort()
  const paths = { effects: effectsPath(message.folder), buried: buriedPath(message.folder) }
  await exportEffects(
    ledger!,
    { runId: setup.runId, startAtMs: message.startAtMs, timedHeaders: timedHeaders() },
    paths,
  )
  await exportNotes(ledger!, message.folder)
  say({ kind: 'exported' })
}

function timedHeaders(): Record<string, readonly string[]> {
  return Object.fromEntries(setup.routes.map((route) => [route.source, route.timedHeaders]))
}

function turnOn(id: number, fault: AnyFault): void {
  // A fault that came while this process was starting comes again when it is ready. Each is undone once, so it is turned on once.
  if (faults.has(id)) return
  const { inside } = kindOf(fault)
  if (!inside) throw new FloodmarkError('misuse', `the fault ${fault.what} does not act inside a process`)
  faults.set(id, inside(levers, fault))
}

function turnOff(id: number): void {
  faults.get(id)?.()
  faults.delete(id)
}

async function replayLetters(order: ReplayOrder): Promise<void> {
  const stack = { ledger: ledger!, queue, clock: levers.processClock, signal: endReplay.signal }
  const done = replayOwn(order, { ...stack, namespace: setup.namespace })
  replaying = done.then(() => {})
  say({ kind: 'replayed', ...(await done) })
}

async function stop(): Promise<void> {
  try {
    endReplay.abort()
    await replaying
    await service?.stop()
    process.exit(0)
  } catch (error) {
    say({ kind: 'error', message: `stopping: ${messageOf(error)}` })
    process.exit(1)
  }
}

async function start(given: ServiceSetup): Promise<void> {
  setup = given
  const { runId, namespace, port, settings, receivers } = setup
  const { seed, inFlightMax, publishDeadlineMs, capacityPerS } = settings
  levers = new Levers(seeded(seed ^ 2))
  if (setup.metered) meters = new Meters(asked)
  const { plant: planted = {} } = setup
  plant(levers, planted)
  interventions = new Interventions(setup.intervention)
  levers.delaySyncs(interventions.syncMs)
  interventions.apply()
  const scenario = plannedScenario((await import(setup.scenario)).default, setup)
  const open = async ({ module, ...place }: Place) =>
    (await import(module)).default.open({ ...place, namespace, clock: levers.processClock })
  const whole: Queue = opened('queue', await open(setup.queue), setup.queue.module)
  const limited = interventions.queue(publishedTo(whole, capacityPerS && capacityPerS / receivers))
  queue = meters?.queue(limited) ?? limited
  const receiving = setup.receiver === undefined ? undefined : await receive(setup.receiver)
  const fetchBody = setup.providerApi && createBodyFetcher({ origins: [setup.providerApi], clock: systemClock })
  const work = effectOf(
    { runId, seed, nowMs: preciseNow, timedHeaders: timedHeaders(), ...(fetchBody && { fetchBody }) },
    scenario,
  )
  const struck = interventions.effect(levers.effect(work))
  const effect = meters?.effect(struck) ?? struck
  const plain = setup.ledger && levers.ledger(opened('ledger', await open(setup.ledger), setup.ledger.module))
  const refusing = plain && interventions.ledger(plain)
  ledger = refusing && (meters?.ledger(refusing) ?? refusing)
  const reconciling = receiving && setup.reconciles && reconcilingOf(scenario, receiving.routes)
  service = await startService({
    queue,
    clock: levers.processClock,
    random: seeded(seed),
    limits: { port, ...runLimits(settings.quick), inFlightMax, publishDeadlineMs, ...plantedLimits(planted) },
    ...(receiving && { receiving: { ...receiving, ...(reconciling && { reconciling }) } }),
    ...(ledger && { processing: { ledger, effect } }),
    onError: (error) => say({ kind: 'error', message: messageOf(error) }),
  })
  const { order } = queue.traits
  say({ kind: 'ready', port: service.port, queue: { ...pick(queue), order }, ledger: ledger && pick(ledger) })
  setInterval(() => sample(service!).catch(() => {}), SAMPLE_MS).unref()
}

/** The queue as the process publishes to it, no faster than the capacity that the run gave it. */
function publishedTo(opened: Queue, capacityPerS: number | undefined): Queue {
  const { publishEventsMax } = setup.plant?.places ?? {}
  if (capacityPerS === undefined)
    return levers.queue(opened, publishEventsMax === undefined ? {} : { publishEventsMax })
  liftCapacity = limitPublishes(levers, capacityPerS)
  const smallBatch = Math.ceil(capacityPerS / PUBLISHES_PER_S)
  return levers.queue(opened, { publishEventsMax: Math.min(opened.traits.publishEventsMax, smallBatch) })
}

async function receive(module: string) {
  const routes = await Promise.all(
    setup.routes.map(async ({ path, source, provider, secret }) => {
      const loaded = (await import(interventions.provider(plantedProvider(provider, setup.plant ?? {})))).default
      return { path, source, provider: loaded, secrets: [loaded.secret(secret)] }
    }),
  )
  const plain: Receiver = (await import(module)).default
  return { receiver: interventions.receiver(meters?.receiver(plain) ?? plain), routes }
}

/** Providers of a run list no more than the run's own events. */
function reconcilingOf({ reconcile }: Scenario, routes: readonly Route[]) {
  if (!reconcile) return undefined
  const { everyMs, overlapMs } = reconcile
  const lists = routes.map((route) => eventList(setup.providerApi!, route))
  return { lists, everyMs, overlapMs, youngestMs: YOUNGEST_MS, backoff: LIST_BACKOFF }
}

function pick({ traits }: Queue | Ledger) {
  const { server, survives, shared, dataFolders = [] } = traits
  const bytes = 'markMemory' in traits ? traits.markMemory?.bytes : undefined
  const marks = 'ttlMs' in traits && bytes !== undefined && { marks: { bytes, keptMs: traits.ttlMs } }
  return { server, survives, shared, dataFolders, ...marks }
}

let busyLast = performance.eventLoopUtilization()

async function sample({ counts, received }: Service): Promise<void> {
  const busy = performance.eventLoopUtilization()
  const { user, system } = process.cpuUsage()
  const { applied, buried, failed, duplicates, differing, circuitsOpened, circuitsOpen } = counts ?? NOTHING
  const depth = ledger && (await queue.depth().catch(() => undefined))
  const eventLoopUtilization = performance.eventLoopUtilization(busy, busyLast).utilization
  busyLast = busy
  const backlog = depth ? depth.waiting + depth.inFlight : null
  const done = { applied, buried, failed, duplicates, differing, circuitsOpened, circuitsOpen, backlog }
  const cost = { cpuSeconds: (user + system) / 1e6, rssBytes: ownMemoryBytes(), eventLoopUtilization }
  const metered = meters && { meters: meters.read() }
  const refused = received && { refused: sumOfRefusals(received.refused) }
  say({ kind: 'sample', sample: { atMs: preciseNow(), ...done, ...cost, ...refused, asked: asked.read(), ...metered } })
}

/** Over all routes. */
function sumOfRefusals(counts: RefusalCounts): NonNullable<ServiceSample['refused']> {
  const sums: Partial<Record<RefusalReason, number>> = {}
  for (const [reason, count] of Object.values(counts).flatMap(reasonsOf)) sums[reason] = (sums[reason] ?? 0) + count
  return sums
}

const reasonsOf = (of: RefusalCounts[string]) => Object.entries(of) as [RefusalReason, number][]

function say(message: FromService): void {
  if (process.connected) process.send?.(message)
}
