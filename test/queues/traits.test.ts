import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { queues } from '../../queues/index.ts'

it('has a row for every queue in the table of traits (after adding one: npm run traits)', () => {
  const page = readFileSync(resolve('docs/traits.md'), 'utf8')
  for (const name of Object.keys(queues)) expect(page).toContain(`\n| \`${name}\` `)
})
