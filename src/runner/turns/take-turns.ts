import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { type ComparedStack, orderOf } from '../compare/stacks.ts'
import { turnFigures } from '../compare/turn-figures.ts'
import type { TurnFigures } from '../compare/turn-schema.ts'
import { type Plan, planOf } from '../plan/plan-run.ts'
import type { RunEvents } from '../records/run-events.ts'
import { dataPath, newRunFolder } from '../records/run-folder.ts'
import { judgedRun } from '../report/judged-run.ts'
import type { Report } from '../report/report-schema.ts'
import { reportOf } from '../report/summarise.ts'
import { play } from '../run/play.ts'
import type { TurnsFile } from './turns-file.ts'

interface TurnsOptions {
  readonly scenarios: readonly string[]
  readonly stacks: readonly ComparedStack[]
  readonly rounds: number
  readonly folder: string
  readonly file: TurnsFile
  readonly interrupt: AbortSignal
  /** Told before each run, which reports to what is returned. */
  onTurn(plan: Plan, name: string): RunEvents
  /** Told of each run that has ended; `folder` is its own. */
  onDone(turn: TurnFigures, report: Report, folder: string): void
}

/** Runs stack after stack, round after round, as far as they have not been run: one machine, one plan, one at a time. */
export async function takeTurns(options: TurnsOptions): Promise<void> {
  const { scenarios, stacks, rounds, file, interrupt } = options
  for (const scenario of scenarios) {
    for (let round = 0; round < rounds; round++) {
      for (const stack of orderOf(stacks, round)) {
        if (interrupt.aborted) return
        const isDone = file.turns.some(
          // An INVALID run says nothing: who goes on with a comparison has it run again.
          (turn) =>
            turn.scenario === scenario &&
            turn.round === round &&
            turn.stack === stack.name &&
            turn.verdict !== 'INVALID',
        )
        if (!isDone) await takeTurn(options, scenario, stack, round)
      }
    }
  }
}

async function takeTurn(
  { folder, file, interrupt, ...told }: TurnsOptions,
  scenario: string,
  { name, settings }: ComparedStack,
  round: number,
): Promise<void> {
  const plan = await planOf({ ...settings, scenario })
  const own = newRunFolder(join(folder, `run-${String(file.turns.length + 1).padStart(2, '0')}`))
  try {
    const record = await play(plan, own.path, told.onTurn(plan, name), interrupt)
    // What was cut short says nothing.
    if (interrupt.aborted) return own.discard()
    const judged = judgedRun(own.path, record)
    const report = await reportOf(judged)
    const turn = turnFigures({ scenario, stack: name, round, folder: basename(own.path) }, judged, report)
    file.add(turn)
    told.onDone(turn, report, own.path)
  } catch (error) {
    own.discard()
    if (interrupt.aborted) return
    const code = error instanceof FloodmarkError ? error.code : 'unavailable'
    throw new FloodmarkError(code, `${name}: ${messageOf(error)}. Go on with --resume ${folder}`, { cause: error })
  } finally {
    rmSync(dataPath(own.path), { recursive: true, force: true })
  }
}
