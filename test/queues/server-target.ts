import type { QueueDriver } from '../../src/core/contracts/queue.ts'
import type { Server } from '../../src/runner/servers/server.ts'
import { type TcpProxy, tcpProxy } from '../../src/runner/testbed/tcp-proxy.ts'
import type { QueueUnderTest } from '../contract/queue.ts'

let namespaces = 0
const proxies = new Map<string, Promise<TcpProxy>>()

/** A fresh namespace on a real server, with the faults that a test may cause. `file`: the driver's name in queues/. */
export async function serverTarget(
  server: Server,
  driver: QueueDriver,
  file: string,
  plant?: (url: string, namespace: string, bytes: Buffer) => Promise<void>,
): Promise<QueueUnderTest> {
  const at = { url: server.url, namespace: `n${namespaces++}` }
  const { hostname: host, port } = new URL(server.url)
  const starting = proxies.get(server.url) ?? tcpProxy({ host, port: Number(port) })
  proxies.set(server.url, starting)
  const { port: proxyPort, set, cut } = await starting
  return {
    open: (options) => driver.open({ ...at, ...options }),
    drop: () => driver.drop(at),
    server: server.control!,
    proxy: { url: server.url.replace(`:${port}`, `:${proxyPort}`), set, cut },
    ...(plant && { plant: (bytes: Buffer) => plant(at.url, at.namespace, bytes) }),
    child: { driver: new URL(`../../queues/${file}`, import.meta.url).pathname, ...at },
  }
}
