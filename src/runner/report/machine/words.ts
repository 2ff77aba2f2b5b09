import { bytes, inWords, percent, shortTime } from '../../../core/base/words.ts'
import { inMs } from '../check.ts'
import type { MachineFigures } from './figures.ts'

/** Cores that other processes may use on average, and the share of time that they may use much, before it is said. */
export const OTHERS_MAX = 0.2

const inCores = (cores: number) => cores.toFixed(2)

export function useWords({ cpu, pressure, load, watchedCores }: MachineFigures): string {
  const used = cpu
    ? `${inCores(cpu.busy)} of ${watchedCores} cores in use, ${inCores(cpu.own)} by the run, ${inCores(cpu.others)} by others`
    : 'use of its cores unknown'
  const waited = pressure ? `; something waited for a core ${percent(pressure.cpu)} of the time` : ''
  return `${used}${waited}; load ${load ? `${load.least.toFixed(1)} … ${load.most.toFixed(1)}` : 'unknown'}`
}

export function othersLine(card: MachineFigures): string[] {
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

export function rowsOf(card: MachineFigures): [string, string][] {
  const { kit, limits, governors, pressure, throttledMs, cpu, stolen, suspendedMs, clock } = card
  const state = kit.dirty ? ', with changes that are not committed' : ''
  return [
    ['floodmark', `${kit.version}, commit ${kit.commit ? kit.commit.slice(0, 12) + state : 'unknown'}`],
    [
      'runs with',
      Object.entries(kit.packages)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
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
    ['asleep', suspendedMs === 0 ? 'never' : inWords(inMs(suspendedMs))],
    ['limit of a control group', limitWords(limits)],
    [
      'kept waiting by such a limit',
      known(throttledMs === 0 ? 'never' : throttledMs === null ? null : shortTime(throttledMs)),
    ],
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
