import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { comparisonOf } from '../../../src/runner/compare/comparison.ts'
import type { TurnFigures } from '../../../src/runner/compare/turn-schema.ts'
import { comparisonHtml } from '../../../src/runner/render/compare/html.ts'
import { comparisonMarkdown, comparisonLines as lines } from '../../../src/runner/render/compare/text.ts'
import { turn } from '../compare/made-up-turns.ts'

const FIRST = 'raw-http → embedded → lmdb'
const SECOND = 'fastify → redis-streams → lmdb'
const NOTHING = { survives: [], basis: 'measured' as const }
const BUSY = { othersCores: 1, stolen: 0 }
const rounds = [0, 1, 2, 3]
const first = rounds.map((round) => turn(FIRST, round))
const second = rounds.map((round) => ({ ...turn(SECOND, round), waits: { ...turn(SECOND, round).waits, p99Ms: 20 } }))

const comparisonWith = (turns: readonly TurnFigures[]) =>
  comparisonOf(turns, {
    ...{ scenarios: [{ scenario: 'flash-sale', acceptP99Ms: 500 }], startedAt: '2026-01-31T08:00', interrupted: false },
    ...{ seed: 1, rounds: 4, forced: false, command: 'npm run compare -- flash-sale' },
    environment: { node: 'v26', platform: 'Linux', cpu: 'cpu', cores: 2, memoryBytes: 1 },
  })
const text = (turns: readonly TurnFigures[], columns?: number) =>
  stripVTControlCharacters(lines(comparisonWith(turns), columns).join('\n'))

describe('a comparison in a terminal', () => {
  it.each([80, 100])('keeps within %i columns', (columns) => {
    for (const line of text([...first, ...second], columns).split('\n'))
      expect(line.length).toBeLessThanOrEqual(columns)
  })

  it('has each sentence in a line in a pipe, tables no wider than 120, and what decides first', () => {
    const all = text([...first, ...second])
    expect(all).toContain(`  ${FIRST} answers fastest: its p99 is 10 ms. The p99 of ${SECOND} is higher by 100.0%`)
    const heads = all.split('\n').filter((line) => line.startsWith('  stack '))
    expect(heads.length).toBeGreaterThan(1)
    expect(heads[0]).toMatch(/^ {2}stack +runs +response p99 +p99 beside the first/)
    const table = all.split('\n').filter((line) => /^ {2}(stack |-|fastify .*\d$)/.test(line))
    for (const line of table) expect(line.length).toBeLessThanOrEqual(120)
  })
})

describe('the page of a comparison', () => {
  const sentences = (turns: readonly TurnFigures[], words: string) =>
    comparisonHtml(comparisonWith(turns)).split(words).length - 1

  it('breaks no figure from its unit', () => {
    const page = comparisonHtml(comparisonWith([...first, ...second]))
    expect(page).toContain('10\u00a0ms (10\u00a0ms … 10\u00a0ms)')
  })

  it('has its sentence once; with several classes at the top and beside each', () => {
    expect(sentences([...first, ...second], 'answers fastest')).toBe(1)
    const others = second.map((one) => ({ ...one, durability: { ...one.durability, queue: NOTHING } }))
    expect(sentences([...first, ...others], `${FIRST} is alone in its class`)).toBe(2)
    expect(sentences([...first, ...others], `${SECOND} is alone in its class`)).toBe(2)
  })
})

describe('what is said of a stack that is not ranked', () => {
  const said = (others: readonly TurnFigures[]) => comparisonMarkdown(comparisonWith([...first, ...others]))

  it('is what happened, and what to do', () => {
    const busy = second.map((one) => (one.round < 2 ? { ...one, machine: BUSY } : one))
    expect(said(busy)).toContain(
      `${SECOND} is not ranked: the machine was busy during 2 of 4 runs, which leaves 2 runs of the 3 that are needed: go on with --resume when it is quiet.`,
    )
    expect(said(busy)).toContain(
      'Something else used the machine during 2 of them. 2 of them do not count, and --resume',
    )
    const late = second.map((one) => (one.round < 2 ? { ...one, verdict: 'INVALID' as const } : one))
    expect(said(late)).toContain(
      '2 runs were INVALID, which leaves 2 runs of the 3 that are needed: go on with --resume',
    )
    expect(said(second.slice(0, 1))).toContain('it has 1 run of the 3 that are needed: go on with --resume and more')
    const apart = second.slice(0, 3).map((one) => ({ ...one, round: one.round + 2 }))
    expect(said(apart)).toContain(
      'fewer than 3 rounds have runs that count of both it and the first: go on with --resume, which makes the others again.',
    )
  })

  it('has a stack that failed named also where nothing is ranked', () => {
    const busy = first.map((one) => ({ ...one, machine: BUSY }))
    const lost = second.map((one) => ({ ...one, verdict: 'FAIL' as const, failed: ['lost'] }))
    const words = comparisonMarkdown(comparisonWith([...busy, ...lost]))
    expect(words).toContain('Nothing is ranked: something else used the machine during too many of the runs.')
    expect(words).toContain(`${SECOND} is not ranked: 4 of 4 runs failed (lost).`)
  })
})
