import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { expect, it } from 'vitest'
import redisKind from '../../../src/runner/servers/kinds/redis.ts'
import { describeWithServer } from '../../servers.ts'

/** One inline command, one answer. */
function redis(url: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(Number(new URL(url).port), '127.0.0.1', () => socket.write(`${command}\r\n`))
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString())
    })
    socket.once('error', reject)
  })
}

describeWithServer('redis', (server) => {
  it('is set to be durable and never to evict', async () => {
    expect(await redis(server().url, 'CONFIG GET append*')).toMatch(/appendfsync\r\n\$6\r\nalways/)
    expect(await redis(server().url, 'CONFIG GET appendonly')).toContain('yes')
    expect(await redis(server().url, 'CONFIG GET maxmemory-policy')).toContain('noeviction')
    expect(await redis(server().url, 'CONFIG GET save')).toBe('*2\r\n$4\r\nsave\r\n$0\r\n\r\n')
    expect(await redis(server().url, 'CONFIG GET bind')).toContain('127.0.0.1')
    expect(server().says).toMatch(/^Redis \d.*appendfsync always, started for this run$/)
  })

  it('keeps what it acknowledged when it is killed and started again, on the same port', async () => {
    expect(await redis(server().url, 'SET kept yes')).toBe('+OK\r\n')
    const before = server().control!.pids()[0]
    await server().control!.kill()
    expect(server().control!.pids()).toEqual([])
    expect(await redisKind.probe(server().url, 1_000)).toBeUndefined()
    await server().control!.start()
    expect(server().control!.pids()[0]).not.toBe(before)
    expect(await redis(server().url, 'GET kept')).toBe('$3\r\nyes\r\n')
  })

  it('does not answer while paused, and does again afterwards', async () => {
    server().control!.pause()
    expect(await redisKind.probe(server().url, 300)).toBeUndefined()
    server().control!.resume()
    expect(await redisKind.probe(server().url, 10_000)).toMatchObject({ pid: server().control!.pids()[0] })
  })

  it('refuses to be started twice', async () => {
    await expect(server().control!.start()).rejects.toMatchObject({ code: 'misuse' })
  })

  it('is gone with its data after stop, also while paused, and stopping twice is fine', async () => {
    const folder = (await redis(server().url, 'CONFIG GET dir')).split('\r\n')[4]!
    expect(existsSync(folder)).toBe(true)
    server().control!.pause()
    await server().stop()
    await server().stop()
    expect(existsSync(folder)).toBe(false)
    expect(await redisKind.probe(server().url, 1_000)).toBeUndefined()
  })
})

describeWithServer(
  'redis',
  (server) => {
    it('can be set to sync every second only, and says so', async () => {
      expect(await redis(server().url, 'CONFIG GET appendfsync')).toContain('everysec')
      expect(server().says).toContain('appendfsync everysec')
    })
  },
  { fsync: 'everysec' },
)
