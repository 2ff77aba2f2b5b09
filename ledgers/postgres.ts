import { PostgresPool, type Row } from '../src/clients/postgres/connection.ts'
import { connectionsAt } from '../src/clients/postgres/connections.ts'
import { ASK_POSTGRES, judgePostgres, type PostgresFacts } from '../src/clients/postgres/facts.ts'
import { schemaOf } from '../src/clients/postgres/namespace.ts'
import { decodeDeadLetter, encodeDeadLetter, keptAs } from '../src/core/base/dead-letter.ts'
import { markMsOf } from '../src/core/base/mark-life.ts'
import { fateOfMarked, fateOfWaiting, MarkTime } from '../src/core/base/marks.ts'
import { systemClock } from '../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../src/core/contracts/event.ts'
import {
  type Claim,
  type DeadLetter,
  type EffectTransaction,
  type EventFate,
  type KeptCopy,
  type Ledger,
  type LedgerDriver,
  type LedgerOpenOptions,
  MARK_TTL_MS,
  type Settled,
  type Settlement,
  SUSPECT_LOST_TRIES,
} from '../src/core/contracts/ledger.ts'
import { checkEvents, checkSettlements } from '../src/core/processing/writes.ts'
import { Asking, CALL_MS, CONNECTIONS_MAX, LOOKING_MAX } from './postgres/ask.ts'
import { valuesOf, wholeLetter, withoutLost } from './postgres/call.ts'
import { Claiming } from './postgres/claiming.ts'
import { buried, keptCopies, lettersOf, pagesOf } from './postgres/reading.ts'
import { areTablesThere, tablesOf } from './postgres/schema.ts'
import { PostgresTransaction } from './postgres/transaction.ts'

const OPEN_MS = 5_000
/** Nobody is suspect by so many. */
const NEVER = 2 ** 31 - 1
/** Expired marks are removed after so many settlements, and so many at once. */
const SWEEP_EVERY = 512
const SWEEP_ROWS = 2 * SWEEP_EVERY
const NOT_HELD: Settled = { held: false, failures: 0 }

/**
 * A ledger in a PostgreSQL that several processes share. One statement does each claim, and each settle call, as a whole. An effect
 * can have statements of its own (tx.client): they are committed with the event's mark. Leases run by the server's clock. A clock
 * given to open() replaces it. Then every process must get the same clock.
 */
class PostgresLedger implements Ledger {
  readonly traits
  readonly #asking: Asking
  readonly #claiming: Claiming
  readonly #now: () => number | null
  readonly #ttlMs: number
  readonly #time: MarkTime
  readonly #running = new Set<Promise<unknown>>()
  #leaseMs = 60_000
  #unswept = 0
  #sweepBeforeMs = Number.POSITIVE_INFINITY
  #isSweeping = false

  constructor(asking: Asking, options: LedgerOpenOptions, facts: PostgresFacts) {
    const { clock, ttlMs = MARK_TTL_MS } = options
    this.#asking = asking
    this.#now = clock ? () => clock.now() : () => null
    this.#ttlMs = ttlMs
    this.#time = new MarkTime(clock ?? systemClock, clock ? clock.now() : facts.nowMs)
    this.#claiming = new Claiming(asking, { now: this.#now, time: this.#time, ttlMs })
    const { text: server, survives, folders } = facts
    const dataFolders = folders.length > 0 ? { dataFolders: folders } : undefined
    this.traits = { name: 'postgres', server, survives, ...dataFolders, shared: true, ttlMs } as const
  }

  async claim(events: readonly WebhookEvent[], leaseMs: number): Promise<readonly Claim[]> {
    checkEvents(events.length)
    this.#leaseMs = leaseMs
    return this.#claiming.claim(events, leaseMs, SUSPECT_LOST_TRIES)
  }

