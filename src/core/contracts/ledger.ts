import type { Clock } from './clock.ts'
import type { WebhookEvent } from './event.ts'
import type { FailureMode } from './queue.ts'
import type { Quota } from './quota.ts'

/** Writes that commit in one transaction with the id's mark: the effect is exactly-once however often the event comes. */
export interface Tx {
  /** Sets a name's value. */
  put(name: string, value: Uint8Array): void
  /** Adds to a name's number (absent counts as 0); it reads back as decimal ASCII. `by` is a safe integer. */
  increment(name: string, by: number): void
  /** Adds an item at the end of a name's list; items keep the order of their transactions. */
  append(name: string, value: Uint8Array): void
  /**
   * A name's value as this event must see it: what is committed, then what earlier events of its key have written in the same
   * batch, then its own writes. Names that other keys write may change until this event is settled. undefined: never written.
   * Ledger.read would not see the batch.
   */
  read(name: string): Promise<Uint8Array | undefined>
  /** 1 for the first try: failures and lost tries before it count. */
  readonly attempt: number
  /** Aborts when this try has taken too long. Work that still goes on for it goes on for nobody. */
  readonly signal: AbortSignal
  /**
   * Statements of one's own in the transaction that stores the event's mark: both are committed, or nothing is. It holds a
   * connection from the first statement on. @throws FloodmarkError 'misuse' where the ledger has no database for that.
   */
  readonly client: SqlClient
}

/** What an effect may ask of the database that its ledger lives in, in the form of the `pg` client. */
export interface SqlClient {
  /** @throws the database's own error; a statement that begins or ends a transaction is refused. */
  query<R = Record<string, unknown>>(
    statement: string | { readonly text: string; readonly values?: readonly unknown[] },
    values?: readonly unknown[],
  ): Promise<SqlResult<R>>
}
export interface SqlResult<R> {
  readonly rows: R[]
  readonly rowCount: number | null
}

/** The transaction of one try: it is opened by the first statement, and ends with the settlement that has it, or with undo(). */
export interface EffectTransaction {
  readonly client: SqlClient
  /** False: no statement was asked for, and nothing is to be committed. */
  readonly isUsed: boolean
  /** The effect has ended well. Nothing more is let in. Rejects within `ms` where what it did cannot be committed. */
  check(ms: number): Promise<void>
  /** The try is lost: nothing of it stays, and nothing more is let in. */
  undo(): void
}

/** One recorded write; names are 1-200 bytes. */
export type Write =
  | { readonly op: 'put'; readonly name: string; readonly value: Uint8Array }
  | { readonly op: 'increment'; readonly name: string; readonly by: number }
  | { readonly op: 'append'; readonly name: string; readonly value: Uint8Array }

/**
 * The user's work for one event. What it does outside tx is at-least-once; event.id (with the effect's name, where there are
 * several) is its idempotency key. What it throws is of a class (retry-class.ts). Transient, as everything is by default:
 * tried again after a wait, and buried once that has gone on for long enough. Permanent, as FloodmarkError 'rejected' is: buried at once.
 */
export interface Effect {
  (event: WebhookEvent, tx: Tx): EffectResult | Promise<EffectResult>
  /** Absent: it is for every event, within the processor's own limits. */
  readonly limits?: EffectLimits
}

/** `'nothing'`: there was nothing to do, so that a provider that moved a field does not look like success. It is settled all the same. */
// biome-ignore lint/suspicious/noConfusingVoidType: an effect that returns nothing has done its work
export type EffectResult = void | undefined | 'nothing'

/** What one of several named effects made of an event, as the ledger keeps it beside the mark. */
export interface Handled {
  readonly outcome: 'done' | 'nothing'
  /** Tries, the last one included. */
  readonly attempts: number
  /** When it was settled, by the ledger's clock. */
  readonly atMs: number
}

/** For which events an effect is, and within which limits. */
export interface EffectLimits {
  /** Default: every event. Where none of several is for an event, it is settled with nothing done. Must not throw. */
  readonly isFor?: (event: WebhookEvent) => boolean
  /** A try that is longer counts as failed. At most, and by default, the processor's effectMs. */
  readonly timeoutMs?: number
  /** So many tries at once, in one process. Others wait, as long as their lease lets them, and then come again. */
  readonly concurrencyMax?: number
}

/**
 * One effect, or several by name (1-32 of [a-z0-9-]): each of them is claimed, retried, settled and buried by itself. What was
 * settled is remembered under the name; one of several may have the name '' and is remembered as an only effect is.
 */
export type Effects = Effect | Readonly<Record<string, Effect>>

