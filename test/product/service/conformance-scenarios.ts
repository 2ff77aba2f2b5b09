import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import generic from '../../../providers/generic.ts'
import { type Outcome, post, SECRET } from '../shop.ts'

/*
 * The sixteen scenarios of webhook-receiver-conformance, made anew from their descriptions: what is sent, how it has to be answered,
 * and which effects there must be in the end. Where its own harness is what is tested, here the sender is.
 */

/** A receiver and what stands behind it. */
export interface ConformanceTarget {
  readonly port: number
  /** Ends it as a power cut would, and starts it again. Resolves when it takes requests. */
  crash(): Promise<void>
  /** Whatever it has written for people. */
  log(): string
}

export interface ConformanceScenario {
  readonly id: string
  readonly name: string
  /** @returns what was answered otherwise than it should have been. */
  act(target: ConformanceTarget): Promise<readonly string[]>
  /** The ids that must have taken effect, each once. */
  readonly effects: readonly string[]
}

interface Sent {
  readonly id: string
  readonly type?: string
  readonly body?: Buffer
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly atMs?: number
  readonly secret?: string
}

export const CANARY = 'canary-4929-1111-2222-3333'

const bodyOf = (id: string, type: string) =>
  Buffer.from(JSON.stringify({ id, type, key: id.split('-')[0], note: '1 + 1' }))

function request({
  id,
  type = 'order.paid',
  body = bodyOf(id, type),
  headers,
  atMs = Date.now(),
  secret = SECRET,
}: Sent) {
  const signed = generic.sign(bodyOf(id, type), generic.secret(secret), { id, type, atMs })
  const own = body.equals(bodyOf(id, type)) ? signed : generic.sign(body, generic.secret(secret), { id, type, atMs })
  const all = Object.entries({ 'content-type': 'application/json', ...own, ...headers })
  return { body, headers: Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Record<string, string> }
}

async function send({ port }: { readonly port: number }, sent: Sent): Promise<Outcome> {
  const { body, headers } = request(sent)
  return post(port, '/in', body, headers)
}

/** As a provider that hears nothing: it sends again. */
async function sendUntilAnswered(target: ConformanceTarget, sent: Sent): Promise<Outcome> {
  for (let tries = 0; tries < 600; tries++) {
    const outcome = await send(target, sent)
    if (outcome !== 'unknown' && outcome < 500) return outcome
    await wait(50)
  }
  return 'unknown'
}

