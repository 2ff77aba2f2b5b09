import { Redis } from 'ioredis'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'
import type { Server } from '../../src/runner/servers/server.ts'
import { type TcpProxy, tcpProxy } from '../../src/runner/testbed/tcp-proxy.ts'
import type { QueueUnderTest } from '../contract/queue.ts'
import { faultySqs } from './faulty-sqs.ts'

const THROTTLED_CALLS_PER_S = 40

export type Fill = (url: string) => ReturnType<NonNullable<QueueUnderTest['fill']>>

let namespaces = 0
const proxies = new Map<string, Promise<TcpProxy>>()

/** A fresh namespace on a real server, with the faults that a test may cause. `file`: the driver's name in queues/. */
export async function serverTarget(
  server: Server,
  driver: QueueDriver,
  file: string,
  plant?: (url: string, namespace: string, bytes: Buffer) => Promise<void>,
  fill?: Fill,
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
    ...(fill && { fill: () => fill(at.url) }),
    ...(plant && { plant: (bytes: Buffer) => plant(at.url, at.namespace, bytes) }),
    child: { driver: new URL(`../../queues/${file}`, import.meta.url).pathname, ...at },
  }
}

/** Leaves a Redis so little of its memory that some MiB of events fill what is for them. */
export async function fillRedis(url: string): Promise<{ end(): Promise<void> }> {
  const admin = new Redis(url)
  const usedBytes = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))![1])
  await admin.config('SET', 'maxmemory', String(2 * (usedBytes + 3 * 1024 * 1024)))
  return {
    async end() {
      await admin.config('SET', 'maxmemory', '0')
      await admin.quit()
    },
  }
}

/** SQS has no bound of what waits: it is as good as full when it throttles. */
export async function throttleSqs(url: string): Promise<{ readonly url: string; end(): Promise<void> }> {
  const fake = await faultySqs(url, { callsPerS: THROTTLED_CALLS_PER_S })
  return { url: fake.url, end: fake.close }
}
