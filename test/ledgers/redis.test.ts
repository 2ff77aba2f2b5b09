import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import redis from '../../ledgers/redis.ts'
import type { Claim, Ledger, Settlement, Tx } from '../../src/core/contracts/ledger.ts'
import { RecordedTx } from '../../src/core/processing/writes.ts'
import { type LedgerUnderTest, ledgerContract } from '../contract/ledger.ts'
import { ledgerCopiesContract } from '../contract/ledger-copies.ts'
import { ledgerLostTriesContract } from '../contract/ledger-lost-tries.ts'
import { ledgerMarksContract } from '../contract/ledger-marks.ts'
import { anEvent } from '../events.ts'
import { needing } from '../needs.ts'
import { proxyTo } from './proxy.ts'
import { RedisServer, whyNoRedis } from './redis-server.ts'

const LEASE_MS = 60_000
const SOON_MS = 3_000
const missing = whyNoRedis()
const server = missing === undefined ? await RedisServer.start() : undefined
let namespaces = 0

describe('on a real redis server', needing(missing), () => {
  const make = async (): Promise<LedgerUnderTest> => {
    const namespace = `n${namespaces++}`
    const open: LedgerUnderTest['open'] = (options) => redis.open({ url: server!.url, namespace, ...options })
    return { open, openAfterDeath: open }
  }
  ledgerContract('redis', make)
  ledgerMarksContract('redis', make)
  ledgerLostTriesContract('redis', make)
  ledgerCopiesContract('redis', make)
})

async function claimed(ledger: Ledger, id: string): Promise<Extract<Claim, { state: 'new' }>> {
  const [claim] = await ledger.claim([anEvent(id)], LEASE_MS)
  if (claim?.state !== 'new') throw new Error(`expected a new claim, got '${claim?.state}'`)
  return claim
}
async function applied(ledger: Ledger, id: string, effect: (tx: Tx) => void): Promise<Settlement> {
  const tx = new RecordedTx()
  effect(tx)
  return { event: anEvent(id), fence: (await claimed(ledger, id)).fence, result: 'applied', writes: tx.writes }
}
const itemOf = (id: string) => (tx: Tx) => tx.append('list', Buffer.from(id))
async function items(ledger: Ledger): Promise<string[]> {
  const list: string[] = []
  for await (const [, value] of ledger.items('list')) list.push(String(value))
  return list
}

