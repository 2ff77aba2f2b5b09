import { afterEach, describe, expect, it, vi } from 'vitest'
import memoryLedger from '../../../../ledgers/memory.ts'
import generic from '../../../../providers/generic.ts'
import type { WebhookEvent } from '../../../../src/core/contracts/event.ts'
import type { Effect, Ledger, Settlement } from '../../../../src/core/contracts/ledger.ts'
import type { Handler, Queue } from '../../../../src/core/contracts/queue.ts'
import type { Ingest, Receiver } from '../../../../src/core/contracts/receiver.ts'
import type { Intervention } from '../../../../src/runner/records/intervention.ts'
import { changeProvider } from '../../../../src/runner/testbed/interventions/change-provider.ts'
import { Interventions } from '../../../../src/runner/testbed/interventions/interventions.ts'
import { Levers } from '../../../../src/runner/testbed/process-levers.ts'

const event = (id: string): WebhookEvent => ({
  ...{ id: `generic:${id}`, key: 'k', source: 'generic', type: 't', receivedAtMs: 1, headers: {} },
  body: Buffer.from('{"a":1}'),
})
const on = (one?: Intervention) => new Interventions(one)
const twice = (stage: Extract<Intervention, { what: 'twice' }>['stage']) => on({ what: 'twice', stage })

const opened: Ledger[] = []
afterEach(async () => {
  for (const ledger of opened.splice(0)) await ledger.close()
})
/** A ledger as a process has it, and what was asked of it. */
async function ledgerOf() {
  const whole = await memoryLedger.open({ url: 'memory', namespace: 'n' })
  const levers = new Levers(() => 0.5)
  const plain = levers.ledger(whole)
  opened.push(whole)
  const calls = { claimed: 0, settled: 0, settles: 0 }
  const ledger: Ledger = {
    ...plain,
    claim(events, leaseMs) {
      calls.claimed += events.length
      return plain.claim(events, leaseMs)
    },
    settle(settlements) {
      calls.settles++
      calls.settled += settlements.length
      return plain.settle(settlements)
    },
  }
  return { ledger, calls }
}

async function apply(ledger: Ledger, ids: readonly string[]) {
  const events = ids.map(event)
  const claims = await ledger.claim(events, 1_000)
  const settlements = claims.map((claim, at): Settlement => {
    expect(claim.state).toBe('new')
    const writes = [{ op: 'increment', name: 'count', by: 1 } as const]
    return { event: events[at]!, fence: claim.state === 'new' ? claim.fence : 0, result: 'applied', writes }
  })
  return ledger.settle(settlements)
}

describe('work that is done twice', () => {
  it('a claim: the ledger has what it would have, and every second claim is given back', async () => {
    const { ledger, calls } = await ledgerOf()
    const settled = await apply(twice('claim').ledger(ledger), ['a', 'b'])
    expect(settled).toEqual([0, 0].map(() => ({ held: true, failures: 0 })))
    expect(calls).toEqual({ claimed: 4, settled: 4, settles: 1 })
    expect(Buffer.from((await ledger.read('count'))!).toString()).toBe('2')
    expect((await ledger.claim([event('a'), event('a~second')], 1_000)).map(({ state }) => state)).toEqual([
      'duplicate',
      'new',
    ])
  })

  it('a settlement: as many writes again, under names that nobody reads', async () => {
    const { ledger, calls } = await ledgerOf()
    await apply(twice('settle').ledger(ledger), ['a', 'b'])
    expect(calls).toEqual({ claimed: 4, settled: 4, settles: 2 })
    expect(Buffer.from((await ledger.read('count'))!).toString()).toBe('2')
    expect(Buffer.from((await ledger.read('~second/count'))!).toString()).toBe('2')
  })

  it('an effect: its writes count once, and it fails once', async () => {
    const written: string[] = []
    let runs = 0
    const effect: Effect = (_event, tx) => {
      runs++
      tx.put('name', Buffer.alloc(1))
      if (runs > 2) throw new Error('no')
    }
    const tx = { put: (name: string) => written.push(name) } as unknown as Parameters<Effect>[1]
    const doubled = twice('effect').effect(effect)
    await doubled(event('a'), tx)
    expect({ runs, written }).toEqual({ runs: 2, written: ['name'] })
    expect(() => doubled(event('b'), tx)).toThrow('no')
  })

  it.each(['verify', 'parse'] as const)('%s: by a provider that a thread can load as well', (stage) => {
    const address = new URL(twice(stage).provider(generic.module))
    expect(address.searchParams.get('of')).toBe(generic.module)
    const doubled = changeProvider(generic, {
      twice: address.searchParams.get('twice'),
      spinMs: 0,
      module: address.href,
    })
    expect(doubled).toMatchObject({ name: 'generic', module: address.href })
    const secret = doubled.secret('a-secret-of-some-length-0123456789')
    const { body } = generic.sample(() => 0.5, { id: 'e1', key: 'k1' })
    const headers = generic.sign(body, secret, { id: 'e1', type: 't', atMs: Date.now() })
    let read = 0
    const header = (name: string) => {
      read++
      return headers[name]
    }
    const request = { url: '/', header, raw: body, receivedAtMs: Date.now() }
    const readBy = (provider: typeof generic) => {
      read = 0
      provider.verify(request, [secret])
      const verified = read
      expect(provider.identify(request).id).toBe(generic.identify({ ...request, header: (name) => headers[name] }).id)
      return verified
    }
    expect(readBy(doubled)).toBe((stage === 'verify' ? 2 : 1) * readBy(generic))
  })

  it('an encoding: what is published stays the same', async () => {
    const published: unknown[] = []
    const queue = { publish: async (events: unknown) => void published.push(events) } as unknown as Queue
    await twice('encode')
      .queue(queue)
      .publish([event('a')], { deadlineMs: 1 })
    expect(published).toEqual([[event('a')]])
  })
})

