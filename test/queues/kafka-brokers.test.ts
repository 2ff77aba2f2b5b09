import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Brokers, isNoAnswer, isUnsent, noAnswer, noLeader } from '../../queues/kafka-shared/brokers.ts'
import { isSilent } from '../../src/clients/kafka/broker-version.ts'
import { VirtualClock } from '../../src/core/contracts/clock.ts'

const [A, B, C] = ['a:1', 'b:2', 'c:3'] as const

/** Three brokers, of which the third is not in the address. `hung` are silent. */
function cluster() {
  const clock = new VirtualClock()
  const hung = new Set<string>()
  const asked: string[] = []
  const fallen: string[] = []
  const brokers = new Brokers({ brokers: [A, B], tls: undefined }, clock, async (broker) => {
    asked.push(broker)
    return hung.has(broker)
  })
  brokers.know([A, B, C].map((name) => ({ host: name[0]!, port: Number(name[2]) })))
  brokers.onSilent((broker) => fallen.push(broker))
  return { clock, hung, asked, fallen, brokers }
}

describe('the brokers of a cluster', () => {
  it('are not asked while requests are answered in time', async () => {
    const { clock, asked, brokers } = cluster()
    const answers = [100, 400, 900].map((ms) => {
      const answer = new Promise<number>((resolve) => clock.after(ms, () => resolve(ms)))
      return brokers.during(answer)
    })
    await clock.advance(10_000)
    expect(await Promise.all(answers)).toEqual([100, 400, 900])
    expect(asked).toEqual([])
  })

  it('are asked when a request takes long; one that is silent is told of once and is asked until it answers', async () => {
    const { clock, hung, asked, fallen, brokers } = cluster()
    hung.add(B)
    void brokers.during(new Promise(() => {}))
    await clock.advance(2_000)
    expect(asked.slice(0, 3)).toEqual([A, B, C])
    await clock.advance(5_000)
    expect(fallen).toEqual([B])
    expect(brokers.isSilent({ host: 'b', port: 2 })).toBe(true)
    expect(brokers.isSilent(A)).toBe(false)
    expect(brokers.answering()).toEqual([A])
    hung.clear()
    await clock.advance(2_000)
    expect(brokers.someSilent).toBe(false)
    expect(brokers.answering()).toEqual([A, B])
    const soFar = asked.length
    await clock.advance(60_000)
    expect(asked).toHaveLength(soFar)
  })

  it('are not given up where none answers: there is no other to turn to', async () => {
    const { hung, fallen, brokers } = cluster()
    for (const one of [A, B, C]) hung.add(one)
    await brokers.check()
    expect([fallen, brokers.someSilent]).toEqual([[], false])
    hung.delete(A)
    await brokers.check()
    hung.add(A)
    await brokers.check()
    expect([A, B, C].map((one) => brokers.isSilent(one))).toEqual([false, true, true])
  })

  it('are forgotten when the cluster does not name them any more', async () => {
    const { hung, brokers } = cluster()
    hung.add(C)
    await brokers.check()
    expect(brokers.isSilent(C)).toBe(true)
    brokers.know([{ host: 'a', port: 1 }])
    await brokers.check()
    expect(brokers.someSilent).toBe(false)
  })

  it('a request that was not sent is known by its error, whatever a client put around it', () => {
    const wrapped = new AggregateError([new AggregateError([noAnswer()]), noLeader()])
    expect([isUnsent(wrapped), isNoAnswer(wrapped), isNoAnswer(new AggregateError([noAnswer()]))]).toEqual([
      true,
      false,
      true,
    ])
    expect(isUnsent(new AggregateError([noAnswer(), new Error('reset')]))).toBe(false)
    expect(isUnsent(new AggregateError([]))).toBe(false)
  })
})

describe('a broker', () => {
  const ends: (() => unknown)[] = []
  afterEach(() => {
    for (const end of ends.splice(0)) end()
  })

  async function listening(onConnection: (socket: Socket) => void): Promise<string> {
    const listener = createServer((socket) => {
      socket.on('error', () => {})
      ends.push(() => socket.destroy())
      onConnection(socket)
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    ends.push(() => listener.close())
    return `127.0.0.1:${(listener.address() as { port: number }).port}`
  }

  it('that takes connections and answers nothing is silent; one that refuses or hangs up is not', async () => {
    const silent = await listening(() => {})
    const endsIt = await listening((socket) => socket.destroy())
    const gone = await listening(() => {})
    ends.splice(-1).forEach((end) => {
      end()
    })
    expect(await isSilent(silent, undefined, 50)).toBe(true)
    expect(await isSilent(endsIt, undefined, 5_000)).toBe(false)
    expect(await isSilent(gone, undefined, 5_000)).toBe(false)
  })
})
