import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import lmdb from '../../../ledgers/lmdb.ts'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { Groups } from '../../../src/core/dead-letters/groups.ts'
import { groupLines } from '../../../src/runner/cli/dlq/view.ts'
import { deadLetterCheck, groupsOf } from '../../../src/runner/report/cards/dead-letters.ts'
import { anEvent } from '../../events.ts'
import { bury, stack } from './dlq-stack.ts'

const DAY_MS = 86_400_000

/** The usual letters, all of today, and some of so many days ago. */
async function withOld(...ages: readonly number[]) {
  const made = await stack()
  for (const days of ages) {
    const clock = new VirtualClock(Date.now() - days * DAY_MS)
    const ledger = await lmdb.open({ ...made.ledgerAt, clock })
    await bury(ledger, [anEvent(`old${days}`)], 'long ago')
    await ledger.close()
  }
  return made
}

describe('the retention of dead letters', () => {
  it('list warns of letters past their 14 days and of those that soon will be, and of no others', async () => {
    const { dlq } = await withOld(11, 13, 15, 16)
    const { out } = await dlq('list')
    expect(out).toContain('warning: 2 are past their 14 days')
    expect(out).toContain('warning: 1 will be past their 14 days within 2 days')
    expect((await (await stack()).dlq('list')).out).not.toContain('warning')
  })

  it('purge --expired deletes those past it and no others, and keeps a copy', async () => {
    const { dlq, ids, root } = await withOld(13, 15)
    const copy = join(root, 'copy')
    const { code, err } = await dlq('purge', '--expired', '--yes', '--copy', copy)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect((await ids()).toSorted()).toEqual(['test:a1', 'test:a2', 'test:b1', 'test:old13'])
    expect(readFileSync(copy, 'utf8')).toContain('test:old15')
  })

  it('what was purged and is sent again is no new event', async () => {
    const { dlq, ledgerAt, root } = await withOld()
    expect((await dlq('purge', '--id', 'test:a1', '--yes', '--copy', join(root, 'copy'))).code).toBe(0)
    const ledger = await lmdb.open(ledgerAt)
    expect(await ledger.claim([anEvent('a1')], 1_000)).toEqual([{ state: 'duplicate' }])
    await ledger.close()
  })
})

const letters = (count: number) =>
  Array.from({ length: count }, (_, seq) => ({
    seq,
    id: String(seq),
    source: 'shop',
    type: seq % 3 === 0 ? 'paid' : 'moved',
    cause: 'permanent' as const,
    reason: 'bad',
    failures: 1,
    atMs: 1_000 + seq,
  }))
const passes = { acceptP99Ms: 1, drainMs: 1 }

describe('the thresholds of dead letters', () => {
  it.each([
    [99, true, undefined],
    [100, true, true],
    [999, true, true],
    [1_000, false, undefined],
  ])('%d beyond the plan: ok is %s, warning %s', (count, ok, warning) => {
    const check = deadLetterCheck(letters(count), () => 'either', passes)
    expect([check.ok, check.warning]).toEqual([ok, warning])
  })

  it('count no letter that the plan dooms, and may be set by the scenario', () => {
    expect(deadLetterCheck(letters(2_000), () => 'buried', passes)).toMatchObject({
      ok: true,
      values: { measured: { value: 0 } },
    })
    const own = { ...passes, deadLetters: { warn: 1, fail: 2 } }
    expect(deadLetterCheck(letters(2), () => 'either', own).ok).toBe(false)
  })

  it('list says what is over them', () => {
    const groups = new Groups()
    for (const letter of letters(100)) groups.add(letter)
    expect(groupLines(groups).at(-1)).toContain('warning: 100 are 100 or more')
    for (const letter of letters(900)) groups.add(letter)
    expect(groupLines(groups).at(-1)).toContain('alert: 1000 are 1000 or more')
  })
})

describe('groups of dead letters', () => {
  it('have the largest first, with the oldest and the newest', () => {
    expect(groupsOf(letters(4), 1_000)).toEqual([
      { source: 'shop', type: 'paid', reason: 'bad', count: 2, oldestMs: 0, newestMs: 3 },
      { source: 'shop', type: 'moved', reason: 'bad', count: 2, oldestMs: 1, newestMs: 2 },
    ])
  })

  it('are told apart up to a limit', () => {
    const groups = new Groups()
    for (const letter of letters(1_200)) groups.add({ ...letter, reason: `reason ${letter.seq}` })
    expect(groups.all()).toHaveLength(1_001)
    expect(groups.all()[0]).toMatchObject({ reason: '(other reasons)', count: 200 })
  })
})
