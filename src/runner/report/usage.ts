import { z } from 'zod'
import { mostOf } from '../../core/base/kit/extremes.ts'
import type { CallCounts, ServiceSample } from '../records/facts.ts'
import { FLOWS, type FlowReading, type MeterReading } from '../records/meters/meter-reading.ts'
import type { RunRecord } from '../records/run-record.ts'

const amount = z.number()
const flow = z.object({ calls: amount, items: amount, tookMs: amount, inHandMs: amount })

/** By the names that servers have for them; bytes of the requests, null: nobody counts them. */
export const callsSchema = z.record(z.string(), z.object({ calls: amount, bytes: amount.nullable() }))
/** The servers of queue and ledger, and whether each is known to be a process of this machine. */
export const serversSchema = z.array(z.object({ kind: z.string(), isHere: z.boolean() }))

/** What a process used and did in a stretch of a run. ms and bytes; null: the system does not say. */
export const usageSchema = z.object({
  name: z.string(),
  spanMs: amount,
  /** Events that took effect by it. */
  applied: amount,
  cpuMs: amount,
  mainCpuMs: amount.nullable(),
  threadsCpuMs: amount.nullable(),
  /** Share of the time that its event loop was not waiting. */
  loopBusy: amount,
  loopDelayMaxMs: amount,
  gcMs: amount,
  syncs: amount,
  syncMs: amount,
  servedBytes: amount,
  askedBytes: amount,
  listenOverflows: amount.nullable(),
  /** What it asked of servers that do not count it themselves. Absent in trials of older versions. */
  calls: callsSchema.optional(),
  flows: z.record(z.enum(FLOWS), flow),
})
export type Usage = z.infer<typeof usageSchema>

/** What a sender had in hand. */
export const senderUsageSchema = z.object({ name: z.string(), spanMs: amount, attempts: flow })
export type SenderUsage = z.infer<typeof senderUsageSchema>

/** What went on beside the stack's processes: see BesideSample. */
export const besideSchema = z.object({
  spanMs: amount,
  serverCpuMs: amount.nullable(),
  diskBytes: amount.nullable(),
  flushes: amount.nullable(),
  /** What the servers of queue and ledger counted, and by how much their logs grew; null: none says. Absent in trials of older versions. */
  calls: callsSchema.nullable().optional(),
  logBytes: amount.nullable().optional(),
  servers: serversSchema.optional(),
})
export type BesideUsage = z.infer<typeof besideSchema>

type Metered = ServiceSample & { readonly meters: MeterReading }

/** Of each process of the stack, between its first and its last sample within these times, ms since the start. */
export function usagesOf({ samples }: Pick<RunRecord, 'samples'>, fromMs: number, untilMs: number): Usage[] {
  return samples.stack.flatMap(({ name, samples: all }) => {
    const found = within(all, fromMs, untilMs).filter((one): one is Metered => one.meters !== undefined)
    const [first, last] = [found[0], found.at(-1)]
    return first && last && first !== last ? [usageBetween(name, first, last, found.slice(1))] : []
  })
}

/** Of each sender, as `usagesOf`. */
export function senderUsagesOf(
  { samples }: Pick<RunRecord, 'samples'>,
  fromMs: number,
  untilMs: number,
): SenderUsage[] {
  return samples.senders.flatMap((all, at) => {
    const found = within(all, fromMs, untilMs).filter(({ attempts }) => attempts !== undefined)
    const [first, last] = [found[0], found.at(-1)]
    if (!first || !last || first === last) return []
    const attempts = flowBetween(first.attempts!, last.attempts!)
    return [{ name: `sender ${at + 1}`, spanMs: last.atMs - first.atMs, attempts }]
  })
}

export function besideOf(
  { samples: { beside = [] }, serverKinds = [] }: Pick<RunRecord, 'samples' | 'serverKinds'>,
  fromMs: number,
  untilMs: number,
): BesideUsage | null {
  const found = within(beside, fromMs, untilMs)
  const [first, last] = [found[0], found.at(-1)]
  if (!first || !last || first === last) return null
  return {
    spanMs: last.atMs - first.atMs,
    serverCpuMs: grown(found.map(({ serverCpuMs }) => serverCpuMs)),
    diskBytes: apart(last.diskBytes, first.diskBytes),
    flushes: apart(last.flushes, first.flushes),
    calls: callsBetween(found.map(({ calls }) => calls)),
    logBytes: grown(found.map(({ logBytes }) => logBytes)),
    servers: [...serverKinds],
  }
}