/** Sends the whole request and goes away without waiting for an answer. */
async function sendAndLeave({ port }: ConformanceTarget, sent: Sent): Promise<void> {
  const { body, headers } = request(sent)
  const lines = Object.entries({ ...headers, 'content-length': String(body.length), host: 'localhost' })
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const head = `POST /in HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  await new Promise<void>((resolve) => socket.write(Buffer.concat([Buffer.from(head), body]), () => resolve()))
  socket.destroy()
}

const isTaken = (outcome: Outcome) => typeof outcome === 'number' && outcome < 300
const isRefused = (outcome: Outcome) => typeof outcome === 'number' && outcome >= 400 && outcome < 500

function wrong(what: string, outcome: Outcome, fits: (outcome: Outcome) => boolean): readonly string[] {
  return fits(outcome) ? [] : [`${what}: ${outcome}`]
}

/** Each of these has to be refused, and to have no effect. */
async function refused(target: ConformanceTarget, all: Readonly<Record<string, Sent>>): Promise<readonly string[]> {
  const found: string[] = []
  for (const [what, sent] of Object.entries(all))
    found.push(...wrong(what, await sendUntilAnswered(target, sent), isRefused))
  return found
}

async function taken(target: ConformanceTarget, ...all: readonly Sent[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const sent of all) found.push(...wrong(sent.id, await sendUntilAnswered(target, sent), isTaken))
  return found
}

const signatureOf = (id: string) => request({ id }).headers['x-webhook-signature']!
const header = (value: string | undefined) => ({ 'x-webhook-signature': value })

export const SCENARIOS: readonly ConformanceScenario[] = [
  { id: 'SCN-001', name: 'a valid delivery', act: (to) => taken(to, { id: 's01-a' }), effects: ['s01-a'] },
  {
    id: 'SCN-002',
    name: 'a copy after it',
    act: (to) => taken(to, { id: 's02-a' }, { id: 's02-a' }),
    effects: ['s02-a'],
  },
  {
    id: 'SCN-003',
    name: 'copies at the same time',
    act: async (to) => (await Promise.all(Array.from({ length: 12 }, () => taken(to, { id: 's03-a' })))).flat(),
    effects: ['s03-a'],
  },
  {
    id: 'SCN-004',
    name: 'what follows comes before what it follows',
    act: (to) => taken(to, { id: 's04-a', type: 'order.refunded' }, { id: 's04-b', type: 'order.paid' }),
    effects: ['s04-a', 's04-b'],
  },
  {
    id: 'SCN-005',
    name: 'a sender that gives up, and sends again',
    async act(to) {
      await sendAndLeave(to, { id: 's05-a' })
      return taken(to, { id: 's05-a' })
    },
    effects: ['s05-a'],
  },
  {
    id: 'SCN-006',
    name: 'a connection that is refused, and then a retry',
    async act(to) {
      const first = await send({ port: 1 }, { id: 's06-a' })
      return [
        ...wrong('nobody listens there', first, (outcome) => outcome === 'unknown'),
        ...(await taken(to, { id: 's06-a' })),
      ]
    },
    effects: ['s06-a'],
  },
  {
    id: 'SCN-007',
    name: 'no signature',
    act: (to) =>
      refused(to, { none: { id: 's07-a', headers: header(undefined) }, empty: { id: 's07-b', headers: header('') } }),
    effects: [],
  },
  {
    id: 'SCN-008',
    name: 'a malformed signature',
    act: (to) =>
      refused(to, {
        rubbish: { id: 's08-a', headers: header('rubbish') },
        prefix: { id: 's08-b', headers: header('v1=') },
        short: { id: 's08-c', headers: header(signatureOf('s08-c').slice(0, -2)) },
        long: { id: 's08-d', headers: header(`${signatureOf('s08-d')}00`) },
        'other version': { id: 's08-e', headers: header(signatureOf('s08-e').replace('v1', 'v9')) },
        'no hex': { id: 's08-f', headers: header(`v1=${'zz'.repeat(32)}`) },
      }),
    effects: [],
  },
  {
    id: 'SCN-009',
    name: 'a signature under another key',
    act: (to) => refused(to, { 'other key': { id: 's09-a', secret: 'another secret of some length' } }),
    effects: [],
  },
  {
    id: 'SCN-010',
    name: 'a time that is over, and one that just is not',
    async act(to) {
      const old = { id: 's10-a', atMs: Date.now() - 302_000 }
      const within = { id: 's10-b', atMs: Date.now() - 200_000 }
      return [...(await refused(to, { old })), ...(await taken(to, within))]
    },
    effects: ['s10-b'],
  },
  {
    id: 'SCN-011',
    name: 'a body that is changed after it was signed',
    async act({ port }) {
      const found: string[] = []
      const changes: Readonly<Record<string, (text: string) => string>> = {
        value: (text) => text.replace('1 + 1', '1 + 2'),
        'white space': (text) => text.replace(',', ', '),
        escape: (text) => text.replace('1 + 1', '1 \\u002b 1'),
      }
      for (const [what, change] of Object.entries(changes)) {
        const { body, headers } = request({ id: 's11-a' })
        const outcome = await post(port, '/in', Buffer.from(change(body.toString())), headers)
        found.push(...wrong(what, outcome, isRefused))
      }
      return found
    },
    effects: [],
  },
  {
    id: 'SCN-012',
    name: 'a body that is no JSON, and content types that say nothing',
    async act(to) {
      const broken = { id: 's12-a', body: Buffer.from('{"id":') }
      const empty = { id: 's12-b', body: Buffer.alloc(0) }
      const odd = { id: 's12-c', headers: { 'content-type': 'application/json\ta' } }
      return [...(await refused(to, { broken, empty })), ...(await taken(to, odd))]
    },
    effects: ['s12-c'],
  },
  {
    id: 'SCN-013',
    name: 'a crash between two attempts',
    async act(to) {
      const first = await taken(to, { id: 's13-a' })
      await to.crash()
      return [...first, ...(await taken(to, { id: 's13-a' }, { id: 's13-b' }))]
    },
    effects: ['s13-a', 's13-b'],
  },
  {
    id: 'SCN-014',
    name: 'a sender that dies after it has sent, and begins again from its notes',
    async act(to) {
      await Promise.all(['s14-a', 's14-b'].map((id) => sendAndLeave(to, { id })))
      return taken(to, { id: 's14-a' }, { id: 's14-b' }, { id: 's14-c' })
    },
    effects: ['s14-a', 's14-b', 's14-c'],
  },
  {
    id: 'SCN-015',
    name: 'a crash in the middle of the work',
    act: (to) => taken(to, { id: 's15-a', type: 'crash' }, { id: 's15-b' }),
    effects: ['s15-a', 's15-b'],
  },
  {
    id: 'SCN-016',
    name: 'what is secret or private is written nowhere',
    async act(to) {
      const body = Buffer.from(JSON.stringify({ id: 's16-a', type: 'order.paid', key: 's16', card: CANARY }))
      const sent = { id: 's16-a', body }
      const { headers } = request(sent)
      const found = [
        ...(await taken(to, sent)),
        ...(await refused(to, { forged: { ...sent, secret: 'one that is not the right one' } })),
      ]
      const private_ = { card: CANARY, secret: SECRET, signature: headers['x-webhook-signature']!.slice(3) }
      await wait(50)
      for (const [what, text] of Object.entries(private_))
        if (to.log().includes(text)) found.push(`the log has the ${what}`)
      return found
    },
    effects: ['s16-a'],
  },
]

/** What is wrong with the effects, by scenario. */
export function wrongEffects(seen: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    SCENARIOS.flatMap(({ id, effects }) => {
      const own = seen.filter((one) => one.startsWith(`s${id.slice(-2)}-`)).toSorted()
      return String(own) === String(effects) ? [] : [[id, `${own}, not ${effects}`]]
    }),
  )
}
