import { expect, it } from 'vitest'
import { redisCommands } from '../../../src/clients/redis/commands.ts'
import { RedisServer, whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'

it(
  'a Redis counts the commands that it has carried out, and tells them over one connection',
  needing(whyNoRedis()),
  async () => {
    const { url } = await RedisServer.start()
    const commands = await redisCommands(url)
    try {
      const before = await commands.count()
      for (let at = 0; at < 5; at++) await commands.count()
      expect((await commands.count()) - before).toBe(6)
    } finally {
      await commands.close()
    }
  },
)
