import { z } from 'zod'
import { type BesideUsage, callsSchema, serversSchema, sumOfCalls, type Usage } from '../report/usage.ts'
import type { Purpose } from './trial.ts'

const amount = z.number()

/** What 1,000 events cost at one load. CPU in ms, sizes in bytes; null: not known, or there is no such thing. */
export const costSchema = z.object({
  ratePerS: amount,
  /** The load as a share of the ceiling. */
  ofCeiling: amount,
  /** Of each process of the stack, and of the servers of queue and ledger that are on this machine. */
  cpuMs: z.array(z.object({ name: z.string(), ms: amount })),
  serverCpuMs: amount.nullable(),
  /** Of all disks of this machine, by whoever wrote meanwhile: bytes, and flushes, which is what a sync becomes. */
  diskBytes: amount.nullable(),
  flushes: amount.nullable(),
  /** Between senders and receivers, and between the stack and its servers; both directions. */
  httpBytes: amount,
  storeBytes: amount,
  /** Of files that the stack's processes sync through Node: the log of the embedded queue. */
  syncs: amount,
  /** Calls on queue and ledger: publishes, batches that were delivered, claims and settlements. */
  storeCalls: amount,
  /** That the servers of queue and ledger carried out: as they count them, or as the stack's processes asked. */
  serverCommands: amount.nullable(),
  /** The same by name. This and the next are absent in ceilings of older versions. */
  serverCalls: callsSchema.optional(),
  /** By how much the servers' logs grew. */
  logBytes: amount.nullable().optional(),
  servers: serversSchema.optional(),
})
export type Cost = z.infer<typeof costSchema>

/** Loads at which the cost is measured, as shares of the ceiling. */
export const COST_SHARES = [0.1, 0.5, 0.9] as const
const CALLS = ['publishes', 'batches', 'claims', 'settles'] as const

/** Of a trial, what its cost follows from. */
interface Used {
  readonly purpose: Purpose
  readonly ratePerS: number
  readonly sender: 'fit' | 'late' | 'unfit'
  readonly usages: readonly Usage[]
  readonly beside: BesideUsage | null
}

/** undefined: the trial has no meters, or nothing took effect in it. */
export function costOf({ ratePerS, usages, beside }: Used, ceilingPerS: number): Cost | undefined {
  const [received, processed] = [
    perMs(usages.filter(onlyReceives), requestsIn),
    perMs(usages, ({ applied }) => applied),
  ]
  if (processed === 0) return undefined
  // A process that only receives is counted by its requests: the others may be behind.
  const per1000 = (usage: Usage, value: number) =>
    (1_000 * value) / usage.spanMs / (onlyReceives(usage) ? Math.max(received, Number.MIN_VALUE) : processed)
  const sum = (value: (usage: Usage) => number) =>
    usages.reduce((total, usage) => total + per1000(usage, value(usage)), 0)
  const ofBeside = (value: number | null | undefined) =>
    beside === null || value === null || value === undefined ? null : (1_000 * value) / beside.spanMs / processed
  const serverCalls = sumOfCalls([
    [beside?.calls, ofBeside(1) ?? 0],
    ...usages.map((usage) => [usage.calls, per1000(usage, 1)] as const),
  ])
  const counted = Object.values(serverCalls)
  return {
    ratePerS,
    ofCeiling: ratePerS / ceilingPerS,
    cpuMs: usages.map((usage) => ({ name: usage.name, ms: per1000(usage, usage.cpuMs) })),
    serverCpuMs: ofBeside(beside?.serverCpuMs),
    serverCommands: counted.length > 0 ? counted.reduce((total, { calls }) => total + calls, 0) : null,
    serverCalls,
    logBytes: ofBeside(beside?.logBytes),
    ...(beside?.servers && { servers: beside.servers }),
    diskBytes: ofBeside(beside?.diskBytes),
    flushes: ofBeside(beside?.flushes),
    httpBytes: sum(({ servedBytes }) => servedBytes),
    storeBytes: sum(({ askedBytes }) => askedBytes),
    syncs: sum(({ syncs }) => syncs),
    storeCalls: sum(({ flows }) => CALLS.reduce((calls, name) => calls + flows[name].calls, 0)),
  }
}

const requestsIn = ({ flows }: Usage) => flows.requests.items
const onlyReceives = (usage: Usage) => usage.applied === 0 && requestsIn(usage) > 0
const perMs = (usages: readonly Usage[], value: (usage: Usage) => number) =>
  usages.reduce((sum, usage) => sum + value(usage) / usage.spanMs, 0)

/** At each share of the ceiling that was tried for it, lowest first. `ceilingPerS`: or the most that is known to hold. */
export function costsOf(trials: readonly Used[], ceilingPerS: number | undefined): Cost[] {
  if (ceilingPerS === undefined) return []
  const found = trials.filter(({ purpose, sender }) => purpose === 'cost' && sender === 'fit')
  return found.flatMap((trial) => costOf(trial, ceilingPerS) ?? []).toSorted((a, b) => a.ratePerS - b.ratePerS)
}
