import { expect, it } from 'vitest'
import { commandsIn } from '../../../src/core/base/kit/commands-in.ts'

it('names commands as they are called where the kit is installed, with their flags', () => {
  const text = "Run it again: npm run scenario flash-sale -- --quick. See npm run init -- --help, or 'npm run dlq'"
  const there =
    "Run it again: npx floodmark scenario flash-sale -- --quick. See npx floodmark init --help, or 'npx floodmark dlq'"
  expect([commandsIn(text, false), commandsIn(text, true)]).toEqual([text, there])
})
