import { z } from 'zod'
import type { ServiceSample } from '../records/facts.ts'
import { FLOWS, type FlowReading, type MeterReading } from '../records/meters/meter-reading.ts'
import type { RunRecord } from '../records/run-record.ts'

const amount = z.number()
const flow = z.object({ calls: amount, items: amount, tookMs: amount, inHandMs: amount })

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
  commands: amount.nullable(),
  diskBytes: amount.nullable(),
  flushes: amount.nullable(),
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
  { samples: { beside = [] } }: Pick<RunRecord, 'samples'>,
  fromMs: number,
  untilMs: number,
): BesideUsage | null {
  const found = within(beside, fromMs, untilMs)
  const [first, last] = [found[0], found.at(-1)]
  if (!first || !last || first === last) return null
  return {
    spanMs: last.atMs - first.atMs,
    serverCpuMs: apart(last.serverCpuMs, first.serverCpuMs),
    commands: apart(last.commands, first.commands),
    diskBytes: apart(last.diskBytes, first.diskBytes),
    flushes: apart(last.flushes, first.flushes),
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
    loopDelayMaxMs: Math.max(...after.map(({ meters }) => meters.loopDelayMaxMs)),
    gcMs: to.gcMs - from.gcMs,
    syncs: to.syncs - from.syncs,
    syncMs: to.syncMs - from.syncMs,
    servedBytes: to.servedBytes - from.servedBytes,
    askedBytes: to.askedBytes - from.askedBytes,
    listenOverflows: apart(to.listenOverflows, from.listenOverflows),
    flows: Object.fromEntries(flows) as Usage['flows'],
  }
}

function flowBetween(from: FlowReading, to: FlowReading): FlowReading {
  const of = (field: keyof FlowReading) => to[field] - from[field]
  return { calls: of('calls'), items: of('items'), tookMs: of('tookMs'), inHandMs: of('inHandMs') }
}

const within = <T extends { readonly atMs: number }>(samples: readonly T[], fromMs: number, untilMs: number) =>
  samples.filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs)

const apart = (to: number | null, from: number | null) => (to === null || from === null ? null : to - from)
