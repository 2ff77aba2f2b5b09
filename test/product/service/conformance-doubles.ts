import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import generic from '../../../providers/generic.ts'
import { SECRET } from '../shop.ts'
import type { ConformanceTarget } from './conformance-scenarios.ts'

/** One flaw each, as the ten reference receivers of webhook-receiver-conformance have them. */
export const FLAWS = {
  'FLAW-001': 'keeps no record of what it has processed',
  'FLAW-002': 'looks whether it knows an event, and notes it later',
  'FLAW-003': 'notes an event before its effect',
  'FLAW-004': 'answers before the work is safe',
  'FLAW-005': 'verifies what it has parsed and written again',
  'FLAW-006': 'takes signatures that are wrong or stale',
  'FLAW-007': 'has the effect before it notes the event',
  'FLAW-008': 'expects events in their order',
  'FLAW-009': 'logs what is private',
  'FLAW-010': 'keeps its record in memory',
} as const
/** Between two steps of its work: as long as it takes for copies that were sent together to be there together. */
const PAUSE_MS = 30

export type Flaw = keyof typeof FLAWS | 'none'

interface Event {
  readonly id: string
  readonly type: string
  readonly key: string
}

/** A receiver in this process whose crash loses what it had not stored. `effects` and `marks` are its disk. */
export class Double implements ConformanceTarget {
  port = 0
  readonly effects: string[] = []
  readonly #flaw: Flaw
  #marks = new Set<string>()
  readonly #paid = new Set<string>()
  readonly #lines: string[] = []
  #life = 0
  #hasCrashed = false
  readonly #server = createServer((request, response) => void this.#handle(request, response))

  constructor(flaw: Flaw) {
    this.#flaw = flaw
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
  }

  async crash(): Promise<void> {
    this.#life++
    this.#server.closeAllConnections()
    if (this.#flaw === 'FLAW-010') this.#marks = new Set()
  }

  log(): string {
    return this.#lines.join('\n')
  }

  async stop(): Promise<void> {
    await wait(10 * PAUSE_MS)
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => {})
    const pieces: Buffer[] = []
    try {
      for await (const piece of request) pieces.push(piece as Buffer)
    } catch {
      return
    }
    const raw = Buffer.concat(pieces)
    const answer = (status: number) => {
      if (!response.destroyed && !response.headersSent) response.writeHead(status, { connection: 'close' }).end()
    }
    const isGenuine = this.#isGenuine(request, raw)
    if (this.#flaw === 'FLAW-009') this.#lines.push(`${raw} ${request.headers['x-webhook-signature']}`)
    if (!isGenuine) return answer(401)
    let event: Event
    try {
      event = JSON.parse(raw.toString())
    } catch {
      return answer(400)
    }
    if (this.#flaw === 'FLAW-004') answer(200)
    const life = this.#life
    await this.#process(event, life)
    if (life === this.#life) answer(200)
  }

  #isGenuine({ headers }: IncomingMessage, raw: Buffer): boolean {
    const signed = this.#flaw === 'FLAW-005' ? writtenAgain(raw) : raw
    const header = (name: string) => headers[name] as string | undefined
    if (this.#flaw === 'FLAW-006' && header('x-webhook-id')) return true
    try {
      generic.verify({ url: '/in', header, raw: signed, receivedAtMs: Date.now() }, [generic.secret(SECRET)])
      return true
    } catch {
      return false
    }
  }

  /** Notes and effect are one step, unless that is the flaw. A process that died meanwhile stores nothing more. */
  async #process(event: Event, life: number): Promise<void> {
    const { id } = event
    const isAlive = () => life === this.#life
    const pause = async () => {
      await wait(PAUSE_MS)
      if (event.type !== 'crash' || this.#hasCrashed) return
      this.#hasCrashed = true
      await this.crash()
    }
    if (this.#flaw !== 'FLAW-001' && this.#marks.has(id)) return
    if (this.#flaw === 'FLAW-003') this.#marks.add(id)
    if (this.#flaw === 'FLAW-007') this.#apply(event)
    await pause()
    if (!isAlive()) return
    const isKnown = this.#marks.has(id)
    const isChecked = this.#flaw !== 'FLAW-001' && this.#flaw !== 'FLAW-002' && this.#flaw !== 'FLAW-003'
    if (isChecked && isKnown) return
    this.#marks.add(id)
    if (this.#flaw !== 'FLAW-007') this.#apply(event)
  }

  #apply({ id, type, key }: Event): void {
    if (type === 'order.paid') this.#paid.add(key)
    if (this.#flaw === 'FLAW-008' && type === 'order.refunded' && !this.#paid.has(key)) return
    this.effects.push(id)
  }
}

function writtenAgain(raw: Buffer): Buffer {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(raw.toString())))
  } catch {
    return raw
  }
}
