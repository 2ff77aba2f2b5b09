import assert from 'node:assert/strict'
import { alarmsOf } from '../../../src/runner/simulation/alarms.ts'
import { drawn } from '../../../src/runner/simulation/draw.ts'
import { LethalEvents } from '../../../src/runner/simulation/lethal.ts'
import { type Simulated, type SimulationOptions, simulate } from '../../../src/runner/simulation/simulate.ts'
import { BUGS } from './simulation-bugs.ts'

export type Counts = Record<string, number>

/** What the stack did wrong, found the slow and plain way: by looking at every event, and at every pair of a key. */
export function harmOf({ attempts, effects, buried }: Simulated) {
  const applied = (seq: number) => effects.filter((effect) => effect.seq === seq).length
  const isBuried = (seq: number) => buried.some((one) => one.seq === seq)
  const accepted = new Map<number, number>()
  const sent = new Map<number, number>()
  for (const { seq, outcome, sentMs, doneMs } of attempts) {
    sent.set(seq, Math.min(sent.get(seq) ?? sentMs, sentMs))
    if (outcome === 'accepted') accepted.set(seq, Math.min(accepted.get(seq) ?? doneMs, doneMs))
  }
  const first = effects.filter(({ seq }, at) => effects.findIndex((one) => one.seq === seq) === at)
  const overtaken = first.filter(({ lane, seq }, at) =>
    first.slice(0, at).some((before) => before.lane === lane && sent.get(before.seq)! > accepted.get(seq)!),
  )
  return {
    lost: [...accepted.keys()].filter((seq) => applied(seq) === 0 && !isBuried(seq)).length,
    duplicateEffects: effects.length - first.length,
    reordered: overtaken.length,
  }
}

/** Events that were given up for ending their process, and do not. */
export function blamed({ buried }: Pick<Simulated, 'buried'>, { seed, lethalShare = 0 }: SimulationOptions): number {
  const lethal = new LethalEvents(seed, lethalShare)
  return buried.filter(({ seq, cause }) => cause === 'process-died' && !lethal.has(seq!)).length
}

/** Plays one seed without a bug: no alarm may be raised. Gives what went wrong around, for nothing proves what never happened. */
async function playCalm(seed: number): Promise<Counts> {
  const options = drawn(seed)
  const result = await simulate(options)
  assert.deepEqual(alarmsOf(result), [])
  assert.deepEqual(harmOf(result), { lost: 0, duplicateEffects: 0, reordered: 0 })
  assert.equal(blamed(result, options), 0)
  const diedOf = result.buried.filter(({ cause }) => cause === 'process-died').length
  const { duplicatesAbsorbed, buried, unknown, refused } = result.audit
  const retries = result.attempts.filter(({ attempt }) => attempt > 1).length
  return { seeds: 1, crashes: result.crashes, retries, duplicatesAbsorbed, buried, diedOf, unknown, refused }
}

/** Plays one seed with a bug: what the audit counts is what can be seen by looking. Gives whether there was any harm. */
async function playBug(seed: number, name: string): Promise<Counts> {
  const bug = BUGS[name]!
  const options = { ...drawn(seed), ...bug.plant() }
  const result = await simulate(options)
  const { lost, duplicateEffects, reordered } = result.audit
  const harm = harmOf(result)
  assert.deepEqual({ lost, duplicateEffects, reordered }, harm)
  const { applied, buried, refused, unsent, unknown, altered, planned } = result.audit
  assert.equal(applied + buried + refused + unsent + unknown + lost + altered, planned)
  const harmed = { ...harm, blamed: blamed(result, options) }[bug.harms] > 0 ? 1 : 0
  if (harmed) assert.notDeepEqual(alarmsOf(result), [])
  return { seeds: 1, harmed }
}

/** @throws what was found wrong, with how to play it again. */
export async function playSeed(seed: number, bug: string | undefined): Promise<Counts> {
  try {
    return bug === undefined ? await playCalm(seed) : await playBug(seed, bug)
  } catch (error) {
    const alone = `SEED=${seed} npx vitest run test/runner/simulation/simulation.test.ts`
    const orSo = bug === undefined ? `, or npm run simulate -- --seed ${seed}` : ''
    throw new Error(`seed ${seed} is red; to play it alone: ${alone}${orSo}\n${(error as Error).message}`)
  }
}
