import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sleep, systemClock } from '../../src/core/contracts/clock.ts'
import { needing } from '../needs.ts'
import { judge } from './trace.ts'
import { tracedService, whyNoStrace } from './traced-service.ts'

/**
 * SIGKILL cannot show a missing fdatasync, as the page cache outlives the process; the order of system calls can.
 * Each 200 that a real service writes to a socket must come after the end of an fdatasync that covers its event.
 */

const missing = whyNoStrace()

/** How many were accepted. A busy machine may shed some of the others, each with a 503. */
function acceptedOf(statuses: readonly number[]): number {
  expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([])
  return statuses.filter((status) => status === 200).length
}

describe('a service with the embedded queue, seen from the kernel', needing(missing), () => {
  it('writes no 200 before the fdatasync that covers its event has ended', async () => {
    const service = await tracedService()
    const statuses = await service.send(16, 25)
    const { early, acknowledged, syncs } = judge(await service.end(), service.sent)
    const accepted = acceptedOf(statuses)
    expect(accepted).toBeGreaterThan(200)
    expect(early).toEqual([])
    expect(acknowledged).toBe(accepted)
    expect(syncs).toBeGreaterThan(0)
    // Group commit: else this would not be the queue that is measured.
    expect(syncs).toBeLessThan(accepted)
  })

  it('is caught by the same check when it answers before it syncs', async () => {
    const service = await tracedService({ bug: 'acks-early' })
    const accepted = acceptedOf(await service.send(4, 10))
    const { early, acknowledged } = judge(await service.end(), service.sent)
    expect(acknowledged).toBe(accepted)
    expect(early.length).toBeGreaterThan(20)
  })

  it('answers 503, never 2xx, once an fdatasync has failed, and says that it is not ready', async () => {
    const calls = 'write,writev,pwrite64,pwritev,fdatasync,fsync,sendto,sendmsg'
    // Counted by strace for each thread of the pool by itself.
    const service = await tracedService({
      strace: () => ['-e', `trace=${calls}`, '-e', 'inject=fdatasync:error=EIO:when=4+'],
    })
    const statuses = await service.send(2, 40)
    const alive = await service.get('/healthz')
    // The parts are looked at every two seconds.
    await expect.poll(() => service.get('/readyz')).toBe(503)
    const { early } = judge(await service.end(), service.sent)
    expect(early).toEqual([])
    expect(statuses).toContain(200)
    expect(statuses).toContain(503)
    expect(statuses.slice(statuses.indexOf(503))).toEqual(Array(80 - statuses.indexOf(503)).fill(503))
    expect(alive).toBe(200)
  })

  it('answers 503 while the disk is full, and takes events again when there is room', async () => {
    // The log fills its first file, and finds no room for the next ones that it tries to make.
    const full = [1, 2, 3].map((number) => `${number}.spare`)
    const service = await tracedService({
      strace: (folder) => [
        ...full.flatMap((name) => ['-P', join(folder, name)]),
        '-e',
        'trace=pwrite64',
        '-e',
        'inject=pwrite64:error=ENOSPC',
      ],
    })
    const statuses = await service.send(1, 400)
    expect(acceptedOf(statuses.slice(0, 20))).toBeGreaterThan(0)
    expect(statuses).toContain(503)
    const later = async () => (await service.send(1, 1))[0]
    for (let tries = 0; (await later()) !== 200; tries++) {
      expect(tries).toBeLessThan(100)
      await sleep(systemClock, 200)
    }
    expect(await service.get('/readyz')).toBe(200)
    expect(await service.end()).toContain('ENOSPC')
  })
})
