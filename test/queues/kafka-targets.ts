import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import { layoutOf } from '../../queues/kafka-shared/layout.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'
import kafka from '../../src/runner/servers/kinds/kafka.ts'
import { startNative } from '../../src/runner/servers/native.ts'
import type { Server } from '../../src/runner/servers/server.ts'
import { type TcpProxy, tcpProxy } from '../../src/runner/testbed/tcp-proxy.ts'
import type { QueueUnderTest } from '../contract/queue.ts'
import { EVERYTHING_REQUIRED } from '../needs.ts'

const START_MS = 300_000
let namespaces = 0

/**
 * A suite on a real broker whose metadata names a proxy. Clients go where metadata says, so a proxy that
 * only the URL names would see just the first question. Skipped with the reason where there is no Java or no
 * Maven. Fails there with REQUIRE_BROKERS=1.
 */
export function describeWithProxiedKafka(
  driver: QueueDriver,
  file: string,
  suite: (target: () => Promise<QueueUnderTest>) => void,
): void {
  describe('on a real kafka server behind a proxy', { tags: 'full' }, () => {
    const folder = join(tmpdir(), `floodmark-kafka-${randomUUID()}`)
    let started: { readonly server: Server; readonly proxy: TcpProxy } | undefined
    let why = ''
    beforeAll(async () => {
      mkdirSync(folder)
      try {
        started = await start(folder)
      } catch (error) {
        if (EVERYTHING_REQUIRED) throw error
        why = (error as Error).message
      }
    }, START_MS)
    afterAll(async () => {
      await started?.server.stop()
      await started?.proxy.close()
      rmSync(folder, { recursive: true, force: true })
    })
    beforeEach(({ skip }) => skip(started === undefined, `no kafka server: ${why}`))
    suite(async () => {
      const { server, proxy } = started!
      const at = { url: server.url, namespace: `n${namespaces++}` }
      return {
        open: (options) => driver.open({ ...at, ...options }),
        drop: () => driver.drop(at),
        server: server.control!,
        proxy: { url: `kafka://127.0.0.1:${proxy.port}`, set: proxy.set, cut: proxy.cut },
        plant: (bytes) => plant(at, bytes),
        child: { driver: new URL(`../../queues/${file}`, import.meta.url).pathname, ...at },
      }
    })
  })
}

async function plant(at: { readonly url: string; readonly namespace: string }, value: Buffer): Promise<void> {
  const { address, topic } = layoutOf(at)
  const producer = new Kafka({ brokers: [...address.brokers], logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  await producer.send({ topic, messages: [{ value, partition: 3 }] })
  await producer.disconnect()
}

async function start(folder: string) {
  const options = { folder, cacheFolder: resolve('.cache'), onProgress: () => {} }
  const recipe = await kafka.recipe({ ...options, fsync: 'always' })
  let proxy: TcpProxy | undefined
  const prepare: typeof recipe.prepare = async (data, ports, node) => {
    const command = await recipe.prepare(data, ports, node)
    await proxy?.close()
    proxy = await tcpProxy({ host: '127.0.0.1', port: ports[0]! })
    const path = join(data, 'server.properties')
    const told = `advertised.listeners=PLAINTEXT://127.0.0.1:${proxy.port}`
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^advertised\.listeners=.*$/m, told))
    return command
  }
  const server = await startNative(kafka, { ...recipe, prepare }, options)
  return { server, proxy: proxy! }
}