export type Claim =
  /**
   * Yours for leaseMs. `fence` goes into the settlement. `failures`: how often it has failed so far; `failingForMs`: the time
   * since the first of these was settled, by the ledger's clock (0 with none). `lostTries`: claims of it since its last
   * settlement that were neither settled nor given back: they ran out, or their process died.
   */
  | {
      readonly state: 'new'
      readonly fence: number
      readonly failures: number
      readonly failingForMs: number
      readonly lostTries: number
    }
  /**
   * Settled for good before (applied or buried). `differs`: with another body, as far as their digests tell (base/copy-digest.ts).
   * The first one holds.
   */
  | { readonly state: 'duplicate'; readonly differs?: true }
  /** Another consumer holds it now. */
  | { readonly state: 'busy' }
  /** Not claimed: SUSPECT_LOST_TRIES tries of it were lost, or more. Its effect may be what ends processes. See claimAlone. */
  | { readonly state: 'suspect' }

/** One lost try makes nothing suspect: processes are killed for many reasons, and then have many events in hand. */
export const SUSPECT_LOST_TRIES = 2

/**
 * Why an event was given up. 'schema': its body is not what a strict schema says. 'permanent': its effect refused it for good.
 * 'transient': its effect failed for too long. 'process-died': too many of its tries were lost, see Claim. 'undecodable': a record
 * of the queue that is no event. 'unknown': a letter of an earlier version, which did not say. Stored by position: add new ones at the end, 16 at most.
 */
export const BURIED_CAUSES = ['unknown', 'transient', 'permanent', 'schema', 'process-died', 'undecodable'] as const
export type BuriedCause = (typeof BURIED_CAUSES)[number]

interface Claimed {
  readonly event: WebhookEvent
  /** The number of the claim. A settlement whose claim has run out and gone to another writes nothing. */
  readonly fence: number
}
export type Settlement =
  /** `transaction`: with work of the effect's own, checked. Such a settlement is a transaction by itself; it ends here, whatever comes of it. */
  | (Claimed & {
      readonly result: 'applied'
      readonly writes: readonly Write[]
      readonly transaction?: EffectTransaction | undefined
      /** Kept for `lookup`. Absent: nothing is kept but the mark. */
      readonly handled?: Omit<Handled, 'atMs'>
    })
  /** Counts one failure, forgets lost tries and gives the claim back. */
  | (Claimed & { readonly result: 'failed'; readonly error: string })
  /** Counts one failure and keeps the event as a dead letter. `cause` decides what is done with it, `reason` is for people. */
  | (Claimed & { readonly result: 'buried'; readonly cause: BuriedCause; readonly reason: string })
  /** Gives the claim back untouched. */
  | (Claimed & { readonly result: 'released' })

/**
 * What became of an id. 'in-hand': somebody holds it now. 'waiting': it was tried, and is to be tried again. 'unknown': never seen,
 * given back untouched, or its mark has ended.
 */
export type EventFate =
  | { readonly state: 'unknown' | 'in-hand' }
  | { readonly state: 'applied'; readonly handled?: Handled }
  | ({ readonly state: 'buried' } & Omit<DeadLetter, 'event'>)
  | { readonly state: 'waiting'; readonly failures: number; readonly lostTries: number }

export interface Settled {
  /** False: the claim had been lost, nothing was written for this event. */
  readonly held: boolean
  /** Failures counted so far, this one included. */
  readonly failures: number
}

export interface DeadLetter {
  readonly event: WebhookEvent
  readonly cause: BuriedCause
  readonly reason: string
  readonly failures: number
  readonly atMs: number
}

/** A copy whose body is not that of the event under its id. Its body may be cut. */
export interface KeptCopy {
  readonly event: WebhookEvent
  /** When it was kept. */
  readonly atMs: number
}
/** A ledger keeps so many copies, the latest ones, and of each so much of its body. */
export const KEPT_COPIES = { copiesMax: 100, bodyBytesMax: 64 * 1024 } as const

export interface LedgerTraits {
  readonly name: string
  readonly server: string
  /** Failures that a settled id survives; read from the server like QueueTraits.survives. */
  readonly survives: readonly FailureMode[]
  /** Folders of this machine that hold the marks and effects, like QueueTraits.dataFolders. */
  readonly dataFolders?: readonly string[]
  /** True when processors in different processes may share it. */
  readonly shared: boolean
  /**
   * A settled id is remembered for so many ms, and for as long again whenever a copy comes in the second half of that. One
   * whose sender goes on for longer is remembered for longer (markMsOf in base/mark-life.ts).
   */
  readonly ttlMs: number
  /** Absent: marks lie on a disk, or the server does not say. */
  readonly markMemory?: MarkMemory
}

/** What marks take of a server's memory, by its own word. */
export interface MarkMemory {
  /** What one mark takes. */
  readonly bytes: number
  /** All that the server may use. Absent: it has no limit. */
  readonly roomBytes?: number
}

