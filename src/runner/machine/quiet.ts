import { setTimeout as sleep } from 'node:timers/promises'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { preciseNow } from '../processes/precise-now.ts'
import type { MachineRecord } from '../records/machine.ts'
import { MachineWatch } from './watch.ts'

/** What else the machine did for a while. null: the system does not say. */
export interface Meanwhile {
  /** Cores that other processes used, on average and in the worst second, and which of them used most. */
  readonly othersCores: number | null
  readonly othersInWorstSecond: number | null
  readonly others: string
  /** Cores that other machines of the host took. */
  readonly stolenCores: number | null
  /** Share of the time in which something waited for a core. */
  readonly waited: number | null
  readonly load: readonly [least: number, most: number]
}

/** Beyond these a rate says more about the others than about its subject. */
const OTHERS_MAX = 0.2
const STOLEN_MAX = 0.1
/** Only while nothing of ours runs: our own subjects wait for each other. */
const WAITED_MAX = 0.15
const LOOK_MS = 3_000

/** Looks at the machine until the returned function is called. */
export function watchMachine(): () => Promise<Meanwhile> {
  const watch = new MachineWatch()
  watch.begin(preciseNow(), () => ({ sender: [], stack: [], server: [] }))
  return async () => {
    const record = await watch.sent()
    watch.stop()
    return meanwhileOf(record)
  }
}

/** @throws FloodmarkError 'unavailable' on a busy machine, unless `force`. Returns why it should not rank, where it was forced. */
export async function needQuiet(force: boolean): Promise<string | undefined> {
  const look = watchMachine()
  await sleep(LOOK_MS)
  const before = await look()
  const why = whyBusy(before) ?? whyWaiting(before)
  if (why === undefined || force) return why
  throw new FloodmarkError(
    'unavailable',
    `${why}: nothing is ranked on a busy machine. End what else runs and try again, or rank anyway with --force`,
  )
}

/** undefined: it was quiet enough. */
export function whyBusy({ othersCores, stolenCores, others }: Meanwhile): string | undefined {
  if (othersCores !== null && othersCores > OTHERS_MAX)
    return `other processes use ${othersCores.toFixed(2)} cores${others && ` (${others})`}`
  if (stolenCores !== null && stolenCores > STOLEN_MAX)
    return `the host gives ${stolenCores.toFixed(2)} cores of this machine to others`
  return undefined
}

function whyWaiting({ waited }: Meanwhile): string | undefined {
  if (waited === null || waited <= WAITED_MAX) return undefined
  return `something waits for a core ${(100 * waited).toFixed(0)}% of the time`
}

/** For a table that is kept. Who the others were is told where they were too many: see whyBusy. */
export function meanwhileWords({ othersCores, othersInWorstSecond, stolenCores, waited, load }: Meanwhile): string {
  const cores = (value: number | null) => (value === null ? 'unknown' : value.toFixed(2))
  return [
    `Other processes meanwhile: ${cores(othersCores)} cores, ${cores(othersInWorstSecond)} in the worst second`,
    `taken by the host ${cores(stolenCores)}`,
    `something waited for a core ${waited === null ? 'unknown' : `${(100 * waited).toFixed(0)}%`} of the time`,
    `load ${load[0].toFixed(1)}–${load[1].toFixed(1)}.`,
  ].join('; ')
}

function meanwhileOf({ samples, pressure, others }: MachineRecord): Meanwhile {
  let fromMs = 0
  let wholeMs = 0
  const sums = { others: 0, stolen: 0 }
  let worst = 0
  for (const { atMs, cpu } of samples) {
    if (!cpu) continue
    const tookMs = atMs - fromMs
    fromMs = atMs
    wholeMs += tookMs
    sums.others += cpu.others * tookMs
    sums.stolen += cpu.stolen * tookMs
    worst = Math.max(worst, cpu.others)
  }
  const mean = (sum: number) => (wholeMs === 0 ? null : sum / wholeMs)
  const loads = samples.map(({ load }) => load)
  return {
    othersCores: mean(sums.others),
    othersInWorstSecond: wholeMs === 0 ? null : worst,
    others: (others ?? []).map(({ name, cores }) => `${name} ${cores.toFixed(2)}`).join(', '),
    stolenCores: mean(sums.stolen),
    waited: pressure?.cpu ?? null,
    load: [Math.min(...loads), Math.max(...loads)],
  }
}
