import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { plannedDrift } from '../../../src/runner/plan/drift-plan.ts'
import { readPlan } from '../../../src/runner/records/plan-file.ts'
import { buriedPath } from '../../../src/runner/records/run-record.ts'
import { COMMON_CHECK_WORDS, sayCheck } from '../../../src/runner/render/words/checks.ts'
import { cardNames, cardOf } from '../../../src/runner/report/cards/index.ts'
import type { CheckWords } from '../../../src/runner/report/check.ts'
import type { Report } from '../../../src/runner/report/report-schema.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { verdictOf } from '../../../src/runner/report/verdict.ts'
import { madeUpRun } from './made-up-run.ts'

const { folder, record } = await madeUpRun()
const report = await summarise(folder, record)
const vocabularies = () => [COMMON_CHECK_WORDS, ...cardNames.map((name) => cardOf(name).checkWords)]

/** The verdict of the report with each of its checks failed, then undecided, alone and beside a failed generator. */
function verdicts({ checks }: Report): string[] {
  return checks.flatMap(({ id }) =>
    [false, null].flatMap((ok) => {
      const others = checks.map((one) => (one.id === id ? { ...one, ok } : { ...one, ok: true }))
      const invalid = others.map((one) => (one.id === 'generator-rate' ? { ...one, ok: false } : one))
      return [`${id} ${ok}: ${verdictOf(others)}`, `${id} ${ok}, generator failed: ${verdictOf(invalid)}`]
    }),
  )
}

describe('words and verdicts', () => {
  it('with every label changed all verdicts and the whole of report.json stay the same', async () => {
    const before = verdicts(report)
    const titles = report.checks.map((check) => sayCheck(check).title)
    const saved = vocabularies().map((words) => ({ ...words }))
    for (const words of vocabularies() as Record<string, CheckWords>[]) {
      for (const id of Object.keys(words)) {
        words[id] = { title: 'double effects', measured: () => 'something', wanted: () => 'something else' }
      }
    }
    const cardWords = cardNames.map((name) => cardOf(name).words)
    for (const name of cardNames) Object.assign(cardOf(name), { words: () => ({ title: 'anything', blocks: [] }) })
    try {
      expect(titles.filter((title, at) => title === sayCheck(report.checks[at]!).title)).toEqual(['double effects'])
      const again = await summarise(folder, record)
      expect(again).toEqual(report)
      expect(verdicts(again)).toEqual(before)
    } finally {
      for (const [at, words] of vocabularies().entries()) Object.assign(words, saved[at])
      for (const [at, name] of cardNames.entries()) Object.assign(cardOf(name), { words: cardWords[at] })
    }
  })

  it('with every reason changed the dead letters are judged as before', async () => {
    const saved = readFileSync(buriedPath(folder), 'utf8')
    const { plan, events } = readPlan(folder)
    const [rejected] = [...plannedDrift(plan.scenario, events)].filter(({ wanted }) => wanted === 'rejected')
    const letter = { ...JSON.parse(saved.split('\n')[0]!), seq: rejected!.seq, cause: 'schema' }
    const judged = async (reason: string) => {
      const letters = [
        ...saved
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
        letter,
      ]
      const changed = letters.map((one) => JSON.stringify({ ...one, reason }))
      writeFileSync(buriedPath(folder), `${changed.join('\n')}\n`)
      const { checks, verdict, cards } = await summarise(folder, record)
      return { checks, verdict, misjudged: cards.drift!.misjudged }
    }
    try {
      const before = await judged('permanent: not as its schema says: x')
      expect(before.misjudged).toBe(report.cards.drift!.misjudged - 1)
      expect(await judged('anything')).toEqual(before)
    } finally {
      writeFileSync(buriedPath(folder), saved)
    }
  })

  it('harm is a failure whatever the generator did; every other failure of the stack is hidden by the generator’s', () => {
    const harm = ['lost', 'altered', 'double-effects', 'effects-never-sent', 'out-of-order', 'never-found']
    expect(report.checks.filter(({ severity }) => severity === 'harm').map(({ id }) => id)).toEqual(harm)
    for (const { id } of report.checks) {
      expect(verdicts(report)).toContain(`${id} false, generator failed: ${harm.includes(id) ? 'FAIL' : 'INVALID'}`)
    }
  })

  it('report.json says of its checks nothing but ids and values', () => {
    const said: string[] = []
    JSON.stringify(report.checks, (_, value) => {
      if (typeof value === 'string') said.push(value)
      return value
    })
    for (const text of said) expect(text).toMatch(/^[a-z0-9-]+$/)
  })
})

describe('cards and checks', () => {
  it('every file of the folder is a card in the map, under its own name', () => {
    const folder = new URL('../../../src/runner/report/cards/', import.meta.url)
    const files = readdirSync(folder).filter((name) => name !== 'index.ts')
    const names = files.map((name) => name.replace('.ts', '').replaceAll(/-(.)/g, (_, letter) => letter.toUpperCase()))
    expect([...cardNames].sort()).toEqual(names.sort())
  })

  it('every card has a schema, is made, has checks and words, and holds what its schema says', () => {
    for (const name of cardNames) {
      const card = cardOf(name)
      for (const part of ['make', 'checks', 'words'] as const)
        expect(card[part], `${name}: ${part}`).toBeTypeOf('function')
      expect(report.cards[name], name).toBeDefined()
      expect(card.schema.parse(report.cards[name]), name).toEqual(report.cards[name])
    }
  })

  it('every check has words, all words have a check, and no two checks share an id', () => {
    const worded = vocabularies().flatMap((words) => Object.keys(words))
    const ids = report.checks.map(({ id }) => id)
    expect(new Set(worded).size).toBe(worded.length)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.toSorted()).toEqual(worded.toSorted())
  })

  it('what is said of a check has neither its id nor a value that is missing', () => {
    for (const check of report.checks) {
      const { title, measured, wanted } = sayCheck(check)
      expect(title).not.toBe(check.id)
      for (const text of [title, measured, wanted]) expect(text, check.id).not.toMatch(/not measured|undefined|NaN|^$/)
    }
  })
})
