import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FACT_HEADINGS, queueFacts } from '../../bench/lib/queue-facts.ts'
import { SEEN_HEADINGS } from '../../bench/lib/suite-results.ts'
import { marksTable } from '../../bench/lib/traits-page.ts'
import { queues } from '../../queues/index.ts'

const page = readFileSync(resolve('docs/traits.md'), 'utf8')

describe('docs/traits.md (after a change: npm run traits)', () => {
  it('has a row for every queue in each of its tables', () => {
    const tables = page.split('\n').filter((line) => line.startsWith('| Queue ')).length
    for (const name of Object.keys(queues)) {
      expect(page.split(`\n| \`${name}\` `).length - 1, name).toBeGreaterThanOrEqual(tables)
    }
  })

  it('says first what differs, and every thing by which a queue is chosen', () => {
    expect(/^## (.*)$/m.exec(page)![1]).toBe('Where they differ')
    const [differs] = page.split('\n## What all of them do')
    for (const heading of [...SEEN_HEADINGS, ...Object.values(FACT_HEADINGS), 'Bytes for a mark'])
      expect(differs).toContain(`| ${heading} `)
  })

  it('says what is known beside the measured as the kit has it', () => {
    for (const [name, facts] of Object.entries(queueFacts)) {
      const rows = page.split('\n').filter((line) => line.startsWith(`| \`${name}\` `))
      for (const fact of Object.values(facts)) expect(rows.join()).toContain(`| ${fact} `)
    }
    expect(page).toContain(`\n${marksTable().join('\n')}\n`)
  })
})
