import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import memoryLedger from '../../../ledgers/memory.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { MARK_TTL_MS } from '../../../src/core/contracts/ledger.ts'
import type { Queue } from '../../../src/core/contracts/queue.ts'
import { ReplayJournal } from '../../../src/core/dead-letters/journal.ts'
import { type ReplayOptions, replay, resume } from '../../../src/core/dead-letters/replay.ts'
import { letterText } from '../../../src/runner/cli/dlq/view.ts'
import { anEvent } from '../../events.ts'
import { bury, lettersOf } from './dlq-stack.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-dlq-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const ROUTE = { ledger: 'memory', queue: 'made', namespace: 'test' }
const ALL = () => true
let journals = 0

/** Letters 0, 1, … in a ledger, and a queue that notes what is published, and when. */
async function made(letters: number, over: { dedupWindowMs?: number; fails?: boolean } = {}) {
  const clock = new VirtualClock()
  const ledger = await memoryLedger.open({ url: '', namespace: 'test', clock })
  await bury(
    ledger,
    Array.from({ length: letters }, (_, at) => anEvent(String(at))),
    'bad',
  )
  const published: [id: string, atMs: number][] = []
  const queue = {
    traits: { publishBytesMax: 1_000_000, dedupWindowMs: over.dedupWindowMs ?? 0 },
    async publish([event]: Parameters<Queue['publish']>[0]) {
      if (over.fails) throw new Error('gone')
      published.push([event!.id, clock.monotonic()])
    },
  } as unknown as Queue
  const path = join(root, `journal-${++journals}`)
  const journal = ReplayJournal.begin(path, ROUTE)
  const told: string[] = []
  const stop = new AbortController()
  const say = (line: string) => void told.push(line)
  const options: ReplayOptions = { ledger, queue, journal, ratePerS: 10, clock, signal: stop.signal, say }
  return { clock, ledger, published, path, told, stop, options, over }
}

describe('a replay', () => {
  it('keeps its rate', async () => {
    const { clock, published, options } = await made(4)
    const running = replay(options, ALL)
    await clock.advance(1_000)
    expect(await running).toEqual({ replayed: 4, heldBack: 0 })
    expect(published.map(([, atMs]) => atMs)).toEqual([0, 100, 200, 300])
  })

  it('stops between two letters when it is told to, with none left open', async () => {
    const { clock, ledger, path, stop, options } = await made(4)
    const running = replay(options, ALL)
    await clock.advance(150)
    stop.abort()
    expect(await running).toEqual({ replayed: 2, heldBack: 0 })
    expect(await lettersOf(ledger)).toHaveLength(2)
    expect(ReplayJournal.resume(path, ROUTE).open).toEqual([])
  })

  it('takes a letter once, also when it fails and is buried again meanwhile', async () => {
    const { ledger, options, clock } = await made(2)
    const queue = {
      ...options.queue,
      publish: (events: Parameters<Queue['publish']>[0]) => bury(ledger, events, 'bad again'),
    }
    const running = replay({ ...options, queue }, ALL)
    await clock.advance(10_000)
    expect(await running).toEqual({ replayed: 2, heldBack: 0 })
    expect((await lettersOf(ledger)).map(({ reason }) => reason)).toEqual(['bad again', 'bad again'])
  })

  it('leaves a letter where it is while the queue may still swallow its id', async () => {
    const { clock, ledger, published, told, options } = await made(1, { dedupWindowMs: 300_000 })
    expect(await replay(options, ALL)).toEqual({ replayed: 0, heldBack: 1 })
    expect(told[0]).toContain('held back test:0')
    expect(await lettersOf(ledger)).toHaveLength(1)
    await clock.advance(300_000)
    expect(await replay(options, ALL)).toEqual({ replayed: 1, heldBack: 0 })
    expect(published).toHaveLength(1)
  })

  it('a queue that refuses leaves the letter open in the journal, whole, and says how to go on', async () => {
    const { clock, path, published, options, over } = await made(2, { fails: true })
    await expect(replay(options, ALL)).rejects.toThrow(`--resume ${path}`)
    over.fails = false
    const { journal, open } = ReplayJournal.resume(path, ROUTE)
    expect(open.map(({ letter }) => letter)).toMatchObject([{ event: anEvent('0'), reason: 'bad', failures: 1 }])
    const running = resume({ ...options, journal }, open)
    await clock.advance(1_000)
    await running
    expect(published.map(([id]) => id)).toEqual(['test:0'])
  })

  it('warns when a letter was taken so long ago that its mark may be gone', async () => {
    const { clock, path, told, options, over } = await made(1, { fails: true })
    await expect(replay(options, ALL)).rejects.toThrow()
    over.fails = false
    await clock.advance(MARK_TTL_MS + 1)
    await resume(options, ReplayJournal.resume(path, ROUTE).open)
    expect(told[0]).toContain('warning: test:0')
  })
})

describe('a journal', () => {
  it('whose last line is torn goes on before it: that letter was never taken', async () => {
    const { clock, path, options } = await made(2)
    const running = replay(options, ALL)
    await clock.advance(1_000)
    await running
    const whole = readFileSync(path, 'utf8')
    appendFileSync(path, '{"open":{"id":"to')
    expect(ReplayJournal.resume(path, ROUTE).open).toEqual([])
    expect(readFileSync(path, 'utf8')).toBe(whole)
  })
})

describe('what is shown', () => {
  it('carries no control characters to the terminal', () => {
    const event = anEvent('a', { headers: { agent: '\u001b[2J' }, body: Buffer.from('{"a":"\u001b]0;x\u0007"}\n') })
    const text = letterText({ event, cause: 'permanent', reason: 'bad\u001b[31m\nline', failures: 1, atMs: 0 })
    expect(text).not.toMatch(/\u001b|\u0007/)
    expect(text).toContain('bad\\u{1b}[31m\\u{a}line')
  })
})
