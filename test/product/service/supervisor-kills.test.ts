import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fullUnless, needing } from '../../needs.ts'
import { describeWithServer } from '../../servers.ts'
import { Sender, type Started, shop } from '../shop.ts'
import { harm, kill, strike } from './kills.ts'
import { describeForSharedStores } from './stores.ts'

const linux = needing(
  existsSync('/proc/self/task') ? undefined : 'the processes of a process can be seen on Linux alone',
)
/** A port of its own, as in production: the next service needs the same. */
const LISTEN = 'listen: { port: Number(process.env.PORT ?? 0) }'

function isAlive(pid: number): boolean {
  try {
    // Nobody may have asked for the end of a process whose parent is gone.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** So long a port that is taken is waited for. */
const WAITED_MS = 5_000

/** Kills supervisors, and nothing else, while events are sent; others start at once. Gives all that were started. */
async function strikeSupervisors(sender: Sender, first: readonly Started[], times: number, anew: Anew) {
  const all = [...first]
  let running = first
  const port = await first[0]!.port
  await strike(sender, port, times, async () => {
    const orphans = running.flatMap((one) => one.members())
    expect(orphans.length).toBeGreaterThanOrEqual(running.length)
    for (const { child } of running) kill(child.pid)
    running = anew({ PORT: String(port) })
    all.push(...running)
    expect(await running[0]!.port).toBe(port)
    for (const one of running.slice(1)) await one.until('processing')
    await expect.poll(() => orphans.filter(isAlive)).toEqual([])
  })
  // What was on its way may be told that it comes too late, and is sent again.
  expect(sender.others.filter(({ outcome }) => outcome !== 'unknown' && outcome !== 503)).toEqual([])
  return running
}
type Anew = (env: Readonly<Record<string, string>>) => readonly Started[]

describeForSharedStores(({ name, isQuick, config }) => {
  // Five times show all that one time does, but not quickly.
  for (const times of isQuick ? [1, 5] : [5]) {
    const rules = { timeout: 300_000, ...fullUnless(isQuick && times === 1), ...linux }
    const what = 'nothing acknowledged is missing, their processes end, and the port is free'
    it(`the supervisors of serve and work on ${name} killed ${times} times: ${what}`, rules, async () => {
      const { start, seen } = shop(`${config()}, ${LISTEN}`)
      const anew: Anew = (env) => [start('serve', '--processes', '2', env), start('work', env)]
      const first = anew({})
      await first[1]!.until('processing')
      const sender = new Sender()
      const last = await strikeSupervisors(sender, first, times, anew)
      await expect.poll(async () => harm(sender, await seen())).toEqual({ missing: [], doubled: 0 })
      for (const one of last) expect((await one.stop()).code).toBe(0)
    })
  }
})

describeWithServer('redis', (server) => {
  const there = () => {
    const stores = ['redis-streams', 'redis'].map((use) => `{ use: '${use}', url: '${server().url}' }`)
    return shop(`queue: ${stores[0]}, ledger: ${stores[1]}, namespace: 'one${process.pid}'`)
  }

  it('a process that receives nothing says nothing of secrets when they are read again', async () => {
    const work = there().start('work')
    await work.until('processing')
    work.child.kill('SIGHUP')
    const { code, err } = await work.stop()
    expect([code, err]).toEqual([0, expect.not.stringContaining('secrets')])
  })

  it('a process that dies while another is about to take its place has one successor, not two', linux, async () => {
    const { start } = there()
    const serve = start('serve', '--processes', '1')
    await serve.port
    const [old] = serve.members()
    serve.child.kill('SIGUSR2')
    while (!serve.members().some((pid) => pid !== old)) await wait(2)
    if (isAlive(old!)) kill(old)
    await serve.until('every process has been started anew')
    expect(serve.members()).toHaveLength(1)
    const { code, err } = await serve.stop()
    expect([code, err]).toEqual([0, expect.not.stringContaining('another is started')])
  })
})

describe('floodmark node', () => {
  it('takes its port and its folders over when the supervisor before it was killed', linux, async () => {
    const { start, seen } = shop(LISTEN)
    const sender = new Sender()
    const [last] = await strikeSupervisors(sender, [start('node')], 1, (env) => [start('node', env)])
    expect((await last!.stop()).code).toBe(0)
    expect(harm(sender, await seen())).toEqual({ missing: [], doubled: 0 })
  })

  it('waits while a process of a killed service still holds the port', linux, async () => {
    const { start } = shop(`queue: 'memory', ledger: 'memory', ${LISTEN}`)
    const first = start('node')
    const port = await first.port
    const [orphan] = first.members()
    process.kill(orphan!, 'SIGSTOP')
    onTestFinished(() => void (isAlive(orphan!) && kill(orphan)))
    kill(first.child.pid)
    const beganMs = performance.now()
    const second = start('node', { PORT: String(port) })
    await second.until('is taken: it is waited for')
    process.kill(orphan!, 'SIGCONT')
    await expect.poll(() => isAlive(orphan!)).toBe(false)
    // On a machine on which it takes longer to go, it may have been waited for in vain.
    const isInTime = performance.now() - beganMs < WAITED_MS
    const taken = await second.port.catch((error) => (isInTime ? Promise.reject(error) : undefined))
    if (taken === undefined) return
    expect(taken).toBe(port)
    expect(await new Sender().send(port, 'a')).toBe(200)
    expect((await second.stop()).code).toBe(0)
  })
})
