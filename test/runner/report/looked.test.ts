import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readEffects } from '../../../src/runner/records/effects-file.ts'
import { RECORD_BYTES } from '../../../src/runner/records/journal.ts'
import { effectsPath, journalPath, type RunRecord } from '../../../src/runner/records/run-record.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { madeUpRun } from './made-up-run.ts'

const IDS = ['looked-long-enough', 'effects-before-sent', 'journals-whole', 'drained']

/** What the checks of a made-up run come to when it is looked at after `spoil`. */
async function checksAfter(spoil: (run: { folder: string; record: RunRecord }) => object | undefined) {
  const run = await madeUpRun()
  const changed = spoil(run) ?? {}
  const { checks, cards, tookMs } = await summarise(run.folder, { ...run.record, ...changed })
  const oks = Object.fromEntries(checks.filter(({ id }) => IDS.includes(id)).map(({ id, ok }) => [id, ok]))
  return { oks, looked: cards.looked!, tookMs }
}

describe('how the records were looked at', () => {
  it('passes where they agree, and the drain is measured from them', async () => {
    const { oks, looked, tookMs } = await checksAfter(() => {})
    expect(oks).toEqual({ ...Object.fromEntries(IDS.map((id) => [id, true])) })
    expect(looked).toMatchObject({ beforeAnswer: 0, beforeSent: 0 })
    expect(tookMs.draining).toBeLessThan(10)
  })

  it('is undecided where a lease could still have brought something back', async () => {
    const { oks } = await checksAfter(({ record }) => ({ lookedUntilMs: record.lookedUntilMs - 5_000 }))
    expect(oks).toMatchObject({ 'looked-long-enough': null })
  })

  it('says so when effects come earlier than they can', async () => {
    const { oks, looked } = await checksAfter(({ folder }) => moveEffects(folder, -2_000))
    expect(oks).toMatchObject({ 'effects-before-sent': false })
    expect(looked.beforeSent).toBeGreaterThan(1_000)
  })

  it('counts effects that came before the sender had read its answer', async () => {
    const { oks, looked } = await checksAfter(({ folder }) => moveEffects(folder, -5.5))
    expect(oks).toMatchObject({ 'effects-before-sent': true })
    expect(looked.beforeAnswer).toBe(looked.effects)
  })

  it('says so when a journal has lost attempts', async () => {
    const { oks } = await checksAfter(({ folder }) => {
      const path = journalPath(folder, 0)
      truncateSync(path, readFileSync(path).length - RECORD_BYTES * 10)
    })
    expect(oks).toMatchObject({ 'journals-whole': false })
  })

  it('says how long it waited where it never drained', async () => {
    const { oks, tookMs } = await checksAfter(() => ({ drained: false }))
    expect(oks).toMatchObject({ drained: false })
    expect(tookMs.draining).toBeGreaterThan(5_000)
  })
})

function moveEffects(folder: string, byMs: number): undefined {
  const bytes = readFileSync(effectsPath(folder))
  const recordBytes = bytes.length / [...readEffects(effectsPath(folder))].length
  for (let at = 8; at < bytes.length; at += recordBytes) bytes.writeDoubleLE(bytes.readDoubleLE(at) + byMs, at)
  writeFileSync(effectsPath(folder), bytes)
}
