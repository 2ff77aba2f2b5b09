import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import { describeWithContainers, inContainer, signal } from '../containers.ts'
import { floodmark } from '../runner/floodmark.ts'
import { judged, load, type Running, senders, settled, victim } from './senders.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-containers-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const SENDERS = 12

/** The stack as a service of a container, and what it wrote to stderr. */
async function start(folder: string): Promise<Running & { readonly said: () => string }> {
  const child = inContainer([victim, folder, 'never', '0'])
  let err = ''
  child.stderr!.on('data', (data) => (err += data))
  const ended = once(child, 'close')
  const line = await Promise.race([once(child.stdout!, 'data'), ended.then(() => undefined)])
  return { child, port: line ? Number(String(line[0])) : Number.NaN, ended, said: () => err }
}

/** As an orchestrator does with a container that ends at once. */
async function startedAgain(folder: string, isOver: () => boolean): Promise<Running | undefined> {
  while (!isOver()) {
    const running = await start(folder)
    if (!Number.isNaN(running.port)) return running
  }
  return undefined
}

/** The first container takes what is sent for a while; then the second wants the volume, and somebody the dead letters. */
async function secondBesideFirst(folder: string) {
  const all = senders(SENDERS)
  let over = false
  const first = await start(folder)
  const loading = load(all, first.port, () => over)
  await sleep(systemClock, 500)
  const second = await start(folder)
  const list = await floodmark(
    'dlq',
    'list',
    '--ledger',
    'lmdb',
    '--ledger-url',
    `${folder}/ledger`,
    '--namespace',
    'crash',
  )
  await second.ended
  const end = async (running: Running, how: 'SIGTERM' | 'SIGKILL') => {
    signal(running.child, how)
    await running.ended
  }
  const stop = async () => {
    over = true
    await loading
  }
  return { all, first, second, list, end, stop, loading }
}

async function judge(all: ReturnType<typeof senders>, folder: string) {
  const acknowledged = all.flatMap(({ accepted }) => accepted).length
  const outcome = await settled(all, folder, async () => {
    const running = await start(folder)
    const kill = () => {
      signal(running.child, 'SIGTERM')
      return true
    }
    return { ...running, child: Object.assign(running.child, { kill }) }
  })
  process.stderr.write(
    `${expect.getState().currentTestName}: acknowledged ${acknowledged}, ${JSON.stringify(judged(all, outcome))}\n`,
  )
  expect(acknowledged).toBeGreaterThan(100)
  expect(judged(all, outcome)).toEqual({ lost: 0, doubled: 0, disordered: 0, appliedAndBuried: 0 })
}

describeWithContainers('two containers with one volume, under load', () => {
  for (const how of ['SIGTERM', 'SIGKILL'] as const) {
    it(`the first one ends first, by ${how}: the second is refused until then, and goes on with all that was acknowledged`, async () => {
      const folder = join(root, `first-${how}`)
      const { all, first, second, list, end, loading } = await secondBesideFirst(folder)
      expect(second.port).toBeNaN()
      expect(second.said()).toMatch(/queue\/crash is in use by process \d+ of another container: end it/)
      expect(list.code).toBe(3)
      expect(list.err).toMatch(/^floodmark: .* is in use by process \d+.*\n$/)
      const before = all.flatMap(({ accepted }) => accepted).length
      const waiting = startedAgain(folder, () => false)
      await end(first, how)
      await loading
      const next = (await waiting)!
      let over = false
      const more = load(all, next.port, () => over)
      await sleep(systemClock, 500)
      over = true
      await more
      await end(next, how)
      expect(all.flatMap(({ accepted }) => accepted).length).toBeGreaterThan(before)
      await judge(all, folder)
    })

    it(`the second one ends first, by ${how} wherever its start has come to: the first notices nothing`, async () => {
      const folder = join(root, `second-${how}`)
      const { all, first, end, stop } = await secondBesideFirst(folder)
      for (const afterMs of [30, 80, 120, 160, 200, 250, 300]) {
        const child = inContainer([victim, folder, 'never', '0'])
        const ended = once(child, 'close')
        await sleep(systemClock, afterMs)
        if (child.exitCode === null) signal(child, how)
        await ended
      }
      await stop()
      await end(first, how)
      await judge(all, folder)
    })
  }
})
