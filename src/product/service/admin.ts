import { createServer, type ServerResponse } from 'node:http'
import { listen } from '../../core/receiving/http.ts'
import type { Supervisor } from './supervisor.ts'

const REQUEST_MS = 5_000
const HEAD_BYTES_MAX = 64 * 1024

/**
 * A port for whoever runs a service, apart from that of its senders: GET /status says what each process has done, and
 * GET /lookup?id=… what became of events. Resolves to the port. @throws FloodmarkError 'unavailable' when it is taken.
 */
export function startAdmin(
  where: { readonly host: string; readonly port: number },
  supervisor: Pick<Supervisor, 'status' | 'lookUp'>,
): Promise<number> {
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: HEAD_BYTES_MAX }
  const server = createServer(limits, async ({ method, url = '' }, response) => {
    // Not by URL, which throws for what a request may ask for.
    const [pathname, query] = url.split('?', 2)
    if (method === 'GET' && pathname === '/status')
      return answer(response, 200, { processes: await supervisor.status() })
    if (method !== 'GET' || pathname !== '/lookup') return void response.writeHead(404).end()
    const found = await supervisor.lookUp(new URLSearchParams(query).getAll('id'))
    answer(response, 'wrong' in found ? 400 : 200, found)
  })
  // It keeps no process alive.
  server.unref()
  return listen(server, where)
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