describe('the redis ledger, when something breaks', needing(missing), () => {
  const namespace = () => `f${namespaces++}`

  it('holds every resolved settlement once after SIGKILL of the server at random moments', async () => {
    const own = await RedisServer.start()
    const options = { url: own.url, namespace: namespace() }
    const ledger = await redis.open(options)
    const resolved: string[] = []
    const rejected: string[] = []
    const settle = async (id: string) => ledger.settle([await applied(ledger, id, itemOf(id))])
    for (let round = 0; round < 4; round++) {
      const settling = Array.from({ length: 20 }, (_, n) => `${round}.${n}`).map((id) =>
        settle(id).then(
          () => resolved.push(id),
          () => rejected.push(id),
        ),
      )
      if (round % 2 === 0) await Promise.all(settling)
      const sinceMs = performance.now()
      await own.kill()
      await own.up()
      await Promise.all(settling)
      // Calls outlast a server that is soon back, and give up on one that a slow machine keeps away.
      if (performance.now() - sinceMs < SOON_MS) expect(rejected).toEqual([])
    }
    const found = await items(ledger)
    expect(new Set(found).size).toBe(found.length)
    expect(resolved.filter((id) => !found.includes(id))).toEqual([])
    // What was rejected may have taken effect all the same.
    expect(found.filter((id) => !resolved.includes(id) && !rejected.includes(id))).toEqual([])
    expect(resolved.length).toBeGreaterThanOrEqual(40)
    const again = await ledger.claim(
      resolved.map((id) => anEvent(id)),
      LEASE_MS,
    )
    expect(again.every(({ state }) => state === 'duplicate')).toBe(true)
    await ledger.close()
    await own.remove()
  })

  it('gets one true answer to a claim and to each kind of settlement after a lost reply', async () => {
    const proxy = await proxyTo(server!.port)
    const ledger = await redis.open({ url: `redis://127.0.0.1:${proxy.port}`, namespace: namespace() })
    proxy.dropReplies(1)
    const { fence } = await claimed(ledger, 'a')
    expect(proxy.dropped).toBe(true)
    const tx = new RecordedTx()
    tx.increment('n', 1)
    const settlements: Settlement[] = [
      { event: anEvent('a'), fence, result: 'applied', writes: tx.writes },
      { event: anEvent('b'), fence: (await claimed(ledger, 'b')).fence, result: 'failed', error: 'no' },
      {
        event: anEvent('c'),
        fence: (await claimed(ledger, 'c')).fence,
        result: 'buried',
        cause: 'permanent',
        reason: 'never',
      },
      { event: anEvent('d'), fence: (await claimed(ledger, 'd')).fence, result: 'released' },
    ]
    proxy.dropReplies(1)
    const settled = await ledger.settle(settlements)
    expect(proxy.dropped).toBe(true)
    expect(settled).toEqual([0, 1, 1, 0].map((failures) => ({ held: true, failures })))
    expect(String(await ledger.read('n'))).toBe('1')
    expect((await ledger.settle(settlements)).map(({ held }) => held)).toEqual([false, false, false, false])
    expect(await claimed(ledger, 'b')).toMatchObject({ failures: 1 })
    await ledger.close()
    proxy.close()
  })

  it("says 'unavailable' in time while the server stands still, and goes on when it is back", async () => {
    const own = await RedisServer.start()
    const ledger = await redis.open({ url: own.url, namespace: namespace() })
    const settlement = await applied(ledger, 'a', itemOf('a'))
    own.signal('SIGSTOP')
    await expect(ledger.settle([settlement])).rejects.toMatchObject({ code: 'unavailable', definite: false })
    own.signal('SIGCONT')
    // The server has taken the call, or soon takes the one that gives the claim back. A new claim shows which.
    const again = async () => (await ledger.claim([anEvent('a')], LEASE_MS))[0]!
    let claim = await again()
    while (claim.state === 'busy') {
      await wait(50)
      claim = await again()
    }
    if (claim.state === 'new') await ledger.settle([{ ...settlement, fence: claim.fence }])
    expect((await again()).state).toBe('duplicate')
    expect(await items(ledger)).toEqual(['a'])
    await own.kill()
    await expect(ledger.read('x')).rejects.toMatchObject({ code: 'unavailable' })
    await ledger.close()
    await expect(ledger.read('x')).rejects.toMatchObject({ code: 'unavailable' })
    await own.remove()
  })

  it('goes on after the server has forgotten the scripts', async () => {
    const ledger = await redis.open({ url: server!.url, namespace: namespace() })
    const admin = new Redis(server!.url, { protocol: 2 })
    await admin.script('FLUSH')
    const settlement = await applied(ledger, 'a', itemOf('a'))
    await admin.script('FLUSH')
    expect((await ledger.settle([settlement]))[0]!.held).toBe(true)
    admin.disconnect()
    await ledger.close()
  })

  it('shares claims between two openings, and never gives out a fence twice', async () => {
    const options = { url: server!.url, namespace: namespace() }
    const [one, two] = await Promise.all([redis.open(options), redis.open(options)])
    const ids = Array.from({ length: 200 }, (_, n) => anEvent(String(n)))
    const claims = (await Promise.all([one.claim(ids, LEASE_MS), two.claim(ids, LEASE_MS)])).flat()
    const fences = claims.flatMap((claim) => (claim.state === 'new' ? [claim.fence] : []))
    expect(fences).toHaveLength(200)
    expect(new Set(fences).size).toBe(200)
    await Promise.all([one.close(), two.close()])
  })

  it('refuses a settle call above its limits, and gives the claims back', async () => {
    const ledger = await redis.open({ url: server!.url, namespace: namespace() })
    const huge = Buffer.alloc(1024 * 1024)
    const fill = (id: string) => (tx: Tx) => {
      for (let n = 0; n < 12; n++) tx.put(`${id}${n}`, huge)
    }
    const settlements = [
      await applied(ledger, 'a', fill('a')),
      await applied(ledger, 'b', fill('b')),
      await applied(ledger, 'c', fill('c')),
    ]
    await expect(ledger.settle(settlements)).rejects.toMatchObject({ code: 'too-large' })
    expect(await ledger.read('a0')).toBeUndefined()
    expect((await claimed(ledger, 'a')).failures).toBe(0)
    await ledger.close()
  })

  it('drops its own namespace only', async () => {
    const [mine, other] = [namespace(), namespace()]
    for (const name of [mine, other]) {
      const ledger = await redis.open({ url: server!.url, namespace: name })
      await ledger.settle([await applied(ledger, 'a', itemOf('a'))])
      await ledger.close()
    }
    await redis.drop({ url: server!.url, namespace: mine })
    await redis.drop({ url: server!.url, namespace: mine })
    const admin = new Redis(server!.url, { protocol: 2 })
    expect(await admin.keys(`*{${mine}}*`)).toEqual([])
    expect(await admin.keys(`*{${other}}*`)).not.toEqual([])
    admin.disconnect()
  })
})
