import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownFile } from '../../core/base/kit/own-file.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { turnsLeft } from '../compare/counted.ts'
import type { ComparedStack } from '../compare/stacks.ts'
import { TAKEOVER, takeoverDrainMs } from '../compare/takeover.ts'
import { turnFigures } from '../compare/turn-figures.ts'
import type { TurnFigures } from '../compare/turn-schema.ts'
import { type Plan, planOf } from '../plan/plan-run.ts'
import type { RunSettings } from '../plan/settings.ts'
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
  /** Count a run too beside which something else used the machine. */
  readonly forced: boolean
  readonly folder: string
  readonly file: TurnsFile
  readonly interrupt: AbortSignal
  /** Told before each run, which reports to what is returned. */
  onTurn(plan: Plan, name: string): RunEvents
  /** Told of each run that has ended; `folder` is its own, `left` how many are still to come. */
  onDone(turn: TurnFigures, report: Report, folder: string, left: number): void
}

const TAKEOVER_TRIAL = fileURLToPath(ownFile('./takeover-trial', import.meta.url))
const TAKEOVER_MS = 6_000

/** Runs stack after stack, round after round, as far as there is no run of theirs that counts: one machine, one plan, one at a time. */
export async function takeTurns(options: TurnsOptions): Promise<void> {
  const wanted = turnsLeft(options, options.file.turns)
  for (const [at, turn] of wanted.entries()) {
    if (options.interrupt.aborted) return
    await takeTurn(options, turn, wanted.length - at - 1)
  }
}

/** The kill trial has a length and a course of its own, whatever the comparison's are. */
function settingsIn({ settings }: ComparedStack, scenario: string): RunSettings {
  if (scenario !== TAKEOVER) return { ...settings, scenario }
  const own = { durationMs: TAKEOVER_MS, shape: undefined, spike: undefined, acceptP99Ms: undefined }
  return { ...settings, scenario: TAKEOVER_TRIAL, ...own }
}

async function takeTurn(
  { folder, file, interrupt, ...told }: TurnsOptions,
  { scenario, stack, round }: ReturnType<typeof turnsLeft>[number],
  left: number,
): Promise<void> {
  const { name } = stack
  const plan = await planOf(settingsIn(stack, scenario))
  const own = newRunFolder(join(folder, `run-${String(file.turns.length + 1).padStart(2, '0')}`))
  try {
    const drainMs = scenario === TAKEOVER ? takeoverDrainMs(name, file.turns) : undefined
    const record = await play(plan, own.path, told.onTurn(plan, name), interrupt, { metered: true, drainMs })
    // What was cut short says nothing.
    if (interrupt.aborted) return own.discard()
    const judged = judgedRun(own.path, record)
    const report = await reportOf(judged)
    const turn = turnFigures({ scenario, stack: name, round, folder: basename(own.path) }, judged, report)
    file.add(turn)
    told.onDone(turn, report, own.path, left)
  } catch (error) {
    own.discard()
    if (interrupt.aborted) return
    const code = error instanceof FloodmarkError ? error.code : 'unavailable'
    throw new FloodmarkError(code, `${name}: ${messageOf(error)}. Go on with --resume ${folder}`, { cause: error })
  } finally {
    rmSync(dataPath(own.path), { recursive: true, force: true })
  }
}
