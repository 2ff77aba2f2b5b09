import { randomBytes } from 'node:crypto'
import { shortName } from '../../core/base/short-name.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { load } from '../scenario/plugins.ts'
import { isOurs, moduleOf } from '../scenario/registry.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { loadScenario } from '../scenario/schema.ts'
import { bodiesFile, sendingProvider } from '../scenario/sending-route.ts'
import { pathAt, requireHarmless, type Target, targetOf } from '../scenario/target.ts'
import { meanPerS, readTrace, type Trace } from '../scenario/trace.ts'
import { wrongType } from './bugs.ts'
import { requireRoom } from './event-content.ts'
import { timedHeadersOf } from './planned-content.ts'
import { plannedScenario } from './planned-scenario.ts'
import type { RunSettings } from './settings.ts'

/** A path and the provider that sends to it. `provider` is the file URL of its module. */
interface PlannedRoute {
  readonly path: string
  readonly source: string
  readonly provider: string
  /** What the sender signs with, and what the receiver verifies with. */
  readonly signing: string
  readonly verifying: string
  /** File of the bodies that it sends; undefined: its samples. */
  readonly bodies: string | undefined
  /** Names of kept headers that tell when a request was signed. */
  readonly timedHeaders: readonly string[]
}

/** What a run is to do: all that follows from its settings and its scenario, before anything is started. */
export interface Plan {
  readonly settings: RunSettings
  readonly scenarioModule: string
  /** As plannedScenario makes it. */
  readonly scenario: Scenario
  readonly trace: Trace | undefined
  /** What the file of the trace was taken for, in words. */
  readonly traceRead: string | undefined
  /** Takes the requests instead of a stack. */
  readonly target: Target | undefined
  readonly modules: { readonly receiver: string; readonly queue: string; readonly ledger: string }
  readonly routes: readonly PlannedRoute[]
  readonly runId: string
  readonly durationMs: number
  readonly ratePerS: number
  /** Pass mark of the p99 of accepted first attempts: asked for by --p99, else the scenario's own. */
  readonly acceptP99Ms: number
  /** Where the rate comes from, and its course when that is not the scenario's own; for the report. */
  readonly rateChosen: string
}

/** @throws FloodmarkError 'misuse' when a setting, the scenario, or a plug-in that they name is wrong. */
export async function planOf(settings: RunSettings): Promise<Plan> {
  const { spike, shape } = settings
  const scenarioModule = moduleOf('scenario', settings.scenario)
  const own = await loadScenario(scenarioModule, settings.scenario)
  if (spike !== undefined && shape !== undefined) {
    throw new FloodmarkError(
      'misuse',
      "--spike scales the scenario's own peak, --shape replaces it: choose one of them",
    )
  }
  const { trace, read } = shape === undefined ? {} : readTrace(shape)
  const scenario = plannedScenario(own, { scenario: scenarioModule, settings, trace })
  if (settings.target !== undefined) requireHarmless(scenario)
  else if (settings.effects !== undefined)
    throw new FloodmarkError('misuse', '--effects tells of a --target; the effects of our own stack are in its ledger')
  const durationMs = durationOf(settings, own, trace)
  const runId = randomBytes(5).toString('hex')
  const ratePerS = settings.ratePerS ?? (trace ? meanPerS(trace) : own.ratePerS)
  return {
    settings: { ...settings, signing: signingOf(settings, scenario) },
    scenarioModule,
    scenario,
    trace,
    traceRead: read,
    target: settings.target === undefined ? undefined : targetOf(settings.target),
    modules: await modulesOf(settings),
    routes: await Promise.all(scenario.mix.map((part) => routeOf(part, { runId, settings, scenario, scenarioModule }))),
    runId,
    durationMs,
    ratePerS,
    acceptP99Ms: settings.acceptP99Ms ?? scenario.passes.acceptP99Ms,
    rateChosen: rateChosenOf(settings, { ratePerS, durationMs, trace }),
  }
}

/** Each is loaded once here, so that a mistake in it is named before anything starts. */
async function modulesOf({ receiver, queue, ledger }: RunSettings): Promise<Plan['modules']> {
  await Promise.all([load('receiver', receiver), load('queue', queue), load('ledger', ledger)])
  return {
    receiver: moduleOf('receiver', receiver),
    queue: moduleOf('queue', queue),
    ledger: moduleOf('ledger', ledger),
  }
}

function durationOf(settings: RunSettings, own: Scenario, trace: Trace | undefined): number {
  if (settings.durationMs !== undefined) return settings.durationMs
  const wholeMs = trace ? trace.length * 1_000 : own.durationMs
  return settings.quick ? Math.min(own.quickMs, wholeMs) : wholeMs
}

function rateChosenOf(
  { ratePerS: rate, shape, spike, scenario }: RunSettings,
  { ratePerS, durationMs, trace }: Pick<Plan, 'ratePerS' | 'durationMs' | 'trace'>,
): string {
  const asked = 'asked for by --rate'
  const spiked = spike === undefined ? '' : `; its peak is ${spike} times that, as asked for by --spike`
  if (trace) {
    const stretched = durationMs === trace.length * 1_000 ? '' : `, stretched to ${durationMs / 1_000} s`
    return `${rate === undefined ? "the trace's mean" : asked}; its course is that of ${shape}, ${trace.length} s${stretched}`
  }
  if (rate !== undefined) return asked + spiked
  const fixed = `the scenario's own: a fixed ${ratePerS}/s, so that runs on different machines compare`
  if (spiked) return fixed + spiked
  return isOurs('scenario', scenario) ? `${fixed}; chosen to leave a two-core machine room at the peak` : fixed
}

/** The secrets of the providers that send. */
function signingOf({ signing = {} }: RunSettings, { mix }: Scenario): Readonly<Record<string, string>> {
  const sources = mix.map(({ provider }) => shortName(provider))
  return Object.fromEntries(Object.entries(signing).filter(([name]) => sources.includes(name)))
}

/** A way in for one provider, with secrets of this run alone. */
async function routeOf(
  { provider: name, bodies: given }: Scenario['mix'][number],
  { runId, settings, scenario, scenarioModule }: Pick<Plan, 'runId' | 'settings' | 'scenario' | 'scenarioModule'>,
): Promise<Plan['routes'][number]> {
  const module = moduleOf('provider', name)
  const provider = await load('provider', name)
  requireRoom(scenario, provider)
  const known = settings.target === undefined ? undefined : settings.signing?.[shortName(name)]
  const text = known ?? randomBytes(24).toString('hex')
  const { signing, verifying } = (known === undefined && provider.newSecret?.()) || { signing: text, verifying: text }
  const bodies = bodiesFile(given, scenarioModule)
  const sending = await sendingProvider(module, bodies)
  const wrong = wrongType(scenario, name, sending)
  if (wrong) throw new FloodmarkError('misuse', `${settings.scenario}: ${wrong}`)
  const source = shortName(name)
  const path = settings.target === undefined ? `/webhooks/${source}` : pathAt(settings.target, source)
  const route = { path, source, provider: sending, secret: sending.secret(signing) }
  const timedHeaders = timedHeadersOf({ runId, seed: settings.seed, scenario }, route)
  return { path, source, provider: module, signing, verifying, bodies, timedHeaders }
}
