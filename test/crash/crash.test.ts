import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import lmdb from '../../ledgers/lmdb.ts'
import generic from '../../providers/generic.ts'
import type { CrashPointName } from '../../src/core/contracts/crash-point.ts'
import { seeded } from '../../src/core/contracts/random.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-crash-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const victim = new URL('./victim.ts', import.meta.url).pathname
const SECRET = generic.secret('a secret')
const SEED = 11
const SENDERS = 12
const RANDOM_ROUNDS = 9

/** One sender: an ordering key of its own, one event after the other, each again until it is accepted. */
interface Sender {
  readonly key: string
  next: number
  readonly accepted: string[]
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

async function load(sender: Sender, agent: Agent, port: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const id = `${sender.key}-${sender.next}`
    const status = await post(agent, port, id, sender.key).catch(() => undefined)
    // No answer: it may have been stored, so the same event comes again, as a provider would send it.
    if (status !== 200) return
    sender.accepted.push(`in:${id}`)
    sender.next++
  }
}

interface Running {
  readonly child: ChildProcess
  /** NaN: it ended before it listened. */
  readonly port: number
  readonly ended: Promise<unknown>
}

async function start(point: string, lives: number): Promise<Running> {
  const child = spawn(process.execPath, [victim, folder, point, String(lives)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const [line] = await Promise.race([once(child.stdout!, 'data'), ended])
  return { child, port: Number(String(line)), ended }
}

describe('a stack that is killed again and again', () => {
  it(`has, at the end, the effect of every acknowledged event once and in order (seed ${SEED})`, async () => {
    const random = seeded(SEED)
    const senders = Array.from({ length: SENDERS }, (_, at): Sender => ({ key: `k${at}`, next: 0, accepted: [] }))
    const points: CrashPointName[] = ['before-store', 'after-store', 'after-claim', 'after-effect', 'after-settle']
    const rounds = [
      ...points.flatMap((point) => [0, 7, 40].map((lives) => ({ point, lives, killAfterMs: undefined }))),
      ...Array.from({ length: RANDOM_ROUNDS }, () => ({ point: 'never', lives: 0, killAfterMs: random() * 300 })),
    ]
    for (const { point, lives, killAfterMs } of rounds) {
      const { child, port, ended } = await start(point, lives)
      // What the round before left in the queue may take it to its crash point before anybody sends.
      if (Number.isNaN(port)) continue
      let over = false
      ended.then(() => {
        over = true
      })
      const agent = new Agent({ keepAlive: true, maxSockets: SENDERS })
      if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs)
      await Promise.all(senders.map((sender) => load(sender, agent, port, () => over)))
      // A sender that had no answer has ended; the crash itself may still be a few passes away.
      const timer = setTimeout(() => child.kill('SIGKILL'), 2_000)
      await ended
      clearTimeout(timer)
      agent.destroy()
    }

    const acknowledged = senders.flatMap(({ accepted }) => accepted)
    expect(acknowledged.length).toBeGreaterThan(300)
    const last = await start('never', 0)
    const { effects, buried } = await settled(acknowledged, last)
    for (const { key, accepted } of senders) {
      const ofKey = effects.get(`effects/${key}`) ?? []
      expect(new Set(ofKey).size, `${key}: an effect twice`).toBe(ofKey.length)
      expect(
        accepted.filter((id) => !ofKey.includes(id) && !buried.has(id)),
        `${key}: acknowledged and missing`,
      ).toEqual([])
      // A life that ends between a failure and the next try fails anew: five such lives make a dead letter, never both.
      expect(
        ofKey.filter((id) => buried.has(id)),
        `${key}: applied and buried`,
      ).toEqual([])
      const numbers = ofKey.map((id) => Number(id.split('-')[1]))
      expect(numbers, `${key}: out of order`).toEqual(numbers.toSorted((a, b) => a - b))
    }
  }, 180_000)
})

interface Outcome {
  readonly effects: ReadonlyMap<string, readonly string[]>
  readonly buried: ReadonlySet<string>
}

/** What the ledger has once the stack has had time to work off what it held: all that is acknowledged, or what there is after a while. */
async function settled(acknowledged: readonly string[], running: Running): Promise<Outcome> {
  for (let rounds = 1; ; rounds++) {
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    running.child.kill('SIGTERM')
    await running.ended
    const outcome = await readLedger()
    const there = new Set([...outcome.effects.values()].flat().concat(...outcome.buried))
    if (rounds === 6 || acknowledged.every((id) => there.has(id))) return outcome
    running = await start('never', 0)
  }
}

async function readLedger(): Promise<Outcome> {
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
