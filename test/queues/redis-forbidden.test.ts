import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import redisLedger from '../../ledgers/redis.ts'
import bullmq from '../../queues/bullmq.ts'
import redisStreams from '../../queues/redis-streams.ts'
import { inOrder, LIMIT, numbered } from '../contract/queue/kit.ts'
import { anEvent } from '../events.ts'
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
      await expect.poll(() => inOrder(new Set([...refused.seen, ...next.seen]))).toEqual([0, 1])
      await next.stop()
      await queue.close()
      await admin.quit()
    },
  )

  it.each(['bzpopmin', 'rpoplpush'])(
    'a worker of bullmq that may not use %s ends and says why, and the next one has all once it may',
    async (command) => {
      const admin = new Redis(server().url)
      const namespace = `bull-${command}`
      await admin.acl('SETUSER', namespace, 'on', '>secret', '~*', '+@all', `-${command}`)
      const all = await bullmq.open({ url: server().url, namespace })
      await all.publish(numbered(0, 1), LIMIT)
      const url = server().url.replace('redis://', `redis://${namespace}:secret@`)
      const queue = await bullmq.open({ url, namespace })
      const refused = consumerOf(queue)
      await expect(refused.done).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/^jobs cannot be taken: .*Allow this user all commands and scripts of BullMQ$/),
      })
      await admin.acl('SETUSER', namespace, `+${command}`)
      const next = consumerOf(queue)
      await all.publish(numbered(1, 1), LIMIT)
      await expect.poll(() => inOrder(new Set([...refused.seen, ...next.seen]))).toEqual([0, 1])
      await next.stop()
      await Promise.all([queue.close(), all.close()])
      await admin.quit()
    },
  )

  it.each(Object.entries({ bullmq, 'redis-streams': redisStreams }))(
    'a login as narrow as the README has it is enough for %s and the ledger',
    async (name, driver) => {
      const admin = new Redis(server().url)
      const rights = ['on', '>secret', '~floodmark:*', '+@all', '-@admin', '-@dangerous', '+info']
      await admin.acl('SETUSER', 'narrow', ...rights)
      const at = { url: server().url.replace('redis://', 'redis://narrow:secret@'), namespace: `narrow-${name}` }
      const queue = await driver.open(at)
      await queue.publish(numbered(0, 3), LIMIT)
      await queue.probe()
      const consumer = consumerOf(queue)
      await expect.poll(() => consumer.seen.length).toBe(3)
      await consumer.stop()
      expect(await queue.depth()).toMatchObject({ waiting: 0, inFlight: 0 })
      await queue.close()
      const ledger = await redisLedger.open(at)
      expect(await ledger.claim([anEvent('0')], 30_000)).toMatchObject([{ state: 'new' }])
      await ledger.close()
      for (const one of [driver, redisLedger]) await one.drop(at)
      await admin.quit()
    },
  )
})
