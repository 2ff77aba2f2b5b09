import { z } from 'zod'
import { bytes, inWords, percent, shortTime } from '../../../core/base/words.ts'
import type { MachineRecord, MachineSample } from '../../records/machine.ts'
import { defineCard } from '../card.ts'
import { type Check, check, counted, generatorCheck, inMs, share } from '../check.ts'

/** Of all cores, on average: more of it taken by other machines of the host, and the run is about them. */
const STOLEN_MAX = 0.1
const SUSPENDED_MAX_MS = 250
/** Cores that other processes may use on average, and in one second of ten, before it is said. */
const OTHERS_MAX = 0.2
const OTHERS_IN_A_SECOND = 0.5
const OTHERS_SECONDS_SHARE = 0.1
/** A wall clock that is slewed goes wrong by less in a second; one that is set goes wrong at once. */
const STEP_MIN_MS = 20

const numbers = z.array(z.number())
const schema = z.object({
  kit: z.object({ version: z.string(), commit: z.string().nullable(), dirty: z.boolean().nullable() }),
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
  othersBusy: z.number().nullable(),
  suspendedMs: z.number(),
  /** Corrections of the wall clock, and the largest of them. */
  clock: z.object({ steps: z.number(), largestMs: z.number() }),
  others: z.array(z.object({ name: z.string(), cores: z.number() })).nullable(),
})
type MachineFigures = z.infer<typeof schema>

type MachineCheckId = 'machine-taken' | 'machine-shared' | 'clock-stepped'

/** What the machine is, and what else it did while the run was sending. */
export const machine = defineCard({
  schema,
  make: ({ record }) =>
    record.machine && figuresOf(record.machine, record.machine.watchedCores ?? record.environment.cores),
  checks: (card) => (card ? machineChecks(card) : []),
  checkWords: {
    'machine-taken': {
      title: 'the machine was there all the time (CPU taken by its host, sleep)',
      measured: ({ stolen, suspended }) =>
        `${stolen ? inWords(stolen) : 'unknown'} taken, ${inWords(suspended)} asleep`,
      wanted: ({ atMost }) => `at most ${inWords(atMost)} taken, no sleep`,
      remedy: 'Run it on a machine that shares its cores with no other, and that does not go to sleep.',
      quiet: true,
    },
    'machine-shared': {
      title: 'other processes left the machine to the run',
      measured: ({ others, often }) =>
        others
          ? `they took ${inWords(others)} of a core, and half a core or more for ${inWords(often)} of the time`
          : 'unknown',
      wanted: ({ atMost }) => `at most ${inWords(atMost)} of a core`,
      quiet: true,
    },
    'clock-stepped': {
      title: 'corrections of the wall clock meanwhile',
      measured: ({ steps, largest }) =>
        inWords(steps) === '0' ? '0' : `${inWords(steps)}, by up to ${inWords(largest)}`,
      wanted: () => '0',
      quiet: true,
    },
  },
  words: (card) => ({
    title: 'Machine',
    blocks: [{ paragraph: ABOUT }, { head: ['', ''], rows: rowsOf(card) }],
    lines: [`machine: ${useWords(card)}`, ...othersLine(card)],
  }),
})

const ABOUT =
  'While the run was sending. What other processes take is all that was used but by the run, its servers and the kernel’s own threads.'

