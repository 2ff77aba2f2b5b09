import { isBusy } from './busy.ts'
import { type ComparedStack, orderOf } from './stacks.ts'
import { TAKEOVER } from './takeover.ts'
import type { TurnFigures } from './turn-schema.ts'

/**
 * The runs that say something of their stack, one for each round: the sender was as planned, and nothing else used the machine,
 * or that was forced. Of a run that was made again the quiet one counts.
 */
export function counted(turns: readonly TurnFigures[], forced: boolean): TurnFigures[] {
  const sound = turns.filter((turn) => turn.verdict !== 'INVALID' && (forced || !isBusy(turn)))
  const rounds = Map.groupBy(sound, keyOf)
  return [...rounds.values()].map((own) => own.find((turn) => !isBusy(turn)) ?? own.at(-1)!)
}

/** So many runs that were to be ranked do not count, and nothing was run in place of them. */
export function leftOut(turns: readonly TurnFigures[], forced: boolean): number {
  const ranked = turns.filter(({ scenario }) => scenario !== TAKEOVER)
  return new Set(ranked.map(keyOf)).size - counted(ranked, forced).length
}

interface TurnsWanted {
  readonly scenarios: readonly string[]
  readonly stacks: readonly ComparedStack[]
  readonly rounds: number
  readonly forced: boolean
}

/** What is to be run, in order: each stack in each round that has no run of it that counts. Then each that is ours is killed once. */
export function turnsLeft({ scenarios, stacks, rounds, forced }: TurnsWanted, turns: readonly TurnFigures[]) {
  const inTurns = scenarios.flatMap((scenario) =>
    Array.from({ length: rounds }, (_, round) => orderOf(stacks, round).map((stack) => ({ scenario, stack, round }))),
  )
  const ours = stacks.filter(({ settings }) => settings.target === undefined)
  const kills = ours.map((stack) => ({ scenario: TAKEOVER, stack, round: 0 }))
  const done = new Set(counted(turns, forced).map(keyOf))
  return [...inTurns.flat(), ...kills].filter((one) => !done.has(keyOf({ ...one, stack: one.stack.name })))
}

const keyOf = ({ scenario, stack, round }: Pick<TurnFigures, 'scenario' | 'stack' | 'round'>) =>
  JSON.stringify([scenario, stack, round])
