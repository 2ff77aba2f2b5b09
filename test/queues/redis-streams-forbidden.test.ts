import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import redisStreams from '../../queues/redis-streams.ts'
import { LIMIT, numbered } from '../contract/queue/kit.ts'
import { describeWithServer } from '../servers.ts'
import { consumerOf } from './kafka-consumer.ts'

describeWithServer('redis', (server) => {
  it.each(['xautoclaim', 'xgroup', 'xread', 'xdel'])(
    'a consumer that may not use %s ends and says why, and the next one has all once it may',
    async (command) => {
      const admin = new Redis(server().url)
      const user = `without-${command}`
      await admin.acl('SETUSER', user, 'on', '>secret', '~*', '+@all', `-${command}`)
      const url = server().url.replace('redis://', `redis://${user}:secret@`)
      const queue = await redisStreams.open({ url, namespace: user })
      await queue.publish(numbered(0, 1), LIMIT)
      const refused = consumerOf(queue)
      await expect(refused.done).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/^streams cannot be consumed: .*Allow this user/),
      })
      await admin.acl('SETUSER', user, `+${command}`)
      const next = consumerOf(queue)
      await queue.publish(numbered(1, 1), LIMIT)
      // What the first one took and settled does not come again.
      await expect.poll(() => [...new Set([...refused.seen, ...next.seen])]).toEqual([0, 1])
      await next.stop()
      await queue.close()
      await admin.quit()
    },
    30_000,
  )
})
