import { describe, expect, it } from 'vitest'
import { queueFacts } from '../../bench/lib/queue-facts.ts'
import type { Outcome, Results } from '../../bench/lib/suite-results.ts'
import { type Told, traitsPage } from '../../bench/lib/traits-page.ts'
import { ledgers } from '../../ledgers/index.ts'
import { queues } from '../../queues/index.ts'

const told = (over: object): Told =>
  ({
    ...{ on: 'Redis 7, started for this run', server: 'Redis 7 at 127.0.0.1:4711', survives: ['receiver-crash'] },
    ...{ order: 'key', countsDeliveries: false, dedupWindowMs: 0, shared: true },
    ...{ publishEventsMax: 1_024, publishBytesMax: 1_000_000, ...over },
  }) as unknown as Told

const held: Outcome = { state: 'held' }
const each = (a: Outcome, b: Outcome) => new Map(Object.entries({ bullmq: a, kafka: b }))
const results: Results = new Map(
  Object.entries({
    'delivers again what a killed consumer had in hand': each({ ...held, measured: '10.0 s' }, held),
    "refuses as 'overloaded' when its server is full, drains what it took, and takes events again": each(
      { ...held, measured: 'drains' },
      { state: 'not run', why: 'not for this queue: its server cannot be made full here' },
    ),
    "refuses as 'overloaded' when full, for certain, and takes events again after acks": each(held, held),
    'hands out a record that is no event as one of its own, once, and all others too': each(held, held),
    'lets other keys go on while one event fails again and again': each(held, {
      state: 'partly',
      why: 'the keys that share its lane wait with it',
    }),
    'is the same for all': each(held, held),
    'breaks on one': each(held, { state: 'failed', why: 'it broke' }),
  }),
)
const page = traitsPage(new Map(Object.entries({ bullmq: told({}), kafka: told({ order: 'lane' }) })), results, 'today')
const rowsOf = (begin: string) => page.split('\n').filter((line) => line.startsWith(`| ${begin}`))

describe('the page of traits', () => {
  it('begins with what differs, and folds what all queues do into a list', () => {
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(['Where they differ', 'What all of them do', 'How they were asked'])
    const [, differs, same] = page.split(/^## /m)
    expect(differs).toContain('| breaks on one ')
    expect(differs).not.toContain('is the same for all')
    expect(same).toContain('- is the same for all\n')
  })

  it('has a sign of its own for what holds in part, with the reason', () => {
    const [row] = rowsOf('lets other keys go on')
    expect(row).toMatch(/\| ✓ +\| ◐ (\d+) +\|$/)
    expect(page).toContain(`\n${/◐ (\d+)/.exec(row!)![1]}. the keys that share its lane wait with it\n`)
  })

  it('says what was seen, and no port of this machine', () => {
    expect(rowsOf('`bullmq`').join()).toContain('10.0 s')
    expect(rowsOf('`kafka`').join()).toContain('its server cannot be made full here')
    expect(page).not.toContain('4711')
  })
})

describe('what is known of queues and ledgers beside the measured', () => {
  it('is there for every queue', () => {
    expect(Object.keys(queueFacts).sort()).toEqual(Object.keys(queues).sort())
  })

  it('names the bytes of a mark for every ledger that outlives its process', () => {
    const kept = Object.keys(ledgers).filter((name) => name !== 'memory')
    for (const name of kept) expect(page).toMatch(new RegExp(`^\\| \`${name}\` +\\| [\\d,]+ +\\|`, 'm'))
  })
})
