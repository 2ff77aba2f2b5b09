import { randomBytes } from 'node:crypto'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Provider } from '../../core/contracts/provider.ts'
import { moduleOf, namesOf } from '../scenario/registry.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { loadScenario } from '../scenario/schema.ts'
import { bodiesFile, sendingProvider } from '../scenario/sending-route.ts'
import { meanPerS, readTrace, type Trace, withTrace } from '../scenario/trace.ts'
import { wrongType } from './bugs.ts'
import { requireRoom } from './event-content.ts'
import type { Config } from './settings.ts'
import { withSpike } from './spike.ts'

/** Who sends to which path. `provider` is the file URL of its module. */
export interface PlannedRoute {
  readonly path: string
  readonly source: string
  readonly provider: string
  /** What the sender signs with, and what the receiver verifies with. */
  readonly signing: string
  readonly verifying: string
  /** File of the bodies that it sends; undefined: its samples. */
  readonly bodies: string | undefined
}

/** What a run is to do, before anything is started. */
export interface Plan {
  readonly scenarioModule: string
  /** With the trace's shape, or the spike, where there is one. */
  readonly scenario: Scenario
  readonly trace: Trace | undefined
  readonly spike: number | undefined
  readonly modules: { readonly receiver: string; readonly queue: string; readonly ledger: string }
  readonly routes: readonly PlannedRoute[]
  readonly runId: string
  readonly durationMs: number
  readonly ratePerS: number
  /** Where the rate comes from, and its course when that is not the scenario's own; for the report. */
  readonly rateChosen: string
}

/** Everything that follows from the config alone. @throws FloodmarkError 'misuse'. */
export async function planOf(config: Config): Promise<Plan> {
  const scenarioModule = moduleOf('scenario', config.scenario)
  const own = await loadScenario(scenarioModule, config.scenario)
  const { spike } = config
  if (spike !== undefined && config.shape !== undefined) {
    throw new FloodmarkError(
      'misuse',
      "--spike scales the scenario's own peak, --shape replaces it: choose one of them",
    )
  }
  const trace = config.shape === undefined ? undefined : readTrace(config.shape)
  const scenario = withSpike(withTrace(own, trace), spike)
  const durationMs = durationOf(config, own, trace)
  const ratePerS = config.rate ?? (trace ? meanPerS(trace) : own.ratePerS)
  return {
    scenarioModule,
    scenario,
    trace,
    spike,
    modules: {
      receiver: moduleOf('receiver', config.receiver),
      queue: moduleOf('queue', config.queue),
      ledger: moduleOf('ledger', config.ledger),
    },
    routes: await Promise.all(scenario.mix.map((part) => routeOf(part, scenarioModule, scenario, config.scenario))),
    runId: randomBytes(5).toString('hex'),
    durationMs,
    ratePerS,
    rateChosen: rateChosenOf(config, { ratePerS, durationMs, trace }),
  }
}

function durationOf({ duration, quick }: Config, own: Scenario, trace: Trace | undefined): number {
  if (duration !== undefined) return duration * 1_000
  const wholeMs = trace ? trace.length * 1_000 : own.durationMs
  return quick ? Math.min(own.quickMs, wholeMs) : wholeMs
}

function rateChosenOf(
  { rate, shape, spike, scenario }: Config,
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
  return namesOf('scenario').includes(scenario)
    ? `${fixed}; chosen to leave a two-core machine room at the peak`
    : fixed
}

/** A way in for one provider, with secrets of this run alone. */
async function routeOf(
  { provider: name, bodies: given }: Scenario['mix'][number],
  scenarioModule: string,
  scenario: Scenario,
  called: string,
): Promise<Plan['routes'][number]> {
  const module = moduleOf('provider', name)
  const provider: Provider = (await import(module)).default
  requireRoom(scenario, provider)
  const text = randomBytes(24).toString('hex')
  const { signing, verifying } = provider.newSecret?.() ?? { signing: text, verifying: text }
  const bodies = bodiesFile(given, scenarioModule)
  const sending = await sendingProvider(module, bodies)
  const wrong = wrongType(scenario, name, sending)
  if (wrong) throw new FloodmarkError('misuse', `${called}: ${wrong}`)
  return { path: `/webhooks/${name}`, source: name, provider: module, signing, verifying, bodies }
}
