import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { RedisServer, whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'
import { floodmark, runsFolder } from '../floodmark.ts'

const { root, reportOf } = runsFolder()
const file = new URL('./redis-receiver.ts', import.meta.url).pathname
const SECRET = 'a-secret-of-the-test-0123456789'

it('a receiver of a few lines, with a Redis stream behind it, is audited whole and passes', {
  ...needing(whyNoRedis()),
}, async () => {
  const redis = await RedisServer.start()
  const env = { ...process.env, GITHUB_SECRET: SECRET, REDIS_URL: redis.url, PORT: '0' }
  const receiver = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = await once(receiver.stdout, 'data')
    const address = String(line).trim()
    process.env.FLOODMARK_SECRET_GITHUB = SECRET
    const { code, out, err } = await floodmark(
      ...['scenario', 'steady', '--target', address, '--effects', `${address}/effects`, '--provider', 'github'],
      ...['--quick', '--rate', '100', '--duration', '1', '--p99', '300000', '--out', join(root, 'own')],
    )
    // 5: the machine was too busy to send as planned.
    expect([0, 5], out + err).toContain(code)
    const { audit } = reportOf('own')
    expect(audit).toMatchObject({ applied: audit.planned, lost: 0, altered: 0, duplicateEffects: 0 })
  } finally {
    receiver.kill()
    await once(receiver, 'close')
  }
})
