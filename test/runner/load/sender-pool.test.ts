import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import type { Destination, ExchangeEnd, SenderConnection } from '../../../src/runner/load/sender/connection.ts'
import { ConnectionPool } from '../../../src/runner/load/sender/pool.ts'
import { OK, type TestServer, testServer } from './sender-server.ts'

const REQUEST = Buffer.from('POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi')
const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const undo of cleanUp.splice(0)) await undo()
})

async function serverOf(...args: Parameters<typeof testServer>): Promise<TestServer> {
  const server = await testServer(...args)
  cleanUp.push(server.close)
  return server
}

/** A pool, and a way to send one request over it and see what became of it. */
function poolOf(destinations: readonly Destination[], connectionsMax = 100) {
  const waiting = new Map<SenderConnection<null>, (exchange: ExchangeEnd) => void>()
  const onEnd = (connection: SenderConnection<null>, exchange: ExchangeEnd) => {
    if ('status' in exchange && exchange.reusable) pool.give(connection)
    waiting.get(connection)!(exchange)
  }
  const pool: ConnectionPool<null> = new ConnectionPool({ destinations, connectionsMax, work: () => null, onEnd })
  cleanUp.push(() => pool.close())
  const send = () => {
    const connection = pool.take()
    if (!connection) throw new Error('no connection')
    const ended = new Promise<ExchangeEnd>((resolve) => waiting.set(connection, resolve))
    connection.send(REQUEST)
    return { connection, ended }
  }
  return { pool, send }
}
const answers = (text: string) => (socket: { write(text: string): void }) => socket.write(text)

describe('the pool', () => {
  it('spreads requests evenly over the destinations, also over connections that are used again', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => serverOf(answers(OK))))
    const { pool, send } = poolOf(servers)
    for (let n = 0; n < 30; n++) expect(await send().ended).toEqual({ status: 200, reusable: true })
    expect(servers.map((server) => server.requests())).toEqual([10, 10, 10])
    expect(pool.size).toBe(3)
  })

  it('opens no more than it may; then a busy destination’s turn goes to an idle one, and then there is none', async () => {
    const stalled = await serverOf(() => {})
    const quick = await serverOf(answers(OK))
    const { pool, send } = poolOf([stalled, quick], 3)
    send()
    await send().ended
    send()
    for (let n = 0; n < 5; n++) await send().ended
    expect(quick.requests()).toBe(6)
    await expect.poll(stalled.requests).toBe(2)
    send()
    expect(pool.take()).toBeUndefined()
    expect([pool.size, pool.openedMax]).toEqual([3, 3])
  })

  it('does not use a connection again that the server closes, or that said more than was asked', async () => {
    for (const text of ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok', `${OK}${OK}`]) {
      const { send } = poolOf([await serverOf(answers(text))])
      const first = send()
      expect(await first.ended).toEqual({ status: 200, reusable: false })
      expect(send().connection).not.toBe(first.connection)
    }
  })

  it('does not use an idle connection that has been closed meanwhile', async () => {
    const server = await serverOf(answers(OK))
    const { pool, send } = poolOf([server])
    const first = send()
    await first.ended
    const [socket] = server.connections
    socket!.end()
    await once(socket!, 'close')
    const second = send()
    expect(second.connection).not.toBe(first.connection)
    expect(await second.ended).toEqual({ status: 200, reusable: true })
    expect(pool.size).toBe(1)
  })
})

describe('a connection', () => {
  it('sees the same answer, a different one and one in pieces for what they are', async () => {
    const texts = [OK, OK, OK.replace('200', '503'), OK, OK]
    let n = 0
    const server = await serverOf((socket) => {
      const text = texts[n++]!
      if (n < 5) return socket.write(text)
      socket.write(text.slice(0, 20))
      setTimeout(() => socket.write(text.slice(20)), 20)
    })
    const { send } = poolOf([server])
    const statuses: unknown[] = []
    for (const _ of texts) statuses.push(await send().ended)
    expect(statuses).toEqual([200, 200, 503, 200, 200].map((status) => ({ status, reusable: true })))
    expect(server.connections.size).toBe(1)
  })

  it.each([
    ['a reset after the request', (socket: { destroy(): void }) => socket.destroy(), { cause: 'reset', sent: true }],
    ['what is no HTTP', answers('hello\r\n\r\n'), { cause: 'protocol', sent: true }],
  ] as const)('calls %s unknown', async (_, onRequest, exchange) => {
    const { send } = poolOf([await serverOf(onRequest)])
    expect(await send().ended).toEqual(exchange)
  })

  it('knows that nothing was sent when nobody listens', async () => {
    const server = await testServer(() => {})
    await server.close()
    const { send } = poolOf([server])
    expect(await send().ended).toEqual({ cause: 'connect', sent: false })
  })

  it('is given up at the time limit, as sent when it was connected', async () => {
    const { send } = poolOf([await serverOf(() => connection.timeout())])
    const { connection, ended } = send()
    expect(await ended).toEqual({ cause: 'timeout', sent: true })
  })
})
