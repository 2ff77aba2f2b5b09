import { createServer } from 'node:http'
import { listen } from '../../core/receiving/http.ts'
import type { ProcessStatus } from './messages.ts'

const REQUEST_MS = 5_000

/**
 * A port for whoever runs a service, apart from that of its senders: GET /status says what each process has done. Resolves to the
 * port. @throws FloodmarkError 'unavailable' when it is taken.
 */
export function startAdmin(
  where: { readonly host: string; readonly port: number },
  status: () => Promise<readonly ProcessStatus[]>,
): Promise<number> {
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/status') return void response.writeHead(404).end()
    const processes = await status()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ processes }))
  })
  // It keeps no process alive.
  server.unref()
  return listen(server, where)
}
