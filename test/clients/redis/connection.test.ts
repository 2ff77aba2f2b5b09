import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { RedisConnection } from '../../../src/clients/redis/connection.ts'
import { systemClock } from '../../../src/core/contracts/clock.ts'
import { proxyTo } from '../../ledgers/proxy.ts'
import { RedisServer, whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'

const missing = whyNoRedis()
const server = missing === undefined ? await RedisServer.start() : undefined

/** A connection whose next reply is lost together with it. */
async function losing() {
  const proxy = await proxyTo(server!.port)
  const connection = new RedisConnection(`redis://127.0.0.1:${proxy.port}`, systemClock)
  await connection.ready()
  proxy.dropReplies(1)
  const end = async () => {
    await connection.close()
    proxy.close()
  }
  return { connection, end }
}

describe('a connection to Redis that breaks before the reply', needing(missing), () => {
  it('fails a call that may be sent once only, and says that it may have happened', async () => {
    const { connection, end } = await losing()
    const call = connection.once(5_000, (client) => client.incr('once'))
    await expect(call).rejects.toMatchObject({ code: 'unavailable', definite: false })
    expect(await connection.repeat(5_000, (client) => client.get('once'))).toBe('1')
    await end()
  })

  it('sends a call again that may run twice', async () => {
    const { connection, end } = await losing()
    expect(await connection.repeat(5_000, (client) => client.incr('repeat'))).toBe(2)
    await end()
  })
})

describe('a call on a connection to Redis', needing(missing), () => {
  it("that the server refuses is certainly not done, and the error keeps the command's arguments to itself", async () => {
    const connection = new RedisConnection(server!.url, systemClock)
    await connection.ready()
    await connection.repeat(5_000, (client) => client.set('text', 'x'))
    for (const policy of ['once', 'repeat'] as const) {
      const call = connection[policy](5_000, (client) => client.lpush('text', 'a body'))
      const error = await call.catch((reason: Error) => reason)
      expect(error).toMatchObject({ code: 'unavailable', definite: true })
      expect(JSON.stringify(error) + JSON.stringify((error as Error).cause)).not.toContain('a body')
    }
    await connection.close()
    await expect(connection.once(5_000, (client) => client.get('text'))).rejects.toMatchObject({ definite: true })
  })
})

describe('what a script of a server before version 7 fails with', needing(missing), () => {
  const IN_SCRIPT = 'ERR Error running script (call to f_d5e935): @user_script:1: @user_script: 1: -'
  const failing = (connection: RedisConnection, how: string) =>
    connection.once(5_000, (client) => client.eval('return redis.error_reply(ARGV[1])', 0, `${IN_SCRIPT}${how}`))

  it("is known by the word within: no memory is 'overloaded', and what is a replica by now is left", async () => {
    const connection = await RedisConnection.open(server!.url, systemClock)
    const full = failing(connection, "OOM command not allowed when used memory > 'maxmemory'. ")
    await expect(full).rejects.toMatchObject({ code: 'overloaded', definite: true })
    const closed = once(connection.client, 'close')
    const moved = failing(connection, "READONLY You can't write against a read only replica. ")
    await expect(moved).rejects.toMatchObject({ code: 'unavailable', definite: true })
    await closed
    expect(await connection.repeat(5_000, (client) => client.ping())).toBe('PONG')
    const other = failing(connection, 'WRONGTYPE Operation against a key holding the wrong kind of value ')
    await expect(other).rejects.toMatchObject({ code: 'unavailable', definite: true })
    await connection.close()
  })
})

it('opening says that a server which accepts and never answers is not ready', async () => {
  const mute = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const connection = new RedisConnection(`redis://127.0.0.1:${(mute.address() as AddressInfo).port}`, systemClock)
  await expect(connection.ready()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+ is not ready: it may still be loading its data/),
  })
  await connection.close()
  mute.close()
})
