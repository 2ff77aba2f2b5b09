import type { Medium, SyncTimes } from '../../core/base/storage.ts'
import type { RefusalReason } from '../../core/contracts/refusal.ts'
import type { Attack } from '../scenario/scenario.ts'
import type { FlowReading, MeterReading } from './meters/meter-reading.ts'

/** What one attack came to. */
export interface AttackTally {
  readonly kind: Attack['kind']
  readonly times: number
  /** ms since the start of the run. */
  fromMs: number
  untilMs: number
  /** Requests that it should have sent until it ended; of the slow, as many as it sent. */
  planned: number
  sent: number
  /** Answers by their status. 100: the receiver asked for the body. */
  readonly statuses: Record<string, number>
  /** Connections that the receiver closed without an answer. */
  closed: number
  /** Requests that had no answer when patience was over. */
  unanswered: number
  /** Slow connections that were still open at the end. */
  held: number
  /** How long the receiver bore the most patient of those that send a byte a second. */
  heldMaxMs: number
  /** What was not sent, and why. */
  readonly leftOut: readonly string[]
}

/** What a replay of dead letters came to; times since the start of the run. */
export interface ReplayMark {
  readonly ratePerS: number
  readonly fromMs: number
  readonly untilMs: number
  readonly replayed: number
  /** Left where they are, since the queue would not have delivered them. */
  readonly heldBack: number
}

/** One sender that sent events again, as run.json keeps it. */
export interface ResendRecord {
  readonly fromMs: number
  readonly certificate: Certificate
}

/** What the providers' list API was asked for, for the report. */
export interface ListRecord {
  readonly requests: number
  /** So many of them were answered with 503, as planned. */
  readonly unavailable: number
  /** Events on the pages that were handed out; an event counts as often as it was read. */
  readonly listed: number
}

/** What the store was asked for, for the report. */
export interface StoreRecord {
  /** Requests for a content, and those of them that were answered with 503 as planned. */
  readonly fetches: number
  readonly unavailable: number
  readonly bytes: number
  /** Contents that were handed out whole, each counted once, without those that were altered on purpose. */
  readonly served: number
}

/** Calls on servers by the names that the servers have for them, and bytes of the requests. null: nobody counts them. */
export type CallCounts = Readonly<Record<string, { readonly calls: number; readonly bytes: number | null }>>

/** Of the connections that a process made: bytes in both directions, and requests that their server does not count itself. */
export interface AskedReading {
  readonly bytes: number
  readonly calls: CallCounts
}

/** What servers say of themselves, since they started. null: they do not say. */
export interface ServerCounts {
  readonly calls: CallCounts | null
  /** Of what they wrote for good: the position in a log that only grows, or its size. */
  readonly logBytes: number | null
}

/** Counts since the process started. */
export interface ServiceSample {
  /** By the clock of the run; in run.json since the run's start. */
  readonly atMs: number
  readonly applied: number
  readonly buried: number
  readonly failed: number
  readonly duplicates: number
  /** So many of those had another body than the event under their id. */
  readonly differing: number
  /** Times that effects were paused since this life began, and effects that are paused now. */
  readonly circuitsOpened: number
  readonly circuitsOpen: number
  /** Events waiting or in flight as the queue says; null where this process does not ask, or has no answer. */
  readonly backlog: number | null
  readonly cpuSeconds: number
  readonly rssBytes: number
  readonly eventLoopUtilization: number
  /** Requests that it refused since this life began, by the reason. Absent in runs of older versions, and where it receives none. */
  readonly refused?: Readonly<Partial<Record<RefusalReason, number>>>
  /** Absent in runs of older versions. */
  readonly asked?: AskedReading
  /** Absent: the run has no meters. */
  readonly meters?: MeterReading
}

/** What goes on beside a stack's processes, counted since the machine or the servers started. null: nobody says. */
export interface BesideSample extends Partial<ServerCounts> {
  /** ms since the start of the run. */
  readonly atMs: number
  /** CPU time of the run's servers that are known to be processes of this machine, with their children. */
  readonly serverCpuMs: number | null
  /** What all disks of this machine did, whoever wrote: bytes, and flushes, which is what a sync becomes. */
  readonly diskBytes: number | null
  readonly flushes: number | null
}

/** A folder that holds data of a run, as it was before the run. Absent fields: the system does not say. */
export interface DiskRecord {
  readonly medium: Medium
  readonly fileSystem?: string | undefined
  readonly mountPoint?: string | undefined
  readonly source?: string | undefined
  /** null: nothing could be written there. */
  readonly syncs: SyncTimes | null
}

/** What a queue or a ledger says of itself, and what was seen of the folders that hold its data. */
interface Durable {
  readonly server: string
  /** As its driver promises. */
  readonly survives: readonly string[]
  readonly shared: boolean
  /** What marks take of the server's memory, and how long each is kept. Absent: they lie on a disk, or it does not say. */
  readonly marks?: { readonly bytes: number; readonly keptMs: number }
  /** Absent: none is known to be on this machine. */
  readonly disks?: readonly DiskRecord[]
}

/** Where a target told of its effects: lines of this run, of other runs, and that could not be read. */
export interface ToldRecord {
  readonly from: string
  readonly lines: number
  readonly foreign: number
  readonly unreadable: number
  /** Why it could not be asked when it was looked at last: what it tells from then on is not known. Absent: it could be. */
  readonly unread?: string
}

export interface Durability {
  readonly queue: Durable & { readonly order: string }
  readonly ledger: Durable
}

/** A sender's account of itself: whether its figures may be believed. */
export interface Certificate {
  readonly planned: number
  readonly sent: number
  readonly unsent: number
  readonly retries: number
  readonly unsentRetries: number
  /** Attempts that would have come after the end of the run. */
  readonly cutOff: number
  /** ms since the start of the run. */
  readonly endedAtMs: number
  readonly latenessP50Ms: number
  readonly latenessP99Ms: number
  readonly latenessMaxMs: number
  /** Share of the sending time that the event loop was not waiting, 0-1. */
  readonly eventLoopUtilization: number
  readonly cpuSeconds: number
  readonly connectionsOpenedMax: number
  readonly connectionsMax: number
  /** It fell so far behind that it stopped. */
  readonly gaveUp: boolean
  /** It ended before its time: its journal had no room for more. Why. */
  readonly journalFull?: string
  /** The unsent attempts and retries for which every connection waited for an answer. */
  readonly waiting: { readonly events: number; readonly retries: number }
  /** Attempts for which the sender's own machine had no descriptor or no port left. */
  readonly machineOut: { readonly descriptors: number; readonly ports: number }
}

/** Attempts since the start, by outcome. */
export interface Counts {
  /** First attempts: those whose time has come, and those that were sent. */
  planned: number
  sent: number
  /** Further attempts that were sent, and those that could not be: every connection was busy. */
  retries: number
  unsentRetries: number
  accepted: number
  refused: number
  unknown: number
  unsent: number
}

/** Counts since the start. Latencies are those of the last interval's accepted attempts, in ms. */
export interface Progress extends Readonly<Counts> {
  readonly atMs: number
  readonly inFlight: number
  readonly connections: number
  /** From sending to the answer, or to giving up. Absent in runs of older versions, and of other generators. */
  readonly attempts?: FlowReading
  readonly responseP50Ms: number | undefined
  readonly responseP99Ms: number | undefined
  /** Of all first attempts that were accepted until now. */
  readonly firstP99Ms: number | undefined
  readonly cpuSeconds: number
  readonly rssBytes: number
  readonly eventLoopUtilization: number
}