function usageBetween(name: string, first: Metered, last: Metered, after: readonly Metered[]): Usage {
  const [from, to] = [first.meters, last.meters]
  const flows = FLOWS.map((one) => [one, flowBetween(from.flows[one], to.flows[one])] as const)
  const spanMs = last.atMs - first.atMs
  const busy = after.reduce((sum, { eventLoopUtilization }) => sum + eventLoopUtilization, 0) / after.length
  return {
    name,
    spanMs,
    applied: last.applied - first.applied,
    cpuMs: (last.cpuSeconds - first.cpuSeconds) * 1_000,
    mainCpuMs: apart(to.mainCpuMs, from.mainCpuMs),
    threadsCpuMs: apart(to.threadsCpuMs, from.threadsCpuMs),
    loopBusy: busy,
    loopDelayMaxMs: mostOf(after.map(({ meters }) => meters.loopDelayMaxMs)),
    gcMs: to.gcMs - from.gcMs,
    syncs: to.syncs - from.syncs,
    syncMs: to.syncMs - from.syncMs,
    servedBytes: to.servedBytes - from.servedBytes,
    askedBytes: to.askedBytes - from.askedBytes,
    listenOverflows: apart(to.listenOverflows, from.listenOverflows),
    calls: callsBetween([first, ...after].map(({ asked }) => asked?.calls)) ?? {},
    flows: Object.fromEntries(flows) as Usage['flows'],
  }
}

function flowBetween(from: FlowReading, to: FlowReading): FlowReading {
  const of = (field: keyof FlowReading) => to[field] - from[field]
  return { calls: of('calls'), items: of('items'), tookMs: of('tookMs'), inHandMs: of('inHandMs') }
}

const within = <T extends { readonly atMs: number }>(samples: readonly T[], fromMs: number, untilMs: number) =>
  samples.filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs)

/**
 * By how much a count grew over its samples; null where fewer than two know it. A server that starts again counts from 0, and a log
 * is smaller after it was rewritten: what is lost by that is not known, and counts for nothing.
 */
export function grown(samples: readonly (number | null | undefined)[]): number | null {
  const known = samples.filter((one) => one !== null && one !== undefined)
  if (known.length < 2) return null
  return known.slice(1).reduce((sum, one, at) => sum + Math.max(0, one - known[at]!), 0)
}

/** The same of calls by name. One that is not named yet was not made yet. */
export function callsBetween(samples: readonly (CallCounts | null | undefined)[]): CallCounts | null {
  const known = samples.filter((one) => one !== null && one !== undefined)
  if (known.length < 2) return null
  const names = new Set(known.flatMap((calls) => Object.keys(calls)))
  const found = Array.from(names, (name) => {
    const calls = grown(known.map((one) => one[name]?.calls ?? 0))!
    return [name, { calls, bytes: bytesBetween(known.map((one) => one[name])) }] as const
  })
  return Object.fromEntries(found.filter(([, { calls }]) => calls > 0))
}

/** Of several who count, each so many times. */
export function sumOfCalls(
  all: readonly (readonly [calls: CallCounts | null | undefined, times: number])[],
): z.infer<typeof callsSchema> {
  const sums: z.infer<typeof callsSchema> = {}
  for (const [counted, times] of all) {
    for (const [name, { calls, bytes }] of Object.entries(counted ?? {})) {
      sums[name] ??= { calls: 0, bytes: bytes === null ? null : 0 }
      const sum = sums[name]
      sum.calls += calls * times
      sum.bytes = sum.bytes === null || bytes === null ? null : sum.bytes + bytes * times
    }
  }
  return sums
}

const bytesBetween = (samples: readonly (CallCounts[string] | undefined)[]) =>
  samples.some((one) => one?.bytes === null) ? null : grown(samples.map((one) => one?.bytes ?? 0))

const apart = (to: number | null, from: number | null) => (to === null || from === null ? null : to - from)
