import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fullUnless, needing } from '../../needs.ts'
import { get, refusedNobody, Sender, shop } from '../shop.ts'
import { harm, kill, strike } from './kills.ts'

const linux = needing(
  existsSync('/proc/self/task') ? undefined : 'the processes of a process can be seen on Linux alone',
)

describe('floodmark node', () => {
  it('takes what is signed, refuses what is not, and each event takes effect once', async () => {
    const { start, seen } = shop()
    const node = start('node')
    const port = await node.port
    const sender = new Sender()
    expect(await sender.send(port, 'a')).toBe(200)
    expect(await sender.send(port, 'a')).toBe(200)
    expect(await sender.send(port, 'b', 'not the secret of this route')).toBe(401)
    expect([await get(port, '/healthz'), await get(port, '/readyz'), await get(port, '/other')]).toEqual([
      200, 200, 404,
    ])
    expect((await node.stop()).code).toBe(0)
    expect(await seen()).toEqual(['in:a'])
  })

  it('says 503 at /readyz first when it is to stop, while it still takes events; a second signal ends it at once', {
    tags: 'full',
  }, async () => {
    const { start } = shop('noticeMs: 600_000')
    const node = start('node')
    const port = await node.port
    node.child.kill('SIGTERM')
    await node.until('stopping')
    for (let status = 200; status !== 503; ) status = await get(port, '/readyz')
    expect(await new Sender().send(port, 'late')).toBe(200)
    // What comes within a second counts as the same signal: npm hands on what its whole group got.
    await wait(1_100)
    node.child.kill('SIGTERM')
    expect((await node.ended).code).toBe(130)
  })

  it.each([
    ['npx, whose shell keeps signals for itself', (service: string) => `${service}; :`],
    ['npx and pnpm, of which one is told', (service: string) => `sh -c "${service}; :"; :`],
  ])('stops as well where it was started by %s', linux, async (_, launched) => {
    const { folder, seen } = shop()
    const cli = new URL('../../../src/runner/cli/main.ts', import.meta.url).pathname
    const env = { ...process.env, npm_config_user_agent: 'npm/11' }
    // Something stands behind it, else the shell would become it.
    const shell = spawn('sh', ['-c', launched(`'${process.execPath}' '${cli}' node`)], {
      cwd: folder,
      env,
      detached: true,
    })
    onTestFinished(() => endGroup(shell.pid!))
    let err = ''
    shell.stderr.on('data', (data) => {
      err += data
    })
    await expect.poll(() => err).toMatch(/ on http:\/\/\S+:\d+/)
    expect(await new Sender().send(Number(/ on http:\/\/\S+:(\d+)/.exec(err)![1]), 'a')).toBe(200)
    shell.kill('SIGTERM')
    // Its output ends with the service, not with the shell.
    await once(shell, 'close')
    expect(err).toContain('stopping: what is in progress is finished first')
    expect(await seen()).toEqual(['in:a'])
  })

  it('reads a file of secrets again when it has changed, and keeps the old one where the new one cannot be used', async () => {
    const { start, write } = shop()
    const node = start('node')
    const port = await node.port
    const sender = new Sender()
    write('secret.txt', 'short')
    node.child.kill('SIGHUP')
    await node.until('The secrets before it stay in use')
    expect(await sender.send(port, 'a')).toBe(200)
    write('secret.txt', 'another secret of some length')
    await node.until('route /in has new secrets')
    expect(await sender.send(port, 'b')).toBe(401)
    expect(await sender.send(port, 'c', 'another secret of some length')).toBe(200)
    const { err } = await node.stop()
    expect(err).not.toContain('another secret')
  })

  it('reads .env again when it is told to, and for each process that it starts', linux, async () => {
    const routes = "routes: { '/in': { provider: 'generic', source: 'in', secrets: { env: 'IN_SECRET' } } }"
    const secretOf = (text: string) => `IN_SECRET=${text}\n`
    const { start, write } = shop('', {
      'floodmark.config.ts': `export default { ${routes}, handlers: './handlers.ts', listen: { port: 0 }, noticeMs: 0 }\n`,
      '.env': secretOf('the first secret of the route'),
    })
    const node = start('node')
    const port = await node.port
    const sender = new Sender()
    expect(await sender.send(port, 'a', 'the first secret of the route')).toBe(200)
    write('.env', secretOf('the second secret of the route'))
    node.child.kill('SIGHUP')
    await node.until('route /in has new secrets')
    expect(await sender.send(port, 'b', 'the first secret of the route')).toBe(401)
    expect(await sender.send(port, 'c', 'the second secret of the route')).toBe(200)
    write('.env', secretOf('the third secret of the route'))
    node.child.kill('SIGUSR2')
    await node.until('every process has been started anew')
    expect(await sender.send(port, 'd', 'the second secret of the route')).toBe(401)
    expect(await sender.send(port, 'e', 'the third secret of the route')).toBe(200)
    const { code, err } = await node.stop()
    expect([code, err]).toEqual([0, expect.not.stringContaining('secret of the route')])
  })

  it('says what it has done on a port of its own, and tells whoever observes it', async () => {
    const observer = `observer: {
      answered: ({ path, status }) => console.error('answered', path, status),
      settled: ({ event, result }) => console.error('settled', event.id, result),
    }`
    const { start } = shop(`admin: { port: 0 }, ${observer}`)
    const node = start('node')
    const port = await node.port
    await node.until('status on http')
    const sender = new Sender()
    await sender.send(port, 'a')
    await sender.send(port, 'b', 'not the secret of this route')
    await node.until('settled in:a applied')
    await sender.send(port, 'a')
    await node.until('settled in:a absorbed')
    await node.until('answered /in 200', 2)
    await node.until('answered /in 401')
    const answer = await fetch(node.said(/status on (\S+)/))
    const { processes } = (await answer.json()) as { processes: unknown }
    expect(processes).toMatchObject([
      { role: 'node', processed: { applied: 1, duplicates: 1 }, received: { refused: { '/in': { mismatch: 1 } } } },
    ])
    expect((await node.stop()).code).toBe(0)
  })

  it('goes on where whoever observes it fails, and says so once', async () => {
    const failing = "() => { throw new Error('no metrics') }"
    const { start, seen } = shop(`observer: { answered: ${failing}, refused: ${failing}, settled: async ${failing} }`)
    const node = start('node')
    const port = await node.port
    const sender = new Sender()
    for (const id of ['a', 'b']) expect(await sender.send(port, id)).toBe(200)
    expect(await sender.send(port, 'c', 'not the secret of this route')).toBe(401)
    for (const name of ['answered', 'refused', 'settled']) await node.until(`observer.${name} has failed`)
    const { code, err } = await node.stop()
    expect([code, err.split('observer.answered has failed').length]).toEqual([0, 2])
    expect(await seen()).toEqual(['in:a', 'in:b'])
  })

  it('refuses nobody while it is started anew, and loses nothing', linux, async () => {
    const { start, seen } = shop()
    const node = start('node')
    const sender = new Sender()
    await strike(sender, await node.port, 1, async (time) => {
      node.child.kill('SIGUSR2')
      await node.until('every process has been started anew', time)
    })
    expect((await node.stop()).code).toBe(0)
    refusedNobody(sender)
    expect(harm(sender, await seen())).toEqual({ missing: [], doubled: 0 })
  })

  for (const times of [1, 10]) {
    const rules = { ...fullUnless(times === 1), ...linux }
    it(`loses nothing that it has acknowledged when its process is killed ${times} times`, rules, async () => {
      const { start, seen } = shop()
      const node = start('node')
      const sender = new Sender()
      await strike(sender, await node.port, times, async (time) => {
        kill(node.members()[0])
        await node.until('has ended (SIGKILL)', time)
      })
      expect((await node.stop()).code).toBe(0)
      // An answer that a kill took is unknown. Nothing is refused: what comes meanwhile waits.
      expect(sender.others.filter(({ outcome }) => outcome !== 'unknown')).toEqual([])
      expect(harm(sender, await seen())).toEqual({ missing: [], doubled: 0 })
    })
  }
})

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of them have ended.
  }
}

it.each([
  ['serve', "the queue 'embedded' belongs to one process: run floodmark node"],
  ['work', "the queue 'embedded' belongs to one process: run floodmark node"],
])('floodmark %s refuses a queue that belongs to one process', async (command, what) => {
  const { code, err } = await shop().start(command, '--processes', '1').ended
  expect([code, err]).toEqual([2, expect.stringContaining(what)])
})
