import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { startCompose } from '../../../src/runner/servers/compose.ts'
import redis from '../../../src/runner/servers/kinds/redis.ts'
import { endStale } from '../../../src/runner/servers/provide.ts'
import { remember, remembered } from '../../../src/runner/servers/started.ts'
import { describeWithServer } from '../../servers.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-compose-'))
const path = process.env.PATH
let folder = ''
let lines: string[] = []
const options = () => ({ folder, cacheFolder: folder, onProgress: (line: string) => lines.push(line) })
const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')

/** A script in the place of Docker that notes its arguments; its containers are processes of this machine. */
function docker(whenUp: string, whenDown = 'exit 0'): void {
  const script = `#!/bin/sh
echo "$@" | sed 's/ -f [^ ]*docker-compose.yml/ -f COMPOSE/' >> ${folder}/calls
case "$*" in
  info | 'compose version') exit 0 ;;
  *' up '*) ${whenUp} ;;
  *' down '*) kill $(cat ${folder}/pid 2>/dev/null) 2>/dev/null; ${whenDown} ;;
esac
`
  writeFileSync(join(folder, 'docker'), script, { mode: 0o755 })
  process.env.PATH = `${folder}:${path}`
}
const upRedis = () =>
  `redis-server --port $FLOODMARK_PORT --appendfsync $FLOODMARK_REDIS_APPENDFSYNC --bind 127.0.0.1 --dir ${folder} --daemonize yes --pidfile ${folder}/pid >/dev/null; sleep 0.2`

beforeEach(() => {
  folder = mkdtempSync(join(root, 'c-'))
  lines = []
})
afterEach(() => {
  process.env.PATH = path
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

// A real Redis stands in for the container's.
describeWithServer('redis', () => {
  it('starts one service as a project of its own on a free port, and ends it with its volumes', async () => {
    docker(upRedis())
    const server = (await startCompose(redis, { ...options(), fsync: 'everysec' }))!
    const port = Number(new URL(server.url).port)
    expect(server).toMatchObject({ origin: 'compose', says: 'redis by docker compose, started for this run' })
    expect(await redis.probe(server.url, 5_000)).toBeDefined()
    expect(remembered(folder)).toMatchObject([{ project: `floodmark-redis-${port}`, process: null }])
    await server.stop()
    await server.stop()
    const compose = `compose -f COMPOSE -p floodmark-redis-${port} --profile redis`
    expect(calls()).toEqual(['compose version', 'info', `${compose} up -d --wait redis`, `${compose} down -v -t 1`])
    expect(remembered(folder)).toEqual([])
    await expect.poll(() => redis.probe(server.url, 1_000)).toBeUndefined()
  })

  it('ends the project that a crashed run left', async () => {
    docker('exit 1')
    const owner = { pid: 4_194_303, started: '1' }
    const entry = { kind: 'redis', url: 'redis://127.0.0.1:1', says: '', folder: '', owner, process: null } as const
    remember(folder, { ...entry, project: 'floodmark-redis-1' })
    await endStale(folder, options().onProgress)
    expect(calls()).toEqual(['compose -f COMPOSE -p floodmark-redis-1 --profile redis down -v -t 1'])
    expect(remembered(folder)).toEqual([])
  })
})

it('gives way when Docker cannot start it, says why and leaves nothing', async () => {
  docker('echo no such image >&2; exit 1')
  expect(await startCompose(redis, options())).toBeUndefined()
  expect(lines.at(-1)).toMatch(/^docker compose did not start redis: .*no such image/s)
  expect(calls().at(-1)).toContain('down -v')
  expect(remembered(folder)).toEqual([])
})

it('gives way too when what Docker began cannot be ended, which the next run tries again', async () => {
  docker('exit 1', 'echo no daemon >&2; exit 1')
  expect(await startCompose(redis, options())).toBeUndefined()
  expect(lines.at(-1)).toMatch(/^redis could not be ended by docker compose -p floodmark-redis-\d+ down -v: /)
  const [{ file, ...entry }] = remembered(folder) as [ReturnType<typeof remembered>[0]]
  remember(folder, { ...entry, owner: { pid: 4_194_303, started: '1' } })
  docker('exit 1')
  await endStale(folder, () => {})
  expect(remembered(folder)).toEqual([])
})

it('gives way when what was started does not answer', async () => {
  docker('exit 0')
  expect(await startCompose(redis, options())).toBeUndefined()
  expect(lines.at(-1)).toMatch('redis by docker compose runs, but does not answer')
  expect(calls().at(-1)).toContain('down -v')
})

it('gives way without a word when there is no Docker', async () => {
  process.env.PATH = folder
  expect(await startCompose(redis, options())).toBeUndefined()
  expect(lines).toEqual([])
})
