import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { needing } from '../../needs.ts'
import { get, Sender, shop } from '../shop.ts'

const linux = needing(
  existsSync('/proc/self/task') ? undefined : 'the processes of a process can be seen on Linux alone',
)

describe('floodmark node', { timeout: 60_000 }, () => {
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

  it('says 503 at /readyz first when it is to stop, while it still takes events; a second signal ends it at once', async () => {
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

  it('refuses nobody while it is started anew, and loses nothing', linux, async () => {
    const { start, seen } = shop()
    const node = start('node')
    const port = await node.port
    const sender = new Sender()
    const end = new AbortController()
    const flood = sender.flood(port, end.signal)
    for (let times = 1; times <= 2; times++) {
      node.child.kill('SIGUSR2')
      await node.until('every process has been started anew', times)
    }
    end.abort()
    await flood
    expect((await node.stop()).code).toBe(0)
    expect(sender.others).toEqual([])
    expect((await seen()).toSorted()).toEqual(sender.acked.map((id) => `in:${id}`).toSorted())
  })

  it('loses nothing that it has acknowledged when its process is killed, again and again', linux, async () => {
    const { start, seen } = shop()
    const node = start('node')
    const port = await node.port
    const sender = new Sender()
    const end = new AbortController()
    const flood = sender.flood(port, end.signal)
    for (let times = 1; times <= 3; times++) {
      const before = sender.acked.length
      while (sender.acked.length < before + 20) await wait(5)
      process.kill(node.members()[0]!, 'SIGKILL')
      await node.until('has ended (SIGKILL)', times)
    }
    const before = sender.acked.length
    while (sender.acked.length < before + 20) await wait(5)
    end.abort()
    await flood
    expect((await node.stop()).code).toBe(0)
    // An answer that a kill took is unknown. Nothing else is refused: what comes meanwhile waits.
    expect(sender.others.filter(({ outcome }) => outcome !== 'unknown')).toEqual([])
    const took = await seen()
    expect(sender.acked.filter((id) => !took.includes(`in:${id}`))).toEqual([])
    expect(new Set(took).size).toBe(took.length)
  })
})

it.each([
  ['serve', "the queue 'embedded' belongs to one process: run floodmark node"],
  ['work', "the queue 'embedded' belongs to one process: run floodmark node"],
])('floodmark %s refuses a queue that belongs to one process', async (command, what) => {
  const { code, err } = await shop().start(command, '--processes', '1').ended
  expect([code, err]).toEqual([2, expect.stringContaining(what)])
})
