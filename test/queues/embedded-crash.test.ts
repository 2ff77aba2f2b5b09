import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { EmbeddedQueue } from '../../queues/embedded/queue.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { drain, pendingIn } from './embedded-logs.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-crash-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const program = new URL('./embedded-publisher.ts', import.meta.url).pathname
const ROUNDS = 12
const SEGMENT_BYTES = 256 * 1024

/** Lets the publisher run and kills it. Returns the numbers of its acknowledged events. */
function killed(folder: string, first: number, afterMs: number): Promise<number[]> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, folder, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (data) => {
      if (text === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
      text += data
    })
    child.on('close', () => {
      const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
      resolve(lines.filter(Boolean).map(Number))
    })
  })
}

describe('the embedded queue', () => {
  it('holds every acknowledged event, once and in order, after SIGKILL at random moments', async () => {
    const folder = join(root, 'crash')
    const random = seeded(7)
    let total = 0
    const acknowledged = new Set<number>()
    for (let round = 0; round < ROUNDS; round++) {
      for (const number of await killed(folder, round * 1_000_000, random() * 120)) acknowledged.add(number)
      const found = pendingIn(folder, SEGMENT_BYTES).map(({ id }) => Number(id.split(':')[1]))
      expect(new Set(found).size).toBe(found.length)
      expect(acknowledged.difference(new Set(found)).size).toBe(0)
      for (const key of [0, 1, 2, 3, 4]) {
        const ofKey = found.filter((number) => number % 5 === key)
        expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b))
      }
      if (round % 3 < 2) continue
      // Everything is settled. The next processes use the files again, and write over their content.
      const clock = new VirtualClock()
      const queue = new EmbeddedQueue(folder, { clock, segmentBytes: SEGMENT_BYTES })
      expect((await drain(queue, clock)).length).toBe(found.length)
      await queue.close()
      total += found.length
      acknowledged.clear()
    }
    expect(total).toBeGreaterThan(100)
  })
})
