import { it } from 'vitest'

async function goesOnAtOnce() {
  for (;;) await undefined
}

it('goes on at once, for ever', () => goesOnAtOnce(), 1_000)
