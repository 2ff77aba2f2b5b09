import { createServer, type ServerResponse } from 'node:http'
import { listen } from '../../core/receiving/http.ts'
import type { Questions } from './questions.ts'

const REQUEST_MS = 5_000
const HEAD_BYTES_MAX = 64 * 1024
/** Ten digits, as every run has them. */
const RUN = /^[0-9a-f]{10}$/

/**
 * A port for whoever runs a service, apart from that of its senders: GET /status says what each process has done,
 * GET /lookup?id=… what became of events, and GET /effects?run=… which events of a run took effect, where the service tells it.
 * Resolves to the port. @throws FloodmarkError 'unavailable' when it is taken.
 */
export function startAdmin(
  where: { readonly host: string; readonly port: number },
  questions: Pick<Questions, 'status' | 'lookUp' | 'effects'>,
  tellsEffects: boolean,
): Promise<number> {
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: HEAD_BYTES_MAX }
  const server = createServer(limits, async ({ method, url = '' }, response) => {
    // Not by URL, which throws for what a request may ask for.
    const [pathname, query] = url.split('?', 2)
    const asked = new URLSearchParams(query)
    if (method !== 'GET') return void response.writeHead(404).end()
    if (pathname === '/status') return answer(response, 200, { processes: await questions.status() })
    if (pathname === '/effects') {
      const run = asked.get('run') ?? ''
      const wrong = tellsEffects ? wrongRun(run) : 'start the service with --tell-effects: else it keeps no such lines'
      if (wrong) return answer(response, tellsEffects ? 400 : 404, { wrong })
      return tell(response, questions.effects(run))
    }
    if (pathname !== '/lookup') return void response.writeHead(404).end()
    const found = await questions.lookUp(asked.getAll('id'))
    answer(response, 'wrong' in found ? 400 : 200, found)
  })
  // It keeps no process alive.
  server.unref()
  return listen(server, where)
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function wrongRun(run: string): string | undefined {
  return RUN.test(run) ? undefined : 'give the id of a run, as --effects does: /effects?run=3f9c1a2b4d'
}

/** An answer that cannot be finished is cut, so that nobody takes its part for the whole. */
async function tell(response: ServerResponse, parts: AsyncIterable<readonly string[]>): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain' })
  try {
    for await (const lines of parts) for (const line of lines) response.write(`${line}\n`)
    response.end()
  } catch {
    response.destroy()
  }
}
