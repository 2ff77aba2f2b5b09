import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { CrashPointName } from '../../src/core/contracts/crash-point.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { judged, load, type Running, senders, settled, victim } from './senders.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-crash-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const SEED = 11
const SENDERS = 12
const RANDOM_ROUNDS = 9

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
    const all = senders(SENDERS)
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
      if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs)
      await load(all, port, () => over)
      // A sender that had no answer has ended; the crash itself may still be a few passes away.
      const timer = setTimeout(() => child.kill('SIGKILL'), 2_000)
      await ended
      clearTimeout(timer)
    }

    expect(all.flatMap(({ accepted }) => accepted).length).toBeGreaterThan(300)
    const outcome = await settled(all, folder, () => start('never', 0))
    expect(judged(all, outcome)).toEqual({ lost: 0, doubled: 0, disordered: 0, appliedAndBuried: 0 })
  })
})
