import { rmSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { unlessInterrupted } from '../../../core/base/kit/unless-interrupted.ts'
import { writePrivate } from '../../../core/base/private-files.ts'
import { textTable } from '../../../core/base/table.ts'
import { percent, perS, seconds } from '../../../core/base/words.ts'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import { type FoundBottleneck, findBottleneck } from '../../calibration/bottlenecks/find-bottleneck.ts'
import { type JudgedBottleneck, judgeBottleneck } from '../../calibration/bottlenecks/judge.ts'
import {
  BOTTLENECK_NAMES,
  type Bottleneck,
  type BottleneckName,
  plantedBottlenecks,
} from '../../calibration/bottlenecks/planted.ts'
import { openBench } from '../../ceiling/bench.ts'
import { TrialsFile } from '../../ceiling/trials-file.ts'
import { settingsOf } from '../../plan/settings.ts'
import { dataPath, newRunFolder } from '../../records/run-folder.ts'
import { trialLine } from '../../render/ceiling-terminal.ts'
import { bindingWords } from '../../render/words/binding.ts'
import { environmentNow } from '../../run/compose-record.ts'
import { EXIT } from '../exit.ts'
import { liveLine } from '../telling/live-line.ts'

const TRIAL_MS = 4_000
/** Far above every plant: the backlog is to decide. */
const P99 = '1s'

interface Done extends FoundBottleneck, JudgedBottleneck {
  readonly name: BottleneckName
  readonly planted: Bottleneck
  readonly tookMs: number
}

/** `true`: all of them. @throws FloodmarkError 'misuse' that names the flag. */
export function namesIn(asked: string | true): readonly BottleneckName[] {
  if (asked === true) return BOTTLENECK_NAMES
  const names = asked.split(',').map((name) => name.trim())
  const wrong = names.find((name) => !BOTTLENECK_NAMES.includes(name as BottleneckName))
  if (wrong === undefined) return names as BottleneckName[]
  throw new FloodmarkError('misuse', `--bottlenecks '${wrong}' is none: use ${BOTTLENECK_NAMES.join(', ')}`)
}

/** Finds each planted bottleneck, prints what came of it and writes bottlenecks.json into the folder. */
export async function findBottlenecks(
  names: readonly BottleneckName[],
  folder: string,
  interrupt: AbortSignal,
): Promise<number> {
  const all = plantedBottlenecks(availableParallelism())
  const begin = { startedAt: new Date().toISOString(), load: loadavg()[0] }
  const done: Done[] = []
  let failure: unknown
  for (const name of names) {
    const one = await unlessInterrupted(interrupt, findOne(name, all[name], folder, interrupt)).catch((error) => {
      failure = error
    })
    if (!one || interrupt.aborted) break
    done.push(one)
    const words = one.binding ? bindingWords(one.binding) : ['Too few trials counted to know a ceiling.']
    process.stdout.write(`${name}\n${words.map((line) => `  ${line}\n`).join('')}`)
  }
  const bottlenecks = done.map(({ trials, ...one }) => ({ ...one, trials: trials.length }))
  const file = { version: 1, ...begin, trialMs: TRIAL_MS, environment: environmentNow(), bottlenecks }
  writePrivate(join(folder, 'bottlenecks.json'), `${JSON.stringify(file, null, 1)}\n`)
  const head = ['planted', 'named', 'ceiling', 'half of it predicts', 'found', 'off', 'after', '']
  if (done.length > 0) process.stdout.write(`\n${textTable(done.map(row), { head }).join('\n')}\n`)
  process.stdout.write(`\n  ${join(folder, 'bottlenecks.json')}\n`)
  if (failure) throw failure
  if (interrupt.aborted) return EXIT.INTERRUPTED
  if (done.some(({ isRight }) => isRight === false)) return EXIT.FAIL
  return done.every(({ isRight }) => isRight) ? EXIT.PASS : EXIT.INVALID
}

async function findOne(
  name: BottleneckName,
  planted: Bottleneck,
  folder: string,
  interrupt: AbortSignal,
): Promise<Done> {
  process.stderr.write(`${name}\n`)
  const beganMs = performance.now()
  const { settings } = settingsOf('steady', { ...planted.config, p99: P99 })
  const own = newRunFolder(join(folder, name)).path
  const file = TrialsFile.begin(own, settings, TRIAL_MS)
  const line = liveLine(process.stderr, TRIAL_MS, [{ name: 'send', until: 1 }])
  try {
    const found = await findBottleneck(planted, {
      open: (plant) => openBench({ settings, plant, folder: own, events: line, interrupt }),
      trialMs: TRIAL_MS,
      interrupt,
      onTrial(trial, count) {
        line.end()
        file.add(trial)
        process.stderr.write(`${trialLine(trial, count)}\n`)
      },
    })
    return { name, planted, ...found, ...judgeBottleneck(planted, found), tookMs: performance.now() - beganMs }
  } finally {
    line.end()
    file.close()
    rmSync(dataPath(own), { recursive: true, force: true })
  }
}

function row({ name, named, part, ceiling, predictedPerS, found, off, isRight, tookMs }: Done): string[] {
  const rate = (value: number | undefined | null) => (value === undefined || value === null ? 'unknown' : perS(value))
  return [
    name,
    [named ?? 'nothing', ...(part ? [part] : [])].join(': '),
    rate(ceiling?.mid),
    rate(predictedPerS),
    rate(found?.mid),
    off === null ? '' : percent(Math.abs(off)),
    seconds(tookMs),
    isRight === false ? 'WRONG' : isRight ? 'ok' : '?',
  ]
}
