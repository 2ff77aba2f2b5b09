import { expect, it } from 'vitest'
import { floodmark } from '../floodmark.ts'

it('plays one seed and prints its accounting, the same every time', async () => {
  const first = await floodmark('simulate', '--seed', '7')
  expect(first.out).toMatch(/^seed 7: no alarm;.*\n {2}planned \d+\n/)
  expect(first.out).toMatch(/\n {2}attempts \d+\n.*\n {2}amplification [\d.]+\n/s)
  expect(first.code).toBe(0)
  expect((await floodmark('simulate', '--seed', '7')).out).toBe(first.out)
})

it('refuses what is no seed', async () => {
  expect(await floodmark('simulate', '--seed', 'x')).toMatchObject({
    code: 2,
    err: expect.stringContaining("--seed 'x' is not a whole number"),
  })
})
