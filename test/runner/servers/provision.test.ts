import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { strangerAt } from '../../../src/runner/servers/existing.ts'
import type { Recipe } from '../../../src/runner/servers/kinds/definition.ts'
import { serverKinds } from '../../../src/runner/servers/kinds/index.ts'
import redis from '../../../src/runner/servers/kinds/redis.ts'
import { startNative } from '../../../src/runner/servers/native.ts'
import { provide } from '../../../src/runner/servers/provide.ts'
import { remembered } from '../../../src/runner/servers/started.ts'
import { describeWithServer } from '../../servers.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-provision-'))
const path = process.env.PATH
let cacheFolder = ''
let folder = ''
let lines: string[] = []
const onProgress = (line: string) => lines.push(line)

beforeEach(() => {
  const place = mkdtempSync(join(root, 'p-'))
  cacheFolder = join(place, 'cache')
  folder = join(place, 'run')
  lines = []
})
afterEach(() => {
  process.env.PATH = path
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a server that is given', () => {
  it.for<[string, string, string]>([
    ['redis', 'rediss://me:pa/ss@db.example:6380/0?password=x', 'redis at rediss://db.example:6380/0, as given'],
    ['kafka', 'kafka://a.example:9092,b.example:9092', 'kafka at kafka://a.example:9092,b.example:9092, as given'],
    ['sqs', 'https://sqs.eu-west-1.amazonaws.com', 'sqs at https://sqs.eu-west-1.amazonaws.com, as given'],
    [
      'sqs',
      'http://127.0.0.1:1',
      'not AWS, so an emulator of SQS or a service like it at http://127.0.0.1:1, as given',
    ],
    ['sqs', 'https://x.example/?a=.amazonaws.com', expect.stringContaining('not AWS')],
  ])('is taken as it is, %s %s, and is shown without its password', async ([kind, url, says]) => {
    const server = await provide(kind, { url, folder, cacheFolder, onProgress })
    expect(server).toMatchObject({ kind, url, origin: 'given', says })
    expect(server.control).toBeUndefined()
    await server.stop()
  })

  it('is refused when its URL is of another kind, without showing its password', async () => {
    const wrong = provide('redis', { url: 'kafka://me:secret@a:9092', folder, cacheFolder, onProgress })
    await expect(wrong).rejects.toMatchObject({ code: 'misuse', message: expect.stringContaining('redis://host:6379') })
    await expect(wrong).rejects.not.toThrow('secret')
    const bare = provide('redis', { url: 'me:secret@db:6379', folder, cacheFolder, onProgress })
    await expect(bare).rejects.toThrow("'db:6379' is not the URL of a redis server")
  })
})

describe('a server that cannot be had', () => {
  it.for<string>(['redis', 'kafka'])('says what to install for %s', async (kind) => {
    process.env.PATH = root
    await expect(provide(kind, { folder, cacheFolder, nativeOnly: true, onProgress })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^there is no (redis-server|java).*apt-get install.*Docker.*URL/),
    })
  })

  const recipe = (over: Partial<Recipe>): Recipe => ({
    says: 'Redis of a test',
    ports: 1,
    readyMaxMs: 10_000,
    prepare: async () => ({ file: 'sleep', args: ['60'] }),
    ...over,
  })
  const start = (over: Partial<Recipe>, signal = new AbortController().signal) =>
    startNative(redis, recipe(over), { folder, cacheFolder, onProgress, signal })

  it('shows the end of its log when it ends while starting, and leaves nothing', async () => {
    const prepare = async () => ({ file: 'sh', args: ['-c', 'echo it is broken >&2; exit 1'] })
    await expect(start({ prepare })).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Redis of a test: it ended while starting. The end of its log: it is broken',
    })
    expect([readdirSync(folder), remembered(cacheFolder)]).toEqual([[], []])
  })

  it('is ended when it does not answer in time', async () => {
    await expect(start({ readyMaxMs: 1 })).rejects.toThrow('no answer within 0.001 s. It wrote no log')
    expect([readdirSync(folder), remembered(cacheFolder)]).toEqual([[], []])
  })

  it('is ended when the run is interrupted', async () => {
    await expect(start({}, AbortSignal.timeout(50))).rejects.toThrow('Redis of a test: its start was interrupted')
    expect([readdirSync(folder), remembered(cacheFolder)]).toEqual([[], []])
  })
})

describeWithServer('redis', (server) => {
  it('takes another port when someone was quicker', async () => {
    const quicker: NetServer[] = []
    const recipe: Recipe = {
      says: 'Redis',
      ports: 1,
      readyMaxMs: 30_000,
      async prepare(dir, [port]) {
        if (quicker.length === 0) {
          quicker.push(createServer().listen(port, '127.0.0.1'))
          await once(quicker[0]!, 'listening')
        }
        return {
          file: 'redis-server',
          args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''],
        }
      },
    }
    const mine = await startNative(redis, recipe, { folder, cacheFolder, onProgress })
    expect(mine.url).not.toContain(String((quicker[0]!.address() as AddressInfo).port))
    await mine.stop()
    quicker[0]!.close()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is not taken where it merely listens: nobody named it, and the line says how to', async () => {
    const port = Number(new URL(server().url).port)
    expect(await strangerAt(redis, (url) => `give ${url} with --queue-url`, port)).toMatch(
      new RegExp(
        `^Redis \\S+ listens on port ${port} and is not used, since nobody named it: give redis://127.0.0.1:${port} with`,
      ),
    )
  })

  it('is passed over when it may not be used, with the reason', async () => {
    const admin = new Redis(server().url)
    const port = Number(new URL(server().url).port)
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const said = await strangerAt(redis, () => '', port)
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    await admin.quit()
    expect(said).toMatch(/^Redis \d\S+ listens on port \d+ and is not used: it deletes stored keys .*noeviction$/)
  })

  it('is passed over when it wants a password, with the reason', async () => {
    const prepare = async (dir: string, [port]: readonly number[]) => ({
      file: 'redis-server',
      args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--requirepass', 'x'],
    })
    const recipe: Recipe = { says: 'Redis', ports: 1, readyMaxMs: 30_000, prepare }
    const locked = await startNative(redis, recipe, { folder, cacheFolder, onProgress })
    const port = Number(new URL(locked.url).port)
    const said = `Redis listens on port ${port} and is not used: it wants a password: give its URL`
    expect(await strangerAt(redis, () => '', port)).toBe(said)
    await locked.stop()
  })
})

describe('asking what answers', () => {
  const portOf = (server: NetServer) => (server.address() as AddressInfo).port
  it.for<string>(['redis', 'kafka', 'sqs'])('takes nothing else for %s', async (name) => {
    const kind = serverKinds[name]!
    const probe = (port: number) => kind.probe(`${kind.scheme}://127.0.0.1:${port}`, 200)
    const mute = createServer()
    const echo = createServer((socket) => socket.pipe(socket).on('error', () => {}))
    const flood = createServer((socket) => socket.on('error', () => {}).end(Buffer.alloc(3_000_000, 65)))
    const web = createHttpServer((_, response) => response.end('<html>'))
    const json = createHttpServer((_, response) => response.end('{}'))
    for (const server of [mute, echo, flood, web, json]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      expect(await probe(portOf(server))).toBeUndefined()
      server.close()
    }
    expect(await probe(1)).toBeUndefined()
  })
})
