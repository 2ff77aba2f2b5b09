import { z } from 'zod'
import { leastOf, mostOf } from '../../../core/base/kit/extremes.ts'
import type { MachineRecord, MachineSample } from '../../records/machine.ts'

/** So many cores in one second are much. */
const OTHERS_IN_A_SECOND = 0.5
/** A wall clock that is slewed goes wrong by less in a second; one that is set goes wrong at once. */
const STEP_MIN_MS = 20

const numbers = z.array(z.number())
export const machineSchema = z.object({
  kit: z.object({
    version: z.string(),
    commit: z.string().nullable(),
    dirty: z.boolean().nullable(),
    packages: z.record(z.string(), z.string()),
  }),
  limits: z.object({ cpuCores: z.number().nullable(), memoryBytes: z.number().nullable() }),
  governors: z.array(z.string()).nullable(),
  cores: z.object({ sender: numbers.optional(), stack: numbers.optional(), server: numbers.optional() }),
  /** Which of them may run on a core of another; null where that is unknown. */
  sharedCores: z.array(z.enum(['sender', 'stack', 'server'])).nullable(),
  pressure: z.object({ cpu: z.number(), io: z.number(), memory: z.number() }).nullable(),
  throttledMs: z.number().nullable(),
  load: z.object({ least: z.number(), most: z.number() }).nullable(),
  /** Of these cores the CPU time is. */
  watchedCores: z.number(),
  /** In cores on average over the time of sending; stolen by other machines of the host. */
  cpu: z
    .object({
      busy: z.number(),
      own: z.number(),
      others: z.number(),
      stolen: z.number(),
      othersInWorstSecond: z.number(),
    })
    .nullable(),
  /** Shares of the time of sending. null: unknown. */
  stolen: z.number().nullable(),
  stolenInWorstSecond: z.number().nullable(),
  othersBusy: z.number().nullable(),
  /** These two until the end of the run, draining included. */
  suspendedMs: z.number(),
  /** Corrections of the wall clock, and the largest of them. */
  clock: z.object({ steps: z.number(), largestMs: z.number() }),
  others: z.array(z.object({ name: z.string(), cores: z.number() })).nullable(),
})
export type MachineFigures = z.infer<typeof machineSchema>

/** What a report holds of the machine; `cores` as many as the run might use. */
export function machineFigures(record: MachineRecord, cores: number): MachineFigures {
  const { kit, limits, governors, pressure, throttledMs, samples, others } = record
  const clocks = [...samples, ...(record.afterSending ?? [])]
  const steps = clocks.map(({ wallDriftMs }) => Math.abs(wallDriftMs)).filter((ms) => ms >= STEP_MIN_MS)
  const loads = samples.map(({ load }) => load)
  const cpu = cpuOf(samples)
  return {
    ...{
      kit: { ...kit, packages: { ...kit.packages } },
      limits: { ...limits },
      pressure: pressure && { ...pressure },
      throttledMs,
      cpu,
    },
    governors: governors && [...governors],
    cores: Object.fromEntries(Object.entries(record.cores).map(([kind, list]) => [kind, [...list]])),
    sharedCores: sharedCoresOf(record.cores),
    load: loads.length === 0 ? null : { least: leastOf(loads), most: mostOf(loads) },
    watchedCores: cores,
    stolen: cpu && cpu.stolen / cores,
    stolenInWorstSecond: cpu && mostOf(samples.map((sample) => sample.cpu?.stolen ?? 0)) / cores,
    othersBusy: othersBusyOf(samples),
    suspendedMs: clocks.reduce((sum, { suspendedMs }) => sum + suspendedMs, 0),
    clock: { steps: steps.length, largestMs: mostOf(steps, 0) },
    others: others?.map((one) => ({ ...one })) ?? null,
  }
}

/** Means over time: samples are not all of one length. */
function cpuOf(samples: readonly MachineSample[]): MachineFigures['cpu'] {
  const sums = { busy: 0, own: 0, others: 0, stolen: 0 }
  let fromMs = 0
  let wholeMs = 0
  let othersInWorstSecond = 0
  for (const { atMs, cpu } of samples) {
    const tookMs = Math.max(0, atMs - fromMs)
    fromMs = Math.max(0, atMs)
    if (!cpu) continue
    wholeMs += tookMs
    for (const name of ['busy', 'own', 'others', 'stolen'] as const) sums[name] += cpu[name] * tookMs
    othersInWorstSecond = Math.max(othersInWorstSecond, cpu.others)
  }
  if (wholeMs === 0) return null
  const { busy, own, others, stolen } = sums
  return {
    ...{ busy: busy / wholeMs, own: own / wholeMs, others: others / wholeMs, stolen: stolen / wholeMs },
    othersInWorstSecond,
  }
}

function othersBusyOf(samples: readonly MachineSample[]): number | null {
  const known = samples.filter(({ cpu }) => cpu !== null)
  if (known.length === 0) return null
  return known.filter(({ cpu }) => cpu!.others >= OTHERS_IN_A_SECOND).length / known.length
}

function sharedCoresOf(cores: MachineRecord['cores']): MachineFigures['sharedCores'] {
  const kinds = (['sender', 'stack', 'server'] as const).filter((kind) => cores[kind])
  if (!cores.sender || !cores.stack) return null
  const meets = (a: readonly number[], b: readonly number[]) => a.some((core) => b.includes(core))
  return kinds.filter((kind) => kinds.some((other) => other !== kind && meets(cores[kind]!, cores[other]!)))
}
