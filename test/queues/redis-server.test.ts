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
    describe(`${name} asks the server which failures an acknowledged event survives`, () => {
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

      it('survives a power loss when the log is synced before each answer', async () => {
        const traits = await open()
        expect(traits.survives).toEqual(['receiver-crash', 'broker-crash', 'power-loss'])
        expect(traits.server).toMatch(/^Redis \d+\.\d+\.\d+, appendonly yes, appendfsync always$/)
      })

      it("does not survive the server's death when its log is late, paused or off", async () => {
        const weaker = [
          ['appendfsync', 'everysec'],
          ['appendonly', 'no'],
          ['no-appendfsync-on-rewrite', 'yes'],
        ] as const
        for (const [setting, value] of weaker) {
          await set(setting, value, async () => expect((await open()).survives).toEqual(['receiver-crash']))
        }
      })

      it('has unknown durability where the server does not tell', async () => {
        await admin.call('ACL', 'SETUSER', 'limited', 'on', '>pass-of-limited', '~*', '&*', '+@all', '-config')
        const traits = await open(server().url.replace('//', '//limited:pass-of-limited@'))
        expect(traits.survives).toEqual(['receiver-crash'])
        expect(traits.server).toContain('durability unknown')
      })

      it('refuses a server that may evict keys', async () => {
        const refusal = { code: 'misuse', message: expect.stringContaining('noeviction') }
        await set('maxmemory-policy', 'allkeys-lru', async () => {
          await expect(open()).rejects.toMatchObject(refusal)
          await set('maxmemory', '1gb', () => expect(open()).rejects.toMatchObject(refusal))
        })
      })

      it('refuses a replica', async () => {
        await admin.replicaof('127.0.0.1', 1)
        await expect(open())
          .rejects.toMatchObject({ code: 'misuse', message: expect.stringContaining('replica') })
          .finally(() => admin.replicaof('NO', 'ONE'))
      })
    })

    it(`${name} shows no password when the server refuses it`, async () => {
      const { default: driver } = await queues[name]!()
      const url = server().url.replace('//', '//nobody:hunter2-in-url@')
      const error = await driver.open({ url, namespace: 'secrets' }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('WRONGPASS') })
      const told = [error, (error as Error).cause].map(
        (one) => JSON.stringify(one) + String(one) + (one as Error)?.stack,
      )
      expect(told.join()).not.toContain('hunter2')
    })

    it(`${name} refuses another server's address, and says 'unavailable' where no server listens`, async () => {
      const { default: driver } = await queues[name]!()
      const open = (url: string, namespace = 'x') => driver.open({ url, namespace })
      await expect(open('kafka://127.0.0.1:1')).rejects.toMatchObject({ code: 'misuse' })
      await expect(open(server().url, 'a:b')).rejects.toMatchObject({ code: 'misuse' })
      await expect(open('redis://127.0.0.1:1')).rejects.toMatchObject({ code: 'unavailable' })
    })
  }
})
