export { seeded } from '../../../src/core/contracts/random.ts'

/** One of mean 0 and deviation 1. */
export function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
