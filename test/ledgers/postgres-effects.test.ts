import { once } from 'node:events'
import pg from 'pg'
import { expect, it } from 'vitest'
import postgres from '../../ledgers/postgres.ts'
import memory from '../../queues/memory.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { Effects, Ledger, Tx } from '../../src/core/contracts/ledger.ts'
import { type ProcessorOptions, startProcessor } from '../../src/core/processing/processor.ts'
import { PendingWrites, RecordedTx } from '../../src/core/processing/writes.ts'
import { anEvent } from '../events.ts'
import { describeWithServer } from '../servers.ts'

const LEASE_MS = 60_000
let names = 0

describeWithServer('postgres', (server) => {
  /** A ledger, a table of one's own beside it, and what stands in that. */
  const opened = async () => {
    const [namespace, table] = [`e${names++}`, `orders_${names}`]
    const ledger = await postgres.open({ url: server().url, namespace })
    const admin = new pg.Client(`${server().url.replace('//', '//postgres@')}/postgres`)
    admin.on('error', () => {})
    await admin.connect()
    const kind = 'id text PRIMARY KEY, number int UNIQUE DEFERRABLE INITIALLY DEFERRED'
    await admin.query(`CREATE TABLE ${table} (place serial, ${kind})`)
    const ids = async () => (await admin.query(`SELECT id FROM ${table} ORDER BY place`)).rows.map(({ id }) => id)
    const insert = (tx: Tx, id: string, number?: number) =>
      tx.client.query(`INSERT INTO ${table} (id, number) VALUES ($1, $2)`, [id, number ?? null])
    const close = async () => {
      await ledger.close()
      await admin.end()
    }
    return { ledger, admin, table, ids, insert, close }
  }
  const claimed = async (ledger: Ledger, id: string, leaseMs = LEASE_MS) => {
    const [claim] = await ledger.claim([anEvent(id)], leaseMs)
    if (claim?.state !== 'new') throw new Error(`expected a new claim, got '${claim?.state}'`)
    return claim.fence
  }
  const txOf = (ledger: Ledger) => new RecordedTx({ ledger, pending: new PendingWrites() })
  const settle = async (ledger: Ledger, id: string, fence: number, tx: RecordedTx) => {
    const { writes, transaction } = tx
    const [settled] = await ledger.settle([{ event: anEvent(id), fence, result: 'applied', writes, transaction }])
    return settled
  }
  const processed = async (
    ledger: Ledger,
    ids: readonly string[],
    effect: Effects,
    over: Partial<ProcessorOptions>,
  ) => {
    const queue = await memory.open({ url: '', namespace: 'n' })
    const stop = new AbortController()
    const limits = {
      batchEventsMax: 16,
      handlersMax: 2,
      leaseMs: 20_000,
      effectMs: 10_000,
      attemptsMin: 2,
      retryForMs: 0,
    }
    const parts = { queue, ledger, effect, clock: systemClock, random: Math.random, signal: stop.signal }
    const backoff = { baseMs: 1, capMs: 10 }
    await queue.publish(
      ids.map((id) => anEvent(id, { key: id.slice(0, 1) })),
      { deadlineMs: 1_000 },
    )
    const processor = startProcessor({ ...parts, ...limits, backoff, ...over })
    const { counts } = processor
    // Whose reply was lost comes again, and is absorbed.
    await expect.poll(() => counts.applied + counts.buried + counts.duplicates).toBe(ids.length)
    stop.abort()
    await processor.done
    await queue.close()
    return counts
  }

  it('commits what an effect did itself with its mark and its writes, and nothing of it twice', async () => {
    const { ledger, ids, insert, close } = await opened()
    const fence = await claimed(ledger, 'a')
    const tx = txOf(ledger)
    tx.increment('orders', 1)
    await insert(tx, 'a')
    expect(await ids()).toEqual([])
    await tx.transaction!.check(5_000)
    expect(await settle(ledger, 'a', fence, tx)).toEqual({ held: true, failures: 0 })
    expect(await ids()).toEqual(['a'])
    expect(String(await ledger.read('orders'))).toBe('1')
    expect(await ledger.claim([anEvent('a')], LEASE_MS)).toEqual([{ state: 'duplicate' }])
    await close()
  })

  it('undoes it where the claim is lost, and where the try is', async () => {
    const { ledger, ids, insert, close } = await opened()
    const late = await claimed(ledger, 'a', 0)
    const [tx, lost] = [txOf(ledger), txOf(ledger)]
    await insert(tx, 'a')
    await insert(lost, 'b')
    lost.end()
    await expect(insert(lost, 'b')).rejects.toThrow('the try is over')
    await ledger.claim([anEvent('a')], LEASE_MS)
    expect(await settle(ledger, 'a', late, tx)).toEqual({ held: false, failures: 0 })
    expect(await ids()).toEqual([])
    await close()
  })

  it('fails a try whose work cannot be committed, or that ends its transaction itself', async () => {
    const { ledger, insert, table, close } = await opened()
    const [deferred, aborted, own, hidden] = [txOf(ledger), txOf(ledger), txOf(ledger), txOf(ledger)]
    await insert(deferred, 'a', 7)
    await insert(deferred, 'b', 7)
    await expect(deferred.transaction!.check(5_000)).rejects.toThrow('duplicate key')
    deferred.end()
    await insert(aborted, 'a')
    await insert(aborted, 'a').catch(() => {})
    await aborted.client.query('SELECT 1').catch(() => {})
    await expect(aborted.transaction!.check(5_000)).rejects.toThrow('duplicate key')
    aborted.end()
    await expect(own.client.query('commit')).rejects.toMatchObject({ code: 'misuse' })
    await hidden.client.query(`/* */ ROLLBACK`)
    await hidden.client.query({ text: `INSERT INTO ${table} (id) VALUES ($1)`, values: ['c'] })
    await expect(hidden.transaction!.check(5_000)).rejects.toMatchObject({ code: 'misuse' })
    hidden.end()
    await close()
  })

  it('takes statements that nobody waits for into the try, and what fails of them fails it', async () => {
    const { ledger, ids, insert, close } = await opened()
    const fence = await claimed(ledger, 'a')
    const [fine, failing] = [txOf(ledger), txOf(ledger)]
    void insert(fine, 'a')
    await fine.transaction!.check(5_000)
    expect(await settle(ledger, 'a', fence, fine)).toMatchObject({ held: true })
    void insert(failing, 'a')
    await expect(failing.transaction!.check(5_000)).rejects.toThrow('duplicate key')
    failing.end()
    const unseen = txOf(ledger)
    void insert(unseen, 'b')
    void unseen.client.query('COMMIT')
    await expect(unseen.transaction!.check(5_000)).rejects.toThrow('does not begin or end its transaction')
    unseen.end()
    const unsent = txOf(ledger)
    const circular: Record<string, unknown> = {}
    circular.self = circular
    void insert(unsent, 'b')
    void unsent.client.query('SELECT $1::json', [circular])
    await expect(unsent.transaction!.check(5_000)).rejects.toThrow('circular')
    unsent.end()
    expect(await ids()).toEqual(['a'])
    await close()
  })

  it('tells what an effect asks for after its end, which is not done', async () => {
    const { ledger, ids, insert, close } = await opened()
    const fence = await claimed(ledger, 'late')
    const tx = txOf(ledger)
    await insert(tx, 'in time')
    await tx.transaction!.check(5_000)
    const warned = once(process, 'warning')
    void insert(tx, 'late')
    expect(String((await warned)[0])).toContain('after its end, which was not done')
    expect(await settle(ledger, 'late', fence, tx)).toMatchObject({ held: true })
    expect(await ids()).toEqual(['in time'])
    await close()
  })

  it('lets each event of a key see the one before, tries a failing one again, and buries one that is refused', async () => {
    const { ledger, ids, table, insert, close } = await opened()
    const failed = new Set<string>()
    const seen: Record<string, number> = {}
    const effect = async (event: { id: string }, tx: Tx) => {
      const id = event.id.slice(5)
      // The same row for every event of the key: an open transaction before it would make this one wait for good.
      await tx.client.query(`INSERT INTO ${table} (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET place = 0`, [id[0]])
      if (id === 'k3') throw new FloodmarkError('rejected', 'never')
      const { rows } = await tx.client.query<{ n: string }>(`SELECT count(*) AS n FROM ${table} WHERE id LIKE 'k_'`)
      seen[id] = Number(rows[0]!.n)
      await insert(tx, id)
      if (id === 'k2' && !failed.has(id) && failed.add(id)) throw new Error('not yet')
    }
    const events = ['k1', 'k2', 'k3', 'k4', 'k5', 'l1', 'm1']
    const counts = await processed(ledger, events, effect, {})
    expect(counts).toMatchObject({ applied: 6, buried: 1, failed: 1 })
    expect((await ids()).filter((id) => /^k./.test(id))).toEqual(['k1', 'k2', 'k4', 'k5'])
    expect(seen).toMatchObject({ k1: 0, k2: 1, k4: 2, k5: 3 })
    await close()
  })

  it('ends the statement of a try that took too long, and frees what it had locked', async () => {
    const { ledger, admin, table, ids, insert, close } = await opened()
    await admin.query(`INSERT INTO ${table} (id) VALUES ('locked')`)
    await admin.query('BEGIN')
    await admin.query(`UPDATE ${table} SET number = 1 WHERE id = 'locked'`)
    let tries = 0
    const effect = async (_: unknown, tx: Tx) => {
      await insert(tx, 'k1')
      if (++tries === 1) await tx.client.query(`UPDATE ${table} SET number = 2 WHERE id = 'locked'`)
    }
    const counts = await processed(ledger, ['k1'], effect, { effectMs: 300, attemptsMin: 9, retryForMs: 60_000 })
    expect(counts).toMatchObject({ applied: 1, failed: tries - 1 })
    await admin.query('ROLLBACK')
    expect(await ids()).toEqual(['locked', 'k1'])
    await close()
  })

  it('holds each row once after SIGKILL of the server', async () => {
    const { ledger, table, insert, close } = await opened()
    const url = server().url.replace('//', '//postgres@')
    let killed: Promise<void> | undefined
    let calls = 0
    const effect = async (event: { id: string }, tx: Tx) => {
      await insert(tx, event.id.slice(5))
      if (++calls === 10)
        killed = server()
          .control!.kill()
          .then(() => server().control!.start())
    }
    const events = Array.from({ length: 24 }, (_, n) => `${String.fromCharCode(97 + n)}1`)
    await processed(ledger, events, effect, { attemptsMin: 1_000, retryForMs: 60_000 })
    await killed
    const after = new pg.Client(`${url}/postgres`)
    await after.connect()
    const { rows } = await after.query(`SELECT id FROM ${table} ORDER BY id`)
    expect(rows.map(({ id }) => id)).toEqual(events)
    await after.end()
    await close().catch(() => {})
  })
})
