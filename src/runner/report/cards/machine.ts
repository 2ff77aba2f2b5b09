import { isHere } from '../../../core/base/kit/address.ts'
import { inWords } from '../../../core/base/words.ts'
import { defineCard } from '../card.ts'
import { type Check, check, counted, generatorCheck, inMs, share } from '../check.ts'
import { type MachineFigures, machineFigures, machineSchema } from '../machine/figures.ts'
import { OTHERS_MAX, othersLine, rowsOf, useWords } from '../machine/words.ts'

/** Of all cores, on average: more of it taken by other machines of the host, and the run is about them. */
const STOLEN_MAX = 0.1
/** In the worst second: after such a one the slowest of the figures are the host's. */
const STOLEN_IN_A_SECOND_MAX = 0.5
const SUSPENDED_MAX_MS = 250
/** Others may use much for such a share of the time. */
const OTHERS_SECONDS_SHARE = 0.1

type MachineCheckId = 'machine-taken' | 'machine-shared' | 'clock-stepped'

/** What the machine is, and what else it did while the run was sending; its clocks until the end. */
export const machine = defineCard({
  schema: machineSchema,
  make: ({ record }) =>
    record.machine && machineFigures(record.machine, record.machine.watchedCores ?? record.environment.cores),
  checks: (card, { record }) =>
    card ? machineChecks(card, record.target !== undefined && isHere(record.target.address)) : [],
  checkWords: {
    'machine-taken': {
      title: 'the machine was there all the time (CPU taken by its host, sleep)',
      measured: ({ stolen, worst, suspended }) => {
        const taken = `${inWords(stolen)} taken, ${inWords(worst)} in the worst second`
        return `${stolen ? taken : 'unknown what was taken'}; ${inWords(suspended)} asleep`
      },
      wanted: ({ atMost, worstAtMost }) =>
        `at most ${inWords(atMost)} taken, ${inWords(worstAtMost)} in a second; no sleep`,
      remedy: 'Run it on a machine that shares its cores with no other, and that does not go to sleep.',
      quiet: true,
    },
    'machine-shared': {
      title: 'other processes left the machine to the run',
      measured: ({ others, often, targets }) => {
        if (!others) return 'unknown'
        const took = `they took ${inWords(others)} of a core, and half a core or more for ${inWords(often)} of the time`
        return targets ? `${took}, the target among them` : took
      },
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
  'While the run was sending; sleep and the wall clock until its end. What other processes take is all that was used but by the run, its servers and the kernel’s own threads.'

function machineChecks(card: MachineFigures, targetIsHere: boolean): Check<MachineCheckId>[] {
  const { cpu, stolen, stolenInWorstSecond, othersBusy, suspendedMs, clock } = card
  const there = (stolen ?? 0) <= STOLEN_MAX && (stolenInWorstSecond ?? 0) <= STOLEN_IN_A_SECOND_MAX
  const isShared = cpu !== null && (cpu.others > OTHERS_MAX || (othersBusy ?? 0) > OTHERS_SECONDS_SHARE)
  const shared = check('machine-shared', true, {
    ...(cpu && { others: share(cpu.others), often: share(othersBusy ?? 0) }),
    ...(targetIsHere && { targets: counted(1) }),
    atMost: share(OTHERS_MAX),
  })
  const set = check('clock-stepped', true, { steps: counted(clock.steps), largest: inMs(clock.largestMs) })
  return [
    generatorCheck('machine-taken', there && suspendedMs <= SUSPENDED_MAX_MS, {
      ...(stolen !== null && { stolen: share(stolen), worst: share(stolenInWorstSecond ?? 0) }),
      suspended: inMs(suspendedMs),
      atMost: share(STOLEN_MAX),
      worstAtMost: share(STOLEN_IN_A_SECOND_MAX),
    }),
    isShared && !targetIsHere ? { ...shared, warning: true } : shared,
    clock.steps > 0 ? { ...set, warning: true } : set,
  ]
}
