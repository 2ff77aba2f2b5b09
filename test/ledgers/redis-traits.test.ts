import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import redis from '../../ledgers/redis.ts'
import { needing } from '../needs.ts'
import { RedisServer, whyNoRedis } from './redis-server.ts'

const missing = whyNoRedis()
const server = missing === undefined ? await RedisServer.start() : undefined
afterAll(() => RedisServer.removeAll())

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
