import { createServer } from 'node:http'
import { listen } from '../../core/receiving/http.ts'
import type { Plan } from '../plan/plan-run.ts'
import type { RunRecord } from '../records/run-record.ts'
import { sendingRoute } from '../scenario/sending-route.ts'
import { ProviderList } from './provider-list.ts'
import { ProviderStore } from './provider-store.ts'

/** What providers offer beside their webhooks, on 127.0.0.1 and for the time of a run. */
export interface ProviderApi {
  readonly origin: string
  /** The requests that it answered, for run.json. */
  readonly records: Pick<RunRecord, 'store' | 'list'>
  /** The run's first event is due then: by the run's clock, and by the wall clock. */
  begin(startAtMs: number, startedAtEpochMs: number): void
  close(): Promise<void>
}

/** undefined where the scenario asks for nothing of it. `interrupt`: no event is created any more. */
export async function startProviderApi(
  plan: Plan,
  seed: number,
  interrupt: AbortSignal,
): Promise<ProviderApi | undefined> {
  const { runId, scenario } = plan
  if (!scenario.claimCheck && !scenario.reconcile) return undefined
  const store = scenario.claimCheck && new ProviderStore({ runId, seed, scenario })
  const list = scenario.reconcile && (await listOf(plan, seed))
  const end = () => list?.end()
  interrupt.addEventListener('abort', end, { once: true })
  const server = createServer((request, response) => {
    if (!store?.answer(request, response) && !list?.answer(request, response)) response.writeHead(404).end()
  })
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  return {
    origin: `http://127.0.0.1:${port}`,
    get records() {
      return { ...(store && { store: store.record }), ...(list && { list: list.record }) }
    },
    begin(startAtMs, startedAtEpochMs) {
      list?.begin(startAtMs, startedAtEpochMs)
    },
    close() {
      interrupt.removeEventListener('abort', end)
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

async function listOf({ runId, scenario, durationMs, ratePerS, routes }: Plan, seed: number): Promise<ProviderList> {
  const loaded = await Promise.all(
    routes.map(async ({ source, signing: secret, ...route }) => ({
      source,
      ...(await sendingRoute({ ...route, secret })),
    })),
  )
  return new ProviderList({ runId, seed, scenario }, { scenario, durationMs, ratePerS, seed }, loaded)
}
