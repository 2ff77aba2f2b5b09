import { createServer, type ServerResponse } from 'node:http'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { listen } from '../../core/receiving/http.ts'
import { type Address, codeOf, portTrouble } from './ports.ts'
import type { Questions } from './questions.ts'

const REQUEST_MS = 5_000
const HEAD_BYTES_MAX = 64 * 1024
/** Ten digits, as every run has them. */
const RUN = /^[0-9a-f]{10}$/

export interface Admin {
  readonly port: number
  /** From now on it answers. Before, it says that the service is starting. */
  answerBy(questions: Pick<Questions, 'status' | 'lookUp' | 'effects'>): void
}

/**
 * A port for whoever runs a service, apart from that of its senders: GET /status says what each process has done,
 * GET /lookup?id=… what became of events, and GET /effects?run=… which events of a run took effect, where the service tells it.
 * It is opened before anything else, so that a service never starts without it. @throws FloodmarkError 'unavailable' when it cannot be.
 */
export async function openAdmin(where: Address, tellsEffects: boolean): Promise<Admin> {
  let questions: Parameters<Admin['answerBy']>[0] | undefined
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: HEAD_BYTES_MAX }
  const server = createServer(limits, async ({ method, url = '' }, response) => {
    // Not by URL, which throws for what a request may ask for.
    const [pathname, query] = url.split('?', 2)
    const asked = new URLSearchParams(query)
    if (method !== 'GET') return void response.writeHead(404).end()
    if (!questions) return answer(response, 503, { wrong: 'the service is starting: ask again' })
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
  const port = await listen(server, where).catch((cause) => {
    const what = `the admin port ${where.host}:${where.port} ${portTrouble(codeOf(cause))}`
    throw new FloodmarkError('unavailable', `${what}: give this command another by --admin-port`, { cause })
  })
  return {
    port,
    answerBy(those) {
      questions = those
    },
  }
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