function figuresOf(record: MachineRecord, cores: number): MachineFigures {
  const { kit, limits, governors, pressure, throttledMs, samples, others } = record
  const steps = samples.map(({ wallDriftMs }) => Math.abs(wallDriftMs)).filter((ms) => ms >= STEP_MIN_MS)
  const loads = samples.map(({ load }) => load)
  const cpu = cpuOf(samples)
  return {
    ...{ kit: { ...kit }, limits: { ...limits }, pressure: pressure && { ...pressure }, throttledMs, cpu },
    governors: governors && [...governors],
    cores: Object.fromEntries(Object.entries(record.cores).map(([kind, list]) => [kind, [...list]])),
    sharedCores: sharedCoresOf(record.cores),
    load: loads.length === 0 ? null : { least: Math.min(...loads), most: Math.max(...loads) },
    watchedCores: cores,
    stolen: cpu && cpu.stolen / cores,
    othersBusy: othersBusyOf(samples),
    suspendedMs: samples.reduce((sum, { suspendedMs }) => sum + suspendedMs, 0),
    clock: { steps: steps.length, largestMs: Math.max(0, ...steps) },
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

function machineChecks({ cpu, stolen, othersBusy, suspendedMs, clock }: MachineFigures): Check<MachineCheckId>[] {
  const isShared = cpu !== null && (cpu.others > OTHERS_MAX || (othersBusy ?? 0) > OTHERS_SECONDS_SHARE)
  const shared = check('machine-shared', true, {
    ...(cpu && { others: share(cpu.others), often: share(othersBusy ?? 0) }),
    atMost: share(OTHERS_MAX),
  })
  const set = check('clock-stepped', true, { steps: counted(clock.steps), largest: inMs(clock.largestMs) })
  return [
    generatorCheck('machine-taken', (stolen ?? 0) <= STOLEN_MAX && suspendedMs <= SUSPENDED_MAX_MS, {
      ...(stolen !== null && { stolen: share(stolen) }),
      suspended: inMs(suspendedMs),
      atMost: share(STOLEN_MAX),
    }),
    isShared ? { ...shared, warning: true } : shared,
    clock.steps > 0 ? { ...set, warning: true } : set,
  ]
}

const inCores = (cores: number) => cores.toFixed(2)

function useWords({ cpu, pressure, load, watchedCores }: MachineFigures): string {
  const used = cpu
    ? `${inCores(cpu.busy)} of ${watchedCores} cores in use, ${inCores(cpu.own)} by the run, ${inCores(cpu.others)} by others`
    : 'use of its cores unknown'
  const waited = pressure ? `; something waited for a core ${percent(pressure.cpu)} of the time` : ''
  return `${used}${waited}; load ${load ? `${load.least.toFixed(1)} … ${load.most.toFixed(1)}` : 'unknown'}`
}

function othersLine(card: MachineFigures): string[] {
  const seen = card.cpu && card.cpu.others > OTHERS_MAX ? namesOf(card) : ''
  return seen === '' ? [] : [`  others, most first: ${seen}`]
}

/** What nobody can be named for runs where this process cannot see it, as outside of a container. */
function namesOf({ others, cpu }: MachineFigures): string {
  const named = (others ?? []).filter(({ cores }) => cores >= 0.01)
  const unseen = (cpu?.others ?? 0) - named.reduce((sum, { cores }) => sum + cores, 0)
  const list = named.map(({ name, cores }) => `${name} ${inCores(cores)}`)
  return [
    ...list,
    ...(unseen >= OTHERS_MAX ? [`processes that are gone or cannot be seen ${inCores(unseen)}`] : []),
  ].join(', ')
}

const known = (text: string | null | undefined) => text ?? 'unknown'

function rowsOf(card: MachineFigures): [string, string][] {
  const { kit, limits, governors, pressure, throttledMs, cpu, stolen, suspendedMs, clock } = card
  const state = kit.dirty ? ', with changes that are not committed' : ''
  return [
    ['floodmark', `${kit.version}, commit ${kit.commit ? kit.commit.slice(0, 12) + state : 'unknown'}`],
    ['cores in use', useWords(card)],
    [
      'other processes',
      cpu ? `${namesOf(card) || 'none'}; in the worst second ${inCores(cpu.othersInWorstSecond)}` : 'unknown',
    ],
    ['who shares cores', sharedWords(card)],
    [
      'waited',
      pressure
        ? `CPU ${percent(pressure.cpu)}, disk ${percent(pressure.io)}, memory ${percent(pressure.memory)} of the time`
        : 'unknown',
    ],
    ['taken by the host', known(stolen === null ? null : percent(stolen))],
    ['asleep', `${inWords(inMs(suspendedMs))}`],
    ['limit of a control group', limitWords(limits)],
    ['kept waiting by such a limit', known(throttledMs === null ? null : shortTime(throttledMs))],
    ['CPU governor', known(governors?.join(', '))],
    [
      'wall clock',
      clock.steps === 0 ? 'not set meanwhile' : `set ${clock.steps} times, by up to ${inWords(inMs(clock.largestMs))}`,
    ],
  ]
}

function limitWords({ cpuCores, memoryBytes }: MachineFigures['limits']): string {
  const cpu = cpuCores === null ? 'no limit of cores is known' : `${cpuCores} cores`
  return `${cpu}, ${memoryBytes === null ? 'no limit of memory is known' : bytes(memoryBytes)}`
}

const KINDS = { sender: 'senders', stack: 'stack', server: 'servers' } as const

function sharedWords({ cores, sharedCores }: MachineFigures): string {
  if (sharedCores === null) return 'unknown'
  const list = (['sender', 'stack', 'server'] as const).flatMap((kind) => {
    const of = cores[kind]
    return of ? `${KINDS[kind]} on ${of.join(', ')}` : []
  })
  const shared = sharedCores.map((kind) => KINDS[kind]).join(', ')
  return `${list.join('; ')}: ${shared === '' ? 'none share a core' : `${shared} share cores, so what one takes another lacks`}`
}
