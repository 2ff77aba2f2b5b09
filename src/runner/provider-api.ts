import { createServer } from 'node:http'
import { listen } from '../core/http.ts'
import type { Plan } from './plan-run.ts'
import { ProviderStore } from './provider-store.ts'
import type { RunRecord } from './records.ts'

/** What a provider offers beside its webhooks, on 127.0.0.1 and for the time of a run. */
export interface ProviderApi {
  readonly origin: string
  /** What it was asked for, for run.json. */
  readonly records: Pick<RunRecord, 'store'>
  close(): Promise<void>
}

/** undefined where the scenario asks for nothing of it. */
export async function startProviderApi(plan: Plan, seed: number): Promise<ProviderApi | undefined> {
  const { runId, scenario } = plan
  if (!scenario.claimCheck) return undefined
  const store = new ProviderStore({ runId, seed, scenario })
  const server = createServer((request, response) => {
    if (!store.answer(request, response)) response.writeHead(404).end()
  })
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  return {
    origin: `http://127.0.0.1:${port}`,
    get records() {
      return { store: store.record }
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
