import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { queues } from '../../queues/index.ts'
import { describeWithServer } from '../servers.ts'

const ON_REDIS = ['redis-streams', 'bullmq'] as const

describeWithServer('redis', (server) => {
  let admin: Redis
  beforeAll(() => {
    admin = new Redis(server().url)
  })
  afterAll(() => admin.quit())

  for (const name of ON_REDIS) {
    describe(`${name} asks the server what an acknowledged event survives`, () => {
      const open = async (url = server().url) => {
        const { default: driver } = await queues[name]!()
        const queue = await driver.open({ url, namespace: 'traits' })
        await queue.close()
        return queue.traits
      }
      /** Changes a setting for as long as `within` runs. */
      const set = async (setting: string, value: string, within: () => Promise<void>) => {
        const [, before] = (await admin.config('GET', setting)) as string[]
        await admin.config('SET', setting, value)
        await within().finally(() => admin.config('SET', setting, before!))
      }

      it('a power loss, with a log that is synced before each answer', async () => {
        const traits = await open()
        expect(traits.survives).toEqual(['receiver-crash', 'broker-crash', 'power-loss'])
        expect(traits.server).toMatch(/^Redis \d+\.\d+\.\d+, appendonly yes, appendfsync always$/)
      })

      it('not the death of the server, with a log that is written later, or none, or one that pauses', async () => {
        const weaker = [
          ['appendfsync', 'everysec'],
          ['appendonly', 'no'],
          ['no-appendfsync-on-rewrite', 'yes'],
        ] as const
        for (const [setting, value] of weaker) {
          await set(setting, value, async () => expect((await open()).survives).toEqual(['receiver-crash']))
        }
      })

      it('unknown, where it does not say', async () => {
        await admin.call('ACL', 'SETUSER', 'limited', 'on', '>pass-of-limited', '~*', '&*', '+@all', '-config')
        const traits = await open(server().url.replace('//', '//limited:pass-of-limited@'))
        expect(traits.survives).toEqual(['receiver-crash'])
        expect(traits.server).toContain('durability unknown')
      })

      it('nothing, on a server that may evict: it is refused', async () => {
        const refusal = { code: 'misuse', message: expect.stringContaining('noeviction') }
        await set('maxmemory-policy', 'allkeys-lru', async () => {
          await expect(open()).rejects.toMatchObject(refusal)
          await set('maxmemory', '1gb', () => expect(open()).rejects.toMatchObject(refusal))
        })
      })

      it('nothing, on a replica: it is refused', async () => {
        await admin.replicaof('127.0.0.1', 1)
        await expect(open())
          .rejects.toMatchObject({ code: 'misuse', message: expect.stringContaining('replica') })
          .finally(() => admin.replicaof('NO', 'ONE'))
      })
    })

    it(`${name} tells no password when it cannot get in`, async () => {
      const { default: driver } = await queues[name]!()
      const url = server().url.replace('//', '//nobody:hunter2-in-url@')
      const error = await driver.open({ url, namespace: 'secrets' }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('WRONGPASS') })
      const told = [error, (error as Error).cause].map(
        (one) => JSON.stringify(one) + String(one) + (one as Error)?.stack,
      )
      expect(told.join()).not.toContain('hunter2')
    })

    it(`${name} refuses an address that is not Redis's, and says 'unavailable' where nobody listens`, async () => {
      const { default: driver } = await queues[name]!()
      const open = (url: string, namespace = 'x') => driver.open({ url, namespace })
      await expect(open('kafka://127.0.0.1:1')).rejects.toMatchObject({ code: 'misuse' })
      await expect(open(server().url, 'a:b')).rejects.toMatchObject({ code: 'misuse' })
      await expect(open('redis://127.0.0.1:1')).rejects.toMatchObject({ code: 'unavailable' })
    }, 20_000)
  }
})
