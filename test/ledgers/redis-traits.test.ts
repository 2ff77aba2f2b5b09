import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import redis from '../../ledgers/redis.ts'
import { numbered } from '../contract/queue/kit.ts'
import { needing } from '../needs.ts'
import { RedisServer, whyNoRedis } from './redis-server.ts'

const missing = whyNoRedis()
const server = missing === undefined ? await RedisServer.start() : undefined

async function traits(url: string) {
  const ledger = await redis.open({ url, namespace: 'traits' })
  await ledger.close()
  return ledger.traits
}

describe('the redis ledger and the promises of its server', needing(missing), () => {
  const admin = async (...command: [string, ...string[]]) => {
    const client = new Redis(server!.url, { protocol: 2 })
    await client.call(...command)
    client.disconnect()
  }

  it('promises no more than appendonly and appendfsync promise', async () => {
    const all = ['receiver-crash', 'broker-crash', 'power-loss']
    expect(await traits(server!.url)).toMatchObject({ survives: all, shared: true })
    expect((await traits(server!.url)).server).toMatch(/^(Redis|Valkey) \d\S+, appendonly yes, appendfsync always$/)
    await admin('CONFIG', 'SET', 'no-appendfsync-on-rewrite', 'yes')
    expect((await traits(server!.url)).survives).toEqual(['receiver-crash'])
    await admin('CONFIG', 'SET', 'no-appendfsync-on-rewrite', 'no')
    await admin('CONFIG', 'SET', 'appendfsync', 'everysec')
    expect((await traits(server!.url)).survives).toEqual(['receiver-crash'])
    await admin('CONFIG', 'SET', 'appendonly', 'no')
    expect((await traits(server!.url)).survives).toEqual(['receiver-crash'])
    await admin('CONFIG', 'SET', 'appendonly', 'yes')
    await admin('CONFIG', 'SET', 'appendfsync', 'always')
  })

  it('tells how much memory a mark takes, as the server says, near to what marks are seen to take', async () => {
    const own = await RedisServer.start(['--appendonly', 'no', '--maxmemory', '1gb'])
    const client = new Redis(own.url, { protocol: 2 })
    const usedBytes = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))![1])
    const ledger = await redis.open({ url: own.url, namespace: 'marks' })
    const beforeBytes = await usedBytes()
    for (let at = 0; at < 5_000; at += 500) {
      const events = numbered(at, 500)
      const claims = await ledger.claim(events, 30_000)
      const fences = claims.map((claim) => (claim as { readonly fence: number }).fence)
      await ledger.settle(events.map((event, n) => ({ event, fence: fences[n]!, result: 'applied', writes: [] })))
    }
    const seenBytes = ((await usedBytes()) - beforeBytes) / 5_000
    await ledger.close()
    client.disconnect()
    expect(ledger.traits.markMemory).toMatchObject({ roomBytes: 2 ** 30 })
    const { bytes } = ledger.traits.markMemory!
    expect(bytes / seenBytes, `${bytes} said, ${seenBytes} seen`).toBeGreaterThan(0.75)
    expect(bytes / seenBytes, `${bytes} said, ${seenBytes} seen`).toBeLessThan(1.33)
  })

  it('calls durability unknown where CONFIG is not allowed, except for the death of our processes', async () => {
    await admin('ACL', 'SETUSER', 'managed', 'on', '>word', '~*', '+@all', '-config')
    const { survives, server: text } = await traits(`redis://managed:word@127.0.0.1:${server!.port}`)
    expect(survives).toEqual(['receiver-crash'])
    expect(text).toContain('unknown')
  })

  it('refuses a replica, and a server that may evict keys, even where CONFIG is not allowed', async () => {
    await admin('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')
    await admin('ACL', 'SETUSER', 'managed', 'on', '>word', '~*', '+@all', '-config')
    for (const user of ['', 'managed:word@']) {
      const url = `redis://${user}127.0.0.1:${server!.port}`
      await expect(traits(url)).rejects.toThrow('set maxmemory-policy noeviction')
    }
    await admin('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await admin('REPLICAOF', '127.0.0.1', '1')
    await expect(traits(server!.url)).rejects.toThrow('give the address of its primary')
    await admin('REPLICAOF', 'NO', 'ONE')
    expect((await traits(server!.url)).shared).toBe(true)
  })

  it('names the fault of an address in one line, without the password', async () => {
    await expect(traits('/tmp/folder')).rejects.toMatchObject({ code: 'misuse' })
    const nobody = traits('redis://me:secret@127.0.0.1:1')
    await expect(nobody).rejects.toMatchObject({ code: 'unavailable' })
    await expect(nobody).rejects.toThrow(/^cannot reach Redis at 127\.0\.0\.1:1: .*Is it running\?$/)
    await expect(traits(`redis://me:secret@127.0.0.1:${server!.port}`)).rejects.not.toThrow(/secret/)
  })
})
