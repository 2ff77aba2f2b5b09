import type { QueueDriver } from '../../src/core/queue.ts'
import type { Server } from '../../src/runner/provision/index.ts'
import type { QueueUnderTest } from '../contract/queue.ts'
import { startProxy, type TcpProxy } from '../tcp-proxy.ts'

let namespaces = 0
const proxies = new Map<string, Promise<TcpProxy>>()

/** A fresh namespace on the server, with everything that may be done to it. */
export async function redisTarget(server: Server, driver: QueueDriver, file: string): Promise<QueueUnderTest> {
  const at = { url: server.url, namespace: `n${namespaces++}` }
  const starting = proxies.get(server.url) ?? startProxy(Number(new URL(server.url).port))
  proxies.set(server.url, starting)
  const proxy = await starting
  return {
    open: (options) => driver.open({ ...at, ...options }),
    drop: () => driver.drop(at),
    server: server.control!,
    proxy: { url: `redis://127.0.0.1:${proxy.port}`, set: proxy.set },
    child: { driver: new URL(`../../queues/${file}`, import.meta.url).pathname, ...at },
  }
}
