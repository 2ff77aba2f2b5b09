import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import memoryLedger from '../../../ledgers/memory.ts'
import generic from '../../../providers/generic.ts'
import github from '../../../providers/github.ts'
import memoryQueue from '../../../queues/memory.ts'
import rawHttp from '../../../receivers/raw-http.ts'
import { markMsFor } from '../../../src/core/base/mark-life.ts'
import { type Clock, systemClock } from '../../../src/core/contracts/clock.ts'
import type { Ledger } from '../../../src/core/contracts/ledger.ts'
import type { Queue } from '../../../src/core/contracts/queue.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { limitsOf, type ServiceLimits } from '../../../src/core/service/limits.ts'
import { startService } from '../../../src/core/service/service.ts'
import { checkSizes } from '../../../src/core/service/sizes.ts'
import { anEvent } from '../../events.ts'

const MIB = 1024 * 1024
const route = {
  path: '/in',
  source: 'generic',
  provider: generic,
  secrets: [generic.secret('a secret of some length')],
}

interface Replaced {
  readonly queue?: Partial<Queue>
  readonly ledger?: Partial<Ledger>
  readonly clock?: Clock
}

async function start(limits: Partial<ServiceLimits>, over: Replaced = {}) {
  const opened = { url: '', namespace: 'test' }
  const queue = Object.assign(await memoryQueue.open(opened), over.queue)
  const ledger = Object.assign(await memoryLedger.open(opened), over.ledger)
  const applied: string[] = []
  const errors: string[] = []
  const starting = startService({
    queue,
    clock: over.clock ?? systemClock,
    random: seeded(1),
    limits,
    receiving: { receiver: rawHttp, routes: [route] },
    processing: { ledger, effect: ({ id }) => void applied.push(id) },
    onError: (error) => errors.push((error as Error).message),
  })
  return { starting, queue, applied, errors }
}

describe('the start of a service', () => {
  it.each([
    ['batchEventsMax', 0],
    ['effectMs', Number.POSITIVE_INFINITY],
    ['leaseMs', Number.NaN],
    ['handlersMax', 1.5],
    ['inFlightMax', -1],
  ] as const)('refuses the limit %s of %d by its name', async (name, value) => {
    expect(() => limitsOf({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'misuse', message: expect.stringContaining(name) }),
    )
    const { starting } = await start({ [name]: value })
    await expect(starting).rejects.toMatchObject({ code: 'misuse' })
  })

  it.each([
    [{ bodyBytesMax: 27 * MIB, heldBytesMax: 64 * MIB }, {}, 'an event takes 27262976 at most: set it to that or less'],
    [{ bodyBytesMax: 8 * MIB }, { publishBytesMax: MIB }, 'the queue takes 1048576 at most: set it below that'],
    [{ bodyBytesMax: 8 * MIB, waitingBytesMax: MIB }, {}, 'waitingBytesMax is 1048576: make the latter'],
    [{ heldBytesMax: 2 ** 52 }, {}, 'and this process may use'],
  ] as const)('refuses the limits %j, which contradict each other or a queue of %j', async (limits, traits, what) => {
    const queue = await memoryQueue.open({ url: '', namespace: 'sizes' })
    const { starting } = await start(limits, { queue: { traits: { ...queue.traits, ...traits } } })
    await expect(starting).rejects.toThrow(
      expect.objectContaining({ code: 'misuse', message: expect.stringContaining(what) }),
    )
  })

  it('takes a default that is above what the queue takes: a longer body is refused when it comes', async () => {
    const queue = await memoryQueue.open({ url: '', namespace: 'sizes' })
    const { starting } = await start({}, { queue: { traits: { ...queue.traits, publishBytesMax: 1_000 } } })
    await (await starting).stop()
  })

  it('refuses a route that would take more than the service, and names a sender that sends more than fits', () => {
    const limits = limitsOf({ bodyBytesMax: 27 * MIB, heldBytesMax: 64 * MIB })
    const sender = { ...route, source: 'github', provider: { ...generic, bodyBytesMax: 27 * MIB } }
    expect(() => checkSizes(limits, limits, [sender], { publishBytesMax: 64 * MIB })).toThrow(
      'although github sends up to',
    )
    const longer = { ...route, bodyBytesMax: 2 * MIB }
    expect(() => checkSizes(limitsOf(), {}, [longer], { publishBytesMax: 64 * MIB })).toThrow('route /in takes 2097152')
  })

  it('takes the longest bodies of GitHub where its queue does', async () => {
    const limits = limitsOf({ bodyBytesMax: github.bodyBytesMax! })
    const queue = await memoryQueue.open({ url: '', namespace: 'long' })
    expect(() => checkSizes(limits, limits, [route], queue.traits)).not.toThrow()
    const body = Buffer.alloc(github.bodyBytesMax!, 1)
    const event = { id: 'github:1', key: 'k', source: 'github', type: 'push', receivedAtMs: 0, headers: {}, body }
    await expect(queue.publish([event], { deadlineMs: 10_000 })).resolves.toBeUndefined()
    await queue.close()
  })

  it('refuses a ledger that forgets an event while its sender still sends it', async () => {
    const needed = markMsFor(generic.delivery)
    const short = await memoryLedger.open({ url: '', namespace: 'short', ttlMs: needed - 1 })
    const { starting } = await start({}, { ledger: { traits: short.traits } })
    await expect(starting).rejects.toThrow(
      `generic sends an event again for longer: open the ledger with a ttlMs of ${needed}`,
    )
  })

  it('that fails leaves nothing behind: the queue is closed, and nothing is processed', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const { starting, queue, applied } = await start({ port })
    await expect(starting).rejects.toThrow()
    await expect(queue.publish([anEvent('1')], { deadlineMs: 100 })).rejects.toMatchObject({ code: 'unavailable' })
    expect(applied).toEqual([])
    taken.close()
  })
})

