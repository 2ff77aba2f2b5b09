import { expect, it } from 'vitest'
import { redisCounts } from '../../../src/clients/redis/counts.ts'
import { RedisServer, whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'

it(
  'a Redis counts the commands of all but this count by name, over one connection',
  needing(whyNoRedis()),
  async () => {
    const { url } = await RedisServer.start()
    const [one, other] = [await redisCounts(url), await redisCounts(url)]
    try {
      const before = await one.read()
      for (let at = 0; at < 5; at++) await other.read()
      expect((await one.read()).calls).toEqual(before.calls)
      expect(before.calls).not.toHaveProperty('INFO')
    } finally {
      await one.close()
      await other.close()
    }
  },
)
