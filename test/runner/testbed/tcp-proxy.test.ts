import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import type { LinkMode } from '../../../src/runner/faults/victim.ts'
import { type TcpProxy, tcpProxy } from '../../../src/runner/testbed/tcp-proxy.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A server that answers each byte with itself, and keeps what it got. */
async function echo() {
  const got = { text: '', resets: 0, sockets: [] as Socket[] }
  const server = createServer((socket) => {
    got.sockets.push(socket)
    socket.on('data', (data) => {
      got.text += data
      socket.write(data)
    })
    socket.on('error', () => got.resets++)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    for (const socket of got.sockets) socket.destroy()
    server.close()
  })
  return { got, target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } }
}

/** A client of the proxy, and what it heard. */
function client(proxy: TcpProxy) {
  const socket = connect({ host: '127.0.0.1', port: proxy.port })
  const heard = { text: '', ended: '' }
  socket.on('data', (data) => {
    heard.text += data
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    heard.ended = error.code ?? ''
  })
  socket.on('end', () => {
    heard.ended ||= 'end'
  })
  ends.push(() => socket.destroy())
  return { socket, heard }
}

const soon = (what: () => unknown) => expect.poll(what, { interval: 5 })
/** Long enough for bytes to have come through a proxy that lets them. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 100))

describe('the TCP proxy', () => {
  let server: Awaited<ReturnType<typeof echo>>
  let proxy: TcpProxy
  beforeEach(async () => {
    server = await echo()
    proxy = await tcpProxy(server.target)
    ends.unshift(() => proxy.close())
  })

  it('passes bytes both ways, ends with the other side, and counts', async () => {
    const { socket, heard } = client(proxy)
    const body = 'x'.repeat(3_000_000)
    socket.end(body)
    await soon(() => heard.ended).toBe('end')
    expect(heard.text).toBe(body)
    expect(proxy.counts).toMatchObject({ accepted: 1, bytes: { requests: 3_000_000, replies: 3_000_000 } })
    await soon(() => proxy.counts.open).toBe(0)
  })

  it('cuts both sides with a reset, and takes new connections', async () => {
    const { socket, heard } = client(proxy)
    socket.write('a')
    await soon(() => heard.text).toBe('a')
    proxy.cut()
    await soon(() => heard.ended).toBe('ECONNRESET')
    await soon(() => server.got.resets).toBe(1)
    const next = client(proxy)
    next.socket.write('b')
    await soon(() => next.heard.text).toBe('b')
    expect(proxy.counts).toMatchObject({ cut: 1, open: 1 })
  })

  it('swallows everything in a black hole, on old and new connections, without a reset', async () => {
    const old = client(proxy)
    old.socket.write('a')
    await soon(() => old.heard.text).toBe('a')
    await proxy.set('blackhole')
    const fresh = client(proxy)
    old.socket.write('b')
    fresh.socket.write('c')
    await soon(() => proxy.counts.dropped.requests).toBe(2)
    old.socket.end()
    await aWhile()
    expect([old.heard, fresh.heard]).toEqual([
      { text: 'a', ended: '' },
      { text: '', ended: '' },
    ])
    expect(server.got).toMatchObject({ text: 'a', resets: 0 })
  })

  it('lets the server have the bytes and swallows its replies', async () => {
    await proxy.set('drop-replies')
    const { socket, heard } = client(proxy)
    socket.write('pay')
    await soon(() => proxy.counts.dropped.replies).toBe(3)
    expect(server.got.text).toBe('pay')
    expect(heard).toEqual({ text: '', ended: '' })
  })

  it('swallows requests and lets the server speak', async () => {
    const { socket, heard } = client(proxy)
    socket.write('a')
    await soon(() => heard.text).toBe('a')
    await proxy.set('drop-requests')
    socket.write('b')
    await soon(() => proxy.counts.dropped.requests).toBe(1)
    server.got.sockets[0]!.write('hello')
    await soon(() => heard.text).toBe('ahello')
    expect(server.got.text).toBe('a')
  })

  it.for<LinkMode>(['blackhole', 'drop-requests', 'drop-replies'])(
    'after %s resets what lost bytes, and keeps what lost none',
    async (mode) => {
      const torn = client(proxy)
      const whole = client(proxy)
      for (const { socket } of [torn, whole]) socket.write('a')
      await soon(() => torn.heard.text + whole.heard.text).toBe('aa')
      await proxy.set(mode)
      torn.socket.write('b')
      await soon(() => proxy.counts.dropped.requests + proxy.counts.dropped.replies).toBe(1)
      await proxy.set('pass')
      await soon(() => torn.heard.ended).toBe('ECONNRESET')
      whole.socket.write('c')
      await soon(() => whole.heard.text).toBe('ac')
    },
  )

  it('refuses new connections, keeps the open ones, and takes new ones again on the same port', async () => {
    const open = client(proxy)
    open.socket.write('a')
    await soon(() => open.heard.text).toBe('a')
    await proxy.set('refuse')
    await proxy.set('refuse')
    const refused = client(proxy)
    await soon(() => refused.heard.ended).toBe('ECONNREFUSED')
    open.socket.write('b')
    await soon(() => open.heard.text).toBe('ab')
    await proxy.set('pass')
    const next = client(proxy)
    next.socket.write('c')
    await soon(() => next.heard.text).toBe('c')
  })

  it('resets a client whose server is not there', async () => {
    const nowhere = await tcpProxy({ host: '127.0.0.1', port: 1 })
    ends.unshift(() => nowhere.close())
    const { heard } = client(nowhere)
    await soon(() => heard.ended).toBe('ECONNRESET')
  })

  it('delays each direction by latency and jitter, and keeps the order', async () => {
    const clock = new VirtualClock()
    const slow = await tcpProxy(server.target, { seed: 3, clock })
    ends.unshift(() => slow.close())
    await slow.set({ latencyMs: 100, jitterMs: 50 })
    const { socket, heard } = client(slow)
    socket.setNoDelay()
    for (const part of ['a', 'b', 'c', 'd']) {
      socket.write(part)
      await aWhile()
    }
    await clock.advance(99)
    await aWhile()
    expect(server.got.text).toBe('')
    await clock.advance(51)
    await soon(() => server.got.text).toBe('abcd')
    await aWhile()
    await clock.advance(99)
    await aWhile()
    expect(heard.text).toBe('')
    await clock.advance(51)
    await soon(() => heard.text).toBe('abcd')
    expect(clock.nextInMs()).toBeUndefined()
  })

  it('draws jitter from its seed', async () => {
    const delayOf = async (seed: number) => {
      const clock = new VirtualClock()
      const slow = await tcpProxy(server.target, { seed, clock })
      ends.unshift(() => slow.close())
      await slow.set({ latencyMs: 100, jitterMs: 50 })
      client(slow).socket.write('a')
      await soon(() => clock.nextInMs()).toBeGreaterThanOrEqual(100)
      return clock.nextInMs()!
    }
    expect(await delayOf(3)).toBe(await delayOf(3))
    expect(await delayOf(3)).not.toBe(await delayOf(4))
    expect(await delayOf(4)).toBeLessThan(150)
  })
})
