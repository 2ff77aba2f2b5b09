import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { type Bench, openBench } from '../ceiling/bench.ts'
import { findCeiling } from '../ceiling/find-ceiling.ts'
import { TrialsFile } from '../ceiling/trials-file.ts'
import { isBusy } from '../compare/busy.ts'
import { type ComparedStack, orderOf } from '../compare/stacks.ts'
import type { RunSettings } from '../plan/settings.ts'
import type { RunEvents } from '../records/run-events.ts'
import { dataPath, newRunFolder } from '../records/run-folder.ts'
import type { Ceiling, TrialRecord } from '../search/ceiling-schema.ts'
import { type Goal, stepAfter } from '../search/search.ts'
import { lengthsOf } from '../search/time-plan.ts'

/** Trials of a stack before the next has its turn: its servers start once for them, and what the machine does meanwhile strikes all alike. */
const TRIALS_A_TURN = 4

/** A stack, and how far the search for its ceiling has come. */
export interface SearchedStack {
  readonly name: string
  readonly settings: RunSettings
  /** Its own, in the comparison's folder. */
  readonly folder: string
  readonly file: TrialsFile
  ceiling?: Ceiling
}

interface CeilingTurns {
  readonly stacks: readonly SearchedStack[]
  readonly goal: Goal
  readonly acceptP99Ms: number
  readonly trialMs: number
  /** Of each stack, ms of its trials. */
  readonly budgetMs: number
  /** Count a trial too beside which something else used the machine. */
  readonly forced: boolean
  readonly interrupt: AbortSignal
  /** Told of the trials' runs. */
  events(stack: SearchedStack): RunEvents
  /** Told of each trial, and about how long all of them still take. */
  onTrial(stack: SearchedStack, trial: TrialRecord, leftMs: number): void
  /** A stack's turn is over. */
  onTurn(stack: SearchedStack, ceiling: Ceiling): void
  /** Default: processes and servers of this machine. */
  open?: typeof openBench
}

const ownFolder = (folder: string, at: number) => join(folder, `stack-${String(at + 1).padStart(2, '0')}`)

/** @throws FloodmarkError 'misuse' where there is nothing in it to go on with. */
export function mustHoldSearches(folder: string): void {
  if (existsSync(ownFolder(folder, 0))) return
  const what = existsSync(join(folder, 'turns.jsonl'))
    ? 'compares runs, not ceilings: leave --ceiling out'
    : 'holds no comparison of ceilings: there is no stack-01 in it'
  throw new FloodmarkError('misuse', `${folder} ${what}`)
}

/** Each stack's search as it was left, or a new one. @throws FloodmarkError 'misuse' where it was begun with other settings. */
export function openSearches(
  folder: string,
  stacks: readonly ComparedStack[],
  trialMs: number,
  ratePerSMax?: number,
): SearchedStack[] {
  return stacks.map(({ name, settings }, at) => {
    const own = ownFolder(folder, at)
    const isThere = existsSync(join(own, 'trials.jsonl'))
    // What was left there before its first trial is nothing.
    if (!isThere) {
      rmSync(own, { recursive: true, force: true })
      newRunFolder(own)
    }
    const file = isThere
      ? TrialsFile.resume(own, settings, trialMs)
      : TrialsFile.begin(own, settings, trialMs, ratePerSMax)
    return { name, settings, folder: own, file }
  })
}

/** Searches all ceilings, some trials of one stack after some of another, until each is known or its time is over. */
export async function takeCeilingTurns(options: CeilingTurns): Promise<void> {
  const { stacks, interrupt } = options
  const open = new Set(stacks)
  for (let round = 0; open.size > 0 && !interrupt.aborted; round++) {
    for (const stack of orderOf(stacks, round)) {
      if (isOver(stack, options)) open.delete(stack)
      if (!open.has(stack) || interrupt.aborted) continue
      const before = stack.file.trials.length
      await takeTurn(stack, options)
      // Time ran out by its own clock.
      if (stack.file.trials.length === before) open.delete(stack)
    }
  }
  // A search that was over before, or was cut short, has its answer from the trials that there are.
  for (const stack of stacks)
    stack.ceiling ??= await findCeiling({ ...searchOf(stack, options, NO_BENCH), trialsMax: 0 })
}

function isOver({ file }: SearchedStack, { goal, budgetMs, trialMs }: CeilingTurns): boolean {
  const time = { budgetMs, leftMs: budgetMs - spentMs(file), ...lengthsOf(file.trials, trialMs), besideMs: 0 }
  return stepAfter(file.trials, { ...goal, triedBefore: file.triedBefore }, time).next === 'nothing'
}

async function takeTurn(stack: SearchedStack, options: CeilingTurns): Promise<void> {
  const { interrupt, open = openBench, events, onTurn, forced } = options
  const { settings, folder, name } = stack
  try {
    const bench = await open({ settings, folder, events: events(stack), interrupt })
    const checked: Bench = { ...bench, try: async (trial) => counting(await bench.try(trial), forced) }
    stack.ceiling = await findCeiling({ ...searchOf(stack, options, checked), trialsMax: TRIALS_A_TURN }).finally(() =>
      bench.stop(),
    )
    onTurn(stack, stack.ceiling)
  } catch (error) {
    if (interrupt.aborted) return
    const code = error instanceof FloodmarkError ? error.code : 'unavailable'
    throw new FloodmarkError(code, `${name}: ${messageOf(error)}`, { cause: error })
  } finally {
    rmSync(dataPath(folder), { recursive: true, force: true })
  }
}

/** On a busy machine a load is tried again. */
function counting(trial: TrialRecord, forced: boolean): TrialRecord {
  return isBusy(trial) && !forced ? { ...trial, outcome: 'invalid', limit: null } : trial
}

function searchOf(stack: SearchedStack, options: CeilingTurns, bench: Bench) {
  const { goal, acceptP99Ms, trialMs, budgetMs, interrupt, stacks, onTrial } = options
  const othersMs = () =>
    stacks
      .filter((one) => one !== stack && !isOver(one, options))
      .reduce((sum, { file }) => sum + budgetMs - spentMs(file), 0)
  return {
    ...{ bench, settings: stack.settings, acceptP99Ms, file: stack.file, goal, trialMs, interrupt },
    ...{ budgetMs, spentMs: spentMs(stack.file) },
    onTrial: (trial: TrialRecord, _: number, leftMs: number) => onTrial(stack, trial, leftMs + othersMs()),
  }
}

const spentMs = ({ trials }: TrialsFile) => trials.reduce((sum, { tookMs }) => sum + tookMs, 0)

const NO_BENCH: Bench = {
  try: () => Promise.reject(new FloodmarkError('misuse', 'a search that is over tries nothing')),
  stop: async () => {},
}