describe('a queue whose address says how long an event waits for others', () => {
  it.each([
    [{ lingerMs: 37 }, 37],
    [{}, 41],
  ])('traits of %j: the service waits for that long, else as it is set itself', async (traits, expected) => {
    const waits: number[] = []
    const clock: Clock = {
      ...systemClock,
      after(ms, fn) {
        waits.push(ms)
        return systemClock.after(ms, fn)
      },
    }
    const queue = await memoryQueue.open({ url: '', namespace: 'linger' })
    const over = { clock, queue: { traits: { ...queue.traits, ...traits } } }
    const { starting } = await start({ lingerMs: 41 }, over)
    const service = await starting
    const body = JSON.stringify({ type: 't', key: 'k' })
    const headers = generic.sign(Buffer.from(body), route.secrets[0]!, { id: 'e1', type: 't', atMs: Date.now() })
    expect((await fetch(`http://127.0.0.1:${service.port}/in`, { method: 'POST', body, headers })).status).toBe(200)
    expect(waits.filter((ms) => ms === 37 || ms === 41)).toEqual([expected])
    await service.stop()
  })
})

describe('rotateSecrets', () => {
  it('changes what a running service takes', async () => {
    const { starting } = await start({})
    const service = await starting
    const next = generic.secret('another secret of some length')
    const body = JSON.stringify({ type: 't', key: 'k' })
    const send = async (secret: typeof next) => {
      const signed = generic.sign(Buffer.from(body), secret, { id: 'e1', type: 't', atMs: Date.now() })
      const answer = await fetch(`http://127.0.0.1:${service.port}/in`, { method: 'POST', body, headers: signed })
      return answer.status
    }
    expect([await send(route.secrets[0]!), await send(next)]).toEqual([200, 401])
    await service.rotateSecrets('generic', [next])
    expect([await send(route.secrets[0]!), await send(next)]).toEqual([401, 200])
    await expect(service.rotateSecrets('other', [next])).rejects.toMatchObject({ code: 'misuse' })
    await service.stop()
  })
})

describe('GET /readyz', () => {
  it('is 503 and names the part while the ledger stores nothing, and the log says why', async () => {
    let isFull = false
    const probe = async () => {
      if (isFull) throw new Error('no space left')
    }
    const { starting, errors } = await start({ readyEveryMs: 10 }, { ledger: { probe } })
    const service = await starting
    const ask = async () => {
      const answer = await fetch(`http://127.0.0.1:${service.port}/readyz`)
      return `${answer.status} ${(await answer.text()).trim()}`
    }
    expect(await ask()).toBe('200 ready')
    isFull = true
    await expect.poll(ask).toBe('503 not ready: ledger')
    expect(errors).toEqual(['not ready: ledger: no space left'])
    isFull = false
    await expect.poll(ask).toBe('200 ready')
    await service.stop()
  })

  it('is 503 while the consumer has ended', async () => {
    const consume = async () => {
      throw new Error('the broker is gone')
    }
    const { starting } = await start({ readyEveryMs: 10 }, { queue: { consume } })
    const service = await starting
    const ask = async () => (await fetch(`http://127.0.0.1:${service.port}/readyz`)).text()
    await expect.poll(ask).toBe('not ready: consumer')
    await service.stop()
  })
})
