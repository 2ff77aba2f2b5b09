import { expect } from 'vitest'
import type { Provider } from '../../src/core/contracts/provider.ts'
import { seeded } from '../../src/core/contracts/random.ts'

/** Every sample's size lies within the bounds of its type, bytes, and every type of the table is drawn. */
export function expectSizes(provider: Provider, bounds: Readonly<Record<string, readonly [min: number, max: number]>>) {
  const drawn = new Set<string>()
  for (let seed = 0; seed < 200; seed++) {
    const { type, body } = provider.sample(seeded(seed), { id: `run1abc-${seed}`, key: `k${seed}` })
    const [min, max] = bounds[type] ?? [0, -1]
    expect(body.length, `${type}, seed ${seed}`).toBeGreaterThanOrEqual(min)
    expect(body.length, `${type}, seed ${seed}`).toBeLessThanOrEqual(max)
    drawn.add(type)
  }
  expect([...drawn].sort()).toEqual(Object.keys(bounds).sort())
}