  async claimAlone(event: WebhookEvent, leaseMs: number): Promise<Claim> {
    return (await this.#claiming.claim([event], leaseMs, NEVER))[0]!
  }

  begin(): EffectTransaction {
    const { effects: pool, claims: own } = this.#asking.pools
    return new PostgresTransaction({ pool, own, idleMs: this.#leaseMs })
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    if (settlements.length === 0) return []
    return this.#track(this.#settle(settlements))
  }

  async #settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    const settled = new Array<Settled>(settlements.length).fill(NOT_HELD)
    const places = settlements.map((_, at) => at)
    const [own, plain] = [
      places.filter((at) => transactionOf(settlements[at]!)),
      places.filter((at) => !transactionOf(settlements[at]!)),
    ]
    try {
      checkSettlements(settlements)
      await this.#settlePlain(settlements, plain, settled)
    } catch (error) {
      for (const at of own) transactionOf(settlements[at]!)!.undo()
      await this.#giveBack(settlements, (error as { definite?: boolean }).definite === true)
      throw error
    }
    // What a lane has before them is settled.
    const lost = withoutLost(settlements, (at) => own.includes(at) || settled[at]!.held)
    const behind = new Set(lost.filter(({ isBehind }) => isBehind).map(({ at }) => at))
    await Promise.all(
      own.map(async (at) => {
        if (behind.has(at)) transactionOf(settlements[at]!)!.undo()
        else settled[at] = await this.#settleOwn(settlements[at]!)
        if (!settled[at]!.held) await this.#giveBack([settlements[at]!], true)
      }),
    )
    this.#sweep(settlements)
    return settled
  }

  /** Those at `places`, in one transaction. */
  async #settlePlain(settlements: readonly Settlement[], places: readonly number[], settled: Settled[]): Promise<void> {
    let left = places.map((at) => ({ at, settlement: settlements[at]!, isBehind: false }))
    const seen = new Set<string>()
    // Of one id only the first can be held.
    left = left.filter(({ settlement: { event } }) => !seen.has(event.id) && seen.add(event.id))
    while (left.length > 0) {
      const rows = await this.#asking.ask(
        'settling',
        'settle',
        this.#valuesOf(
          left.map((one) => one.settlement),
          null,
        ),
      )
      if (rows.every(({ written }) => written)) {
        for (const [place, { at, isBehind, settlement }] of left.entries()) {
          if (!isBehind) settled[at] = settledOf(settlement, rows[place]!)
        }
        return
      }
      const again = withoutLost(
        left.map((one) => one.settlement),
        (at) => rows[at]!.held === true,
      )
      left = again.map(({ at, settlement, isBehind }) => ({
        at: left[at]!.at,
        settlement,
        isBehind: isBehind || left[at]!.isBehind,
      }))
    }
  }

  /** With the work of its effect. Not held: nothing of it was stored, or nobody knows; claiming it again tells. */
  async #settleOwn(settlement: Settlement): Promise<Settled> {
    const transaction = transactionOf(settlement) as PostgresTransaction
    let row: Row | undefined
    try {
      const values = this.#valuesOf([settlement], transaction.name)
      const isWritten = await transaction.finish(async (connection) => {
        row = (await connection.query(CALL_MS, { name: 'fm_settle', text: this.#asking.statements.settle, values }))
          .rows[0]
        return row?.written === true
      }, CALL_MS)
      return isWritten ? settledOf(settlement, row!) : NOT_HELD
    } catch {
      return NOT_HELD
    }
  }

  #valuesOf(settlements: readonly Settlement[], transaction: string | null): unknown[] {
    return valuesOf(settlements, (event) => this.#lifeOf(event), this.#now(), this.#time.steady(), transaction)
  }

  /** As soon as the server answers; before that they may run out. A settle call that arrives first wins. */
  async #giveBack(settlements: readonly Settlement[], isAnswering: boolean): Promise<void> {
    const values = [settlements.map(({ event }) => event.id), settlements.map(({ fence }) => fence), this.#now()]
    const given = this.#asking.ask('claims', 'release', values).catch(() => {})
    if (isAnswering) await given
  }

  /** Housekeeping that nobody waits for: what it leaves, the next does. */
  #sweep(settlements: readonly Settlement[]): void {
    this.#unswept += settlements.length
    this.#sweepBeforeMs = Math.min(this.#sweepBeforeMs, this.#time.sweptBefore(settlements))
    if (this.#unswept < SWEEP_EVERY || this.#isSweeping) return
    const values = [this.#sweepBeforeMs, this.#ttlMs, SWEEP_ROWS]
    this.#unswept = 0
    this.#sweepBeforeMs = Number.POSITIVE_INFINITY
    this.#isSweeping = true
    const done = () => {
      this.#isSweeping = false
    }
    void this.#track(this.#asking.ask('claims', 'sweep', values).then(done, done))
  }

  #lifeOf(event: Pick<WebhookEvent, 'headers'>): number {
    return markMsOf(event, this.#ttlMs)
  }

  #track<T>(running: Promise<T>): Promise<T> {
    this.#running.add(running)
    const forget = () => this.#running.delete(running)
    running.then(forget, forget)
    return running
  }

  async lookup(ids: readonly string[]): Promise<readonly EventFate[]> {
    const rows = await this.#asking.ask('claims', 'look', [ids, this.#now()])
    const known = new Map(rows.map((row) => [row.id as string, row]))
    const buried = ids.filter((id) => known.get(id)?.kind === 'd')
    const letters = await lettersOf(this.#asking, buried)
    return ids.map((id) => {
      const row = known.get(id)
      if (!row) return { state: 'unknown' }
      const { kind, ends_ms: ends, now, lost, failures } = row as { kind: string } & Record<string, number>
      if (kind === 'd') return letters.get(id) ?? { state: 'unknown' }
      if (kind === 'm' && ends! <= this.#time.believed()) return { state: 'unknown' }
      if (kind === 'm') return fateOfMarked((row.handled as number) ?? 0, row.settled_ms as number)
      if (kind === 'c' && ends! > now!) return { state: 'in-hand' }
      return fateOfWaiting(failures!, lost! + (kind === 'c' ? 1 : 0))
    })
  }

  async probe(): Promise<void> {
    await this.#asking.ask('settling', 'probe')
  }

  buried(): AsyncIterable<DeadLetter> {
    return buried(this.#asking)
  }

  async exhume(id: string): Promise<void> {
    await this.#asking.ask('settling', 'exhume', [id])
  }

  async forget(id: string): Promise<void> {
    const [row] = await this.#asking.ask('settling', 'letter', [id])
    if (!row) return
    const { event } = decodeDeadLetter(wholeLetter(0, 0, row.letter as Buffer))
    await this.#asking.ask('settling', 'forget', [id, this.#lifeOf(event), this.#now(), this.#time.steady()])
  }

  async keepCopy(event: WebhookEvent): Promise<void> {
    await this.#asking.ask('settling', 'keepCopy', [encodeDeadLetter(keptAs(event, this.#time.latest()))])
  }

  keptCopies(): AsyncIterable<KeptCopy> {
    return keptCopies(this.#asking)
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const [row] = await this.#asking.ask('settling', 'read', [name])
    return row?.value as Buffer | undefined
  }

  scan(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    return pagesOf(this.#asking, 'scan', prefix)
  }

  items(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    return pagesOf(this.#asking, 'items', prefix)
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#running)
    await this.#asking.close()
  }
}

function transactionOf(settlement: Settlement): EffectTransaction | undefined {
  return settlement.result === 'applied' ? settlement.transaction : undefined
}

function settledOf({ result }: Settlement, { failures }: Row): Settled {
  const counts = result === 'failed' || result === 'buried'
  return { held: true, failures: (failures as number) + (counts ? 1 : 0) }
}

const driver: LedgerDriver = {
  server: 'postgres',
  async open(options) {
    const schema = schemaOf('ledger', options.namespace)
    const asking = new Asking(options.url, schema)
    const { settling } = asking.pools
    try {
      const facts = judgePostgres((await settling.once(OPEN_MS, ASK_POSTGRES)).rows)
      const [known] = (await settling.once(OPEN_MS, areTablesThere(schema))).rows
      if (!known?.there) await settling.once(OPEN_MS, tablesOf(schema))
      return new PostgresLedger(asking, options, facts)
    } catch (error) {
      await asking.close()
      throw error
    }
  },
  quotas: ({ url }) => connectionsAt(url, { eachProcess: CONNECTIONS_MAX, eachLook: LOOKING_MAX }),
  async drop({ url, namespace }) {
    const pool = new PostgresPool(url, { connectionsMax: 1 })
    await pool
      .once(2 * OPEN_MS, `DROP SCHEMA IF EXISTS ${schemaOf('ledger', namespace)} CASCADE`)
      .finally(() => pool.close())
  },
}
export default driver
