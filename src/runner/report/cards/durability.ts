import { z } from 'zod'
import { bytes, perS, shortTime } from '../../../core/base/words.ts'
import type { DiskRecord, Durability } from '../../records/facts.ts'
import { defineCard } from '../card.ts'
import { type Check, check, inMs } from '../check.ts'
import { DEVICE_SYNC_MIN_MS, survivalOf, WITHHELD } from '../shown-durability.ts'

const disk = z.object({
  medium: z.enum(['device', 'unknown', 'elsewhere', 'no-sync', 'memory']),
  fileSystem: z.string().optional(),
  mountPoint: z.string().optional(),
  source: z.string().optional(),
  /** null: nothing could be written there. */
  syncs: z.object({ count: z.number(), p50Ms: z.number(), p99Ms: z.number() }).nullable(),
})
const part = z.object({
  promised: z.array(z.string()),
  survives: z.array(z.string()),
  basis: z.enum(['measured', 'settings']),
  withheld: z.enum(WITHHELD).nullable(),
  disks: z.array(disk),
})
/** Of the ledger, in its server's memory. `heldBytes`: of all that are kept at the run's rate. */
const marks = z.object({ bytes: z.number(), keptMs: z.number(), ratePerS: z.number(), heldBytes: z.number() })
const schema = z.object({ queue: part, ledger: part, marks: marks.optional() })
type DurabilityFigures = z.infer<typeof schema>

/** What a 2xx and an effect survive: what the drivers promise, as far as the disks that hold the data bear it out. */
export const durability = defineCard({
  schema,
  make: ({ record: { durability }, setup }) =>
    durability && {
      queue: partOf(durability, 'queue'),
      ledger: partOf(durability, 'ledger'),
      ...marksOf(durability, setup.ratePerS),
    },
  checks: (card) => (card ? shownChecks(card) : []),
  checkWords: {
    'power-loss-shown': {
      title: 'syncs reach a device, before the run (quickest median)',
      measured: ({ quickest }) =>
        quickest instanceof Object && 'value' in quickest ? shortTime(quickest.value) : 'none',
      quiet: true,
      wanted: () => `data on a device, and at least ${shortTime(DEVICE_SYNC_MIN_MS)}`,
    },
  },
  words: (card) => ({
    title: 'Durability',
    blocks: [
      { paragraph: card.marks ? `${ABOUT} ${marksWords(card.marks)}.` : ABOUT },
      {
        head: ['', 'promised', 'shown', 'by', 'data on', 'syncs before the run'],
        rows: PARTS.map((name) => rowOf(name, card[name])),
      },
    ],
    lines: [
      `durable at 2xx: survives ${list(card.queue.survives)}; effects survive ${list(card.ledger.survives)}`,
      ...PARTS.flatMap((name) => linesOf(name, card[name])),
      ...(card.marks ? [`  ${marksWords(card.marks)}`] : []),
    ],
  }),
})

const ABOUT = [
  'The report repeats what the driver promises, but for a power loss that was not shown to be survived.',
  'It is shown where the data lie on a device',
  `and syncs that were really made there before the run take at least ${shortTime(DEVICE_SYNC_MIN_MS)}.`,
  'A call that does nothing takes under 1 µs, the fastest device 10 µs and more.',
  'No such test shows whether a device keeps its word when the power goes.',
].join(' ')

const PARTS = ['queue', 'ledger'] as const
type Side = (typeof PARTS)[number]
type Figures = DurabilityFigures[Side]

function partOf(durability: Durability, name: Side): Figures {
  const { promised, survives, ...rest } = survivalOf(durability[name])
  const disks = (durability[name].disks ?? []).map((one) => ({ ...one }))
  return { promised: [...promised], survives: [...survives], ...rest, disks }
}

function marksOf({ ledger: { marks: one } }: Durability, ratePerS: number) {
  return one && { marks: { ...one, ratePerS, heldBytes: (one.bytes * ratePerS * one.keptMs) / 1_000 } }
}

function marksWords({ bytes: each, keptMs, ratePerS, heldBytes }: z.infer<typeof marks>): string {
  const life = `${Math.round(keptMs / 3_600_000)} h`
  return `marks of the ledger take ${bytes(each)} of the server's memory each: ${life} of them at ${perS(ratePerS)} need ${bytes(heldBytes)}`
}

/** Nothing to check where no data lie on this machine. A power loss that is not shown is no failure, but must be seen. */
function shownChecks({ queue, ledger }: DurabilityFigures): Check<'power-loss-shown'>[] {
  const disks = [...queue.disks, ...ledger.disks]
  if (disks.length === 0) return []
  const medians = disks.flatMap(({ syncs }) => syncs?.p50Ms ?? [])
  const quickest = medians.length > 0 && { quickest: inMs(Math.min(...medians)) }
  const made = check('power-loss-shown', true, { ...quickest, atLeast: inMs(DEVICE_SYNC_MIN_MS) })
  return [queue.withheld || ledger.withheld ? { ...made, warning: true } : made]
}

const list = (failures: readonly string[]) => failures.join(', ') || 'nothing'

const BECAUSE: Readonly<Record<NonNullable<Figures['withheld']>, string>> = {
  memory: 'the data lie in memory',
  'no-sync': 'the file system is mounted so that syncs do not reach the device',
  elsewhere: 'the data lie on another machine, or with a program that is not known',
  unknown: 'the system does not say what the data lie on (in a container, give --out a folder on a volume)',
  'not-timed': 'no sync could be timed where the data lie',
  'too-quick': 'syncs are quicker than any device',
}

function because({ basis, withheld }: Figures): string {
  if (withheld) return `measured: ${BECAUSE[withheld]}`
  return basis === 'measured' ? 'measured' : 'its settings, not measured: no data of it are known on this machine'
}

function rowOf(name: Side, part: Figures) {
  const { disks, promised, survives } = part
  return [name, list(promised), list(survives), because(part), disks.map(place).join('; '), disks.map(times).join('; ')]
}

function linesOf(name: Side, part: Figures): string[] {
  const lines = part.disks.map((one) => `  ${name} on ${place(one)}: ${times(one)}`)
  if (part.withheld)
    return [...lines, `  ${name}: a power loss is not shown to be survived, because ${BECAUSE[part.withheld]}`]
  return part.basis === 'settings' && part.promised.length > 0 ? [`  ${name}: by ${because(part)}`] : lines
}

function place({ fileSystem, source, mountPoint }: DiskRecord): string {
  if (fileSystem === undefined) return 'an unknown file system'
  const device = source && source !== fileSystem ? ` on ${source}` : ''
  return `${fileSystem}${device}${mountPoint ? ` at ${mountPoint}` : ''}`
}

function times({ syncs }: DiskRecord): string {
  if (syncs === null) return 'nothing could be written there'
  return `${syncs.count} syncs, p50 ${shortTime(syncs.p50Ms)}, p99 ${shortTime(syncs.p99Ms)}`
}
