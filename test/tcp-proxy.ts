import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { ProxyMode } from './contract/queue/kit.ts'

interface Pair {
  readonly client: Socket
  readonly upstream: Socket
  /** Some bytes of it are gone: no protocol can go on here. */
  spoilt: boolean
}

/** A TCP server in front of another, whose modes are the faults of a network. See ProxyMode. */
export interface TcpProxy {
  readonly port: number
  set(mode: ProxyMode): void
  close(): Promise<void>
}

export async function startProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  let mode: ProxyMode = 'pass'

  function reset(pair: Pair): void {
    pairs.delete(pair)
    pair.client.resetAndDestroy()
    pair.upstream.destroy()
  }

  const server = createServer((client) => {
    client.on('error', () => {})
    if (mode === 'cut') {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(targetPort, '127.0.0.1')
    const pair: Pair = { client, upstream, spoilt: false }
    pairs.add(pair)
    const forward = (from: Socket, to: Socket, passes: () => boolean) => {
      from.on('data', (data) => {
        if (!passes()) pair.spoilt = true
        else if (!to.write(data)) from.pause()
      })
      to.on('drain', () => from.resume())
    }
    forward(client, upstream, () => mode === 'pass' || mode === 'drop-replies')
    forward(upstream, client, () => mode === 'pass')
    upstream.on('error', () => {})
    client.on('close', () => reset(pair))
    upstream.on('close', () => {
      if (mode === 'pass' || mode === 'cut') reset(pair)
      else pair.spoilt = true
    })
    if (mode === 'half-open') upstream.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      mode = next
      for (const pair of [...pairs]) {
        if (pair.spoilt || mode === 'cut') reset(pair)
        else if (mode === 'half-open') pair.upstream.destroy()
      }
    },
    async close() {
      for (const pair of [...pairs]) reset(pair)
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
