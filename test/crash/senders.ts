import type { ChildProcess } from 'node:child_process'
import { Agent, request } from 'node:http'
import lmdb from '../../ledgers/lmdb.ts'
import generic from '../../providers/generic.ts'

export const victim = new URL('./victim.ts', import.meta.url).pathname
const SECRET = generic.secret('a secret for tests')

/** One sender: an ordering key of its own, one event after the other, each again until it is accepted. */
export interface Sender {
  readonly key: string
  next: number
  readonly accepted: string[]
}

export function senders(count: number): Sender[] {
  return Array.from({ length: count }, (_, at) => ({ key: `k${at}`, next: 0, accepted: [] }))
}

function post(agent: Agent, port: number, id: string, key: string): Promise<number> {
  const body = Buffer.from(JSON.stringify({ type: 'made', key, filler: 'x'.repeat(Number(id.split('-')[1]) % 700) }))
  const headers = {
    ...generic.sign(body, SECRET, { id, type: 'made', atMs: Date.now() }),
    'content-length': body.length,
  }
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, path: '/in', method: 'POST', headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode!))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Sends until it is over, or one is not accepted: it may have been stored, so it comes again, as a provider would send it. */
async function send(sender: Sender, agent: Agent, port: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const id = `${sender.key}-${sender.next}`
    const status = await post(agent, port, id, sender.key).catch(() => undefined)
    if (status !== 200) return
    sender.accepted.push(`in:${id}`)
    sender.next++
  }
}

export async function load(all: readonly Sender[], port: number, isOver: () => boolean): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: all.length })
  await Promise.all(all.map((sender) => send(sender, agent, port, isOver)))
  agent.destroy()
}

export interface Running {
  readonly child: ChildProcess
  /** NaN: it ended before it listened. */
  readonly port: number
  readonly ended: Promise<unknown>
}

export interface Outcome {
  readonly effects: ReadonlyMap<string, readonly string[]>
  readonly buried: ReadonlySet<string>
}

/** What became of the accepted: all zero where the stack keeps its promise. */
export function judged(all: readonly Sender[], { effects, buried }: Outcome) {
  const found = { lost: 0, doubled: 0, disordered: 0, appliedAndBuried: 0 }
  for (const { key, accepted } of all) {
    const ofKey = effects.get(`effects/${key}`) ?? []
    const numbers = ofKey.map((id) => Number(id.split('-')[1]))
    found.lost += accepted.filter((id) => !ofKey.includes(id) && !buried.has(id)).length
    found.doubled += ofKey.length - new Set(ofKey).size
    found.disordered += numbers.filter((number, at) => number < numbers[at - 1]!).length
    // A life that ends between a failure and the next try fails anew: five such lives make a dead letter, never both.
    found.appliedAndBuried += ofKey.filter((id) => buried.has(id)).length
  }
  return found
}

/** What the ledger has once the stack has had time to work off what it held: all that is acknowledged, or what there is after a while. */
export async function settled(all: readonly Sender[], folder: string, start: () => Promise<Running>): Promise<Outcome> {
  const acknowledged = all.flatMap(({ accepted }) => accepted)
  for (let rounds = 1; ; rounds++) {
    const running = await start()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    running.child.kill('SIGTERM')
    await running.ended
    const outcome = await readLedger(folder)
    const there = new Set([...outcome.effects.values()].flat().concat(...outcome.buried))
    if (rounds === 6 || acknowledged.every((id) => there.has(id))) return outcome
  }
}

async function readLedger(folder: string): Promise<Outcome> {
  const ledger = await lmdb.open({ url: `${folder}/ledger`, namespace: 'crash' })
  const effects = new Map<string, string[]>()
  for await (const [name, value] of ledger.items('effects/')) {
    effects.set(name, [...(effects.get(name) ?? []), Buffer.from(value).toString()])
  }
  const buried = new Set<string>()
  for await (const { event } of ledger.buried()) buried.add(event.id)
  await ledger.close()
  return { effects, buried }
}