describe('a delay', () => {
  it('of syncs is a number for the lever, and of others nothing', () => {
    expect(on({ what: 'delay', resource: 'disk-sync', addMs: 3 }).syncMs).toBe(3)
    expect(on({ what: 'delay', resource: 'queue-latency', addMs: 3 }).syncMs).toBe(0)
  })

  it('of the queue comes after the publish is safe, of effects before their batch begins', async () => {
    vi.useFakeTimers()
    try {
      const told: string[] = []
      const queue = { publish: async () => void told.push('safe') } as unknown as Queue
      const publishing = on({ what: 'delay', resource: 'queue-latency', addMs: 50 })
        .queue(queue)
        .publish([], { deadlineMs: 1 })
        .then(() => told.push('answered'))
      await vi.advanceTimersByTimeAsync(40)
      expect(told).toEqual(['safe'])
      await vi.advanceTimersByTimeAsync(20)
      await publishing
      const consuming = { consume: (handle: Handler) => handle([], () => {}) } as unknown as Queue
      const slow = on({ what: 'delay', resource: 'effect-latency', addMs: 50 }).queue(consuming)
      const handle: Handler = async () => {
        told.push('batch')
        return []
      }
      const running = slow.consume(handle, {} as never)
      expect(told).toEqual(['safe', 'answered'])
      await vi.advanceTimersByTimeAsync(60)
      await running
      expect(told).toEqual(['safe', 'answered', 'batch'])
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('what an intervention does not concern', () => {
  it('is given back as it is', () => {
    const [queue, ledger, effect, receiver] = [{}, {}, () => {}, async () => ({})] as unknown as [
      Queue,
      Ledger,
      Effect,
      Receiver,
    ]
    for (const none of [on(), on({ what: 'delay', resource: 'disk-sync', addMs: 3 })]) {
      expect(none.queue(queue)).toBe(queue)
      expect(none.ledger(ledger)).toBe(ledger)
      expect(none.effect(effect)).toBe(effect)
      expect(none.receiver(receiver)).toBe(receiver)
      expect(none.provider('file:///x.ts')).toBe('file:///x.ts')
    }
  })

  it('answers alone ask nothing of the ingest', async () => {
    const handled = vi.fn()
    let ingest: Ingest | undefined
    const receiver: Receiver = async (options) => {
      ingest = options.ingest
      return { port: 1, stop: async () => {} }
    }
    const options = { ingest: { handle: handled } } as unknown as Parameters<Receiver>[0]
    await on({ what: 'answer-only' }).receiver(receiver)(options)
    expect(await ingest!.handle({} as never)).toMatchObject({ status: 200 })
    expect(handled).not.toHaveBeenCalled()
  })
})