/** Which events took effect. Turns at-least-once delivery into exactly-once effect; holds the dead letters. */
export interface Ledger {
  readonly traits: LedgerTraits
  /**
   * Claims ids for leaseMs, one answer per event, same order. The same id twice in one call: the second is 'busy'. A mark
   * covers copies that were received before it ended, and is renewed by those that come in the second half of its life.
   */
  claim(events: readonly WebhookEvent[], leaseMs: number): Promise<readonly Claim[]>
  /** As claim, for one that may be suspect. The caller holds no other claim meanwhile: what is lost then is its own doing. */
  claimAlone(event: WebhookEvent, leaseMs: number): Promise<Claim>
  /**
   * One durable transaction: writes, marks (kept for their time), failure counts and dead letters together; one answer
   * per settlement, same order. Fenced by the claims; within CALL_LIMITS. Behind an event whose claim is lost its key's
   * later ones in the call count as lost too, and are given back: they must not overtake it.
   * @throws FloodmarkError 'unavailable' when it could not be stored: then nothing was, and the claims are given back.
   * Not definite: the reply was lost, so all of it was stored or nothing. Claiming again tells. A settlement with a transaction
   * of its effect that could not be stored is answered as not held.
   */
  settle(settlements: readonly Settlement[]): Promise<readonly Settled[]>
  /** A transaction for one try, where effects can have statements of their own. Nothing happens before the first of them. */
  begin?(): EffectTransaction
  /**
   * Resolves when a write of its own is stored, as durably as a settlement is. Leaves nothing that grows.
   * @throws FloodmarkError 'unavailable' when nothing could be settled now.
   */
  probe(): Promise<void>
  /** What became of ids, one answer each, same order. No lease is taken and no mark renewed. Absent: it cannot be asked. */
  lookup?(ids: readonly string[]): Promise<readonly EventFate[]>
  /** Dead letters, oldest first. */
  buried(): AsyncIterable<DeadLetter>
  /** Forgets that an id was buried, with its failures and lost tries, so that publishing it again takes effect. */
  exhume(id: string): Promise<void>
  /** Deletes a dead letter and keeps its id's mark, as that of any settled event: when it is sent again it is absorbed. */
  forget(id: string): Promise<void>
  /** Keeps a copy that differs for people to look at, within KEPT_COPIES. */
  keepCopy(event: WebhookEvent): Promise<void>
  /** The copies that were kept, oldest first. */
  keptCopies(): AsyncIterable<KeptCopy>
  /** A name's committed value (a number as decimal ASCII); undefined when never written. An effect asks its Tx instead. */
  read(name: string): Promise<Uint8Array | undefined>
  /** Every put or incremented name with a prefix, in byte order: the audit reads effects, never the dedup marks. */
  scan(prefix: string): AsyncIterable<readonly [name: string, value: Uint8Array]>
  /** Every appended item whose name has the prefix: names together, each name's items in the order they were appended. */
  items(prefix: string): AsyncIterable<readonly [name: string, value: Uint8Array]>
  /** Lets running settlements finish, then frees everything. Twice is fine. */
  close(): Promise<void>
}

export interface LedgerOpenOptions {
  /** A server's address, or a folder's path for a ledger on local disk. */
  readonly url: string
  readonly namespace: string
  /** A settled id is remembered for at least so many ms. Default: MARK_TTL_MS. Less is refused where a sender goes on for longer. */
  readonly ttlMs?: number
  /** As a queue's. */
  readonly keptMs?: number
  readonly clock?: Clock
}

/** Three days, for which several providers send an event again, and a tenth. Events of those that go on for longer say so. */
export const MARK_TTL_MS = 80 * 3_600_000

/** As of a Ledger. What is in hand may be a moment old. */
export type LedgerLook = Required<Pick<Ledger, 'lookup'>> & Pick<Ledger, 'close'>

/** What every file in ledgers/ exports by default. */
export interface LedgerDriver {
  /** The kind of server that `url` must lead to, as a QueueDriver's. */
  readonly server?: string
  /** @throws FloodmarkError 'unavailable' when it cannot be reached or opened. */
  open(options: LedgerOpenOptions): Promise<Ledger>
  /** A way to look things up while another process holds the ledger. Changes nothing. Absent: `open` is one, as several may. */
  look?(options: LedgerOpenOptions): Promise<LedgerLook>
  /** As a QueueDriver's. */
  quotas?(options: { readonly url: string; readonly namespace: string }): Promise<readonly Quota[]>
  /** Deletes the namespace. Succeeds when there is nothing to delete. */
  drop(options: { readonly url: string; readonly namespace: string }): Promise<void>
}
