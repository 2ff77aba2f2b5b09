import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { runKeptMs } from '../../../src/runner/plan/run-namespace.ts'
import { fullUnless } from '../../needs.ts'
import { describeWithServer } from '../../servers.ts'
import { runsFolder } from '../floodmark.ts'

const { root } = runsFolder()
const cli = new URL('../../../src/runner/cli/main.ts', import.meta.url).pathname
const DURATION_S = 120

describeWithServer('redis', (server) => {
  for (const queue of ['redis-streams', 'bullmq']) {
    const options = { ...fullUnless(queue === 'redis-streams') }
    it(
      `a run on ${queue} whose processes are all killed leaves nothing that stays on its server`,
      options,
      async () => {
        const { url } = server()
        const stores = ['--queue', queue, '--queue-url', url, '--ledger', 'redis', '--ledger-url', url]
        const load = ['scenario', 'steady', '--rate', '200', '--p99', '300000', '--duration', String(DURATION_S)]
        const args = [cli, ...load, ...stores, '--out', join(root, queue)]
        const child = spawn(process.execPath, args, { detached: true, stdio: 'ignore' })
        const ended = new Promise((resolve) => child.on('exit', resolve))
        const redis = new Redis(url)
        try {
          const marks = async () => (await redis.keys('floodmark:*:ledger:id:*')).length
          await expect.poll(marks).toBeGreaterThan(100)
          process.kill(-child.pid!, 'SIGKILL')
          await ended
          const lives = () => {
            try {
              return process.kill(-child.pid!, 0)
            } catch {
              return false
            }
          }
          await expect.poll(lives).toBe(false)
          const keys = await redis.keys('floodmark:*')
          const endsInMs = await Promise.all(keys.map((key) => redis.pttl(key)))
          expect(keys.filter((_, at) => endsInMs[at] === -1)).toEqual([])
          expect(Math.max(...endsInMs)).toBeLessThanOrEqual(runKeptMs(DURATION_S * 1_000))
          expect(keys.some((key) => !key.includes(':ledger:'))).toBe(true)
          await redis.flushall()
        } finally {
          redis.disconnect()
        }
      },
    )
  }
})
