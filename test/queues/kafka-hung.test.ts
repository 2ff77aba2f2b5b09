// @module-tag full: three brokers start from the jars.
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Consumer } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clientOptions } from '../../queues/kafka/cluster.ts'
import kafka from '../../queues/kafka.ts'
import { layoutOf } from '../../queues/kafka-shared/layout.ts'
import kafkajs from '../../queues/kafkajs.ts'
import type { QueueDriver } from '../../src/core/contracts/queue.ts'
import kafkaCluster from '../../src/runner/servers/kinds/kafka-cluster.ts'
import { startNative } from '../../src/runner/servers/native.ts'
import type { Server } from '../../src/runner/servers/server.ts'
import { LIMIT, numbered } from '../contract/queue/kit.ts'
import { EVERYTHING_REQUIRED } from '../needs.ts'
import { consumerOf, succeeds } from './kafka-consumer.ts'
import { makeTopic, onOneBroker } from './kafka-one-broker.ts'

/** The cluster takes a broker that hangs for alive for as long as these tests last, but waits for none of its copies. */
const SETTINGS = { 'broker.session.timeout.ms': '600000', 'replica.lag.time.max.ms': '2000' }
/** The first fault strikes it. It also comes first in the address. */
const HUNG = 1
const WAIT = { timeout: 60_000 }
const folder = join(tmpdir(), `floodmark-kafka-hung-${randomUUID()}`)
let server: Server | undefined
let why = ''

beforeAll(async () => {
  mkdirSync(folder)
  const options = { folder, cacheFolder: resolve('.cache'), onProgress: () => {} }
  try {
    const recipe = await kafkaCluster.recipe({ ...options, fsync: 'always' })
    const prepare: typeof recipe.prepare = async (data, ports, node) => {
      const command = await recipe.prepare(data, ports, node)
      const path = join(data, 'server.properties')
      const lines = readFileSync(path, 'utf8').split('\n')
      const kept = lines.filter((line) => !(line.split('=')[0]! in SETTINGS))
      writeFileSync(path, [...kept, ...Object.entries(SETTINGS).map((one) => one.join('='))].join('\n'))
      return command
    }
    server = await startNative(kafkaCluster, { ...recipe, prepare }, options)
  } catch (error) {
    if (EVERYTHING_REQUIRED) throw error
    why = (error as Error).message
  }
}, 300_000)
afterAll(async () => {
  server?.control?.resume()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A namespace whose consumers are kept by a broker that hangs, or by another one. */
async function keptBy(url: string, name: string, isHung: boolean) {
  for (let at = 0; at < 40; at++) {
    const place = { url, namespace: `hung-${name}-${at}` }
    const layout = layoutOf(place)
    const consumer = new Consumer({ ...clientOptions(layout), groupId: layout.topic })
    let keeper: number | undefined
    // The first question makes the cluster begin to keep groups.
    const asked = async () => {
      keeper = await consumer.findGroupCoordinator()
      return keeper
    }
    await expect.poll(() => asked().catch(() => undefined), WAIT).toBeDefined()
    await consumer.close(true)
    if ((keeper === HUNG) === isHung) return place
  }
  throw new Error('one broker keeps all consumers, or none')
}

/** A driver at work whose consumers are kept by the broker that hangs: it takes nothing meanwhile, and says so once. */
async function keptByHung(url: string, name: string, driver: QueueDriver) {
  const place = await keptBy(url, `kept-${name}`, true)
  await makeTopic(place, [[2], [3]], {})
  const queue = await driver.open(place)
  const consumer = consumerOf(queue)
  await queue.publish(numbered(0, 20), LIMIT)
  await expect.poll(() => consumer.seen.length, WAIT).toBe(20)
  const told = () => consumer.told.filter((line) => line.includes('the broker that keeps its consumers'))
  const over = () => consumer.told.filter((line) => /can be consumed for .*that is over$/.test(line))
  return {
    publishMore: () => queue.publish(numbered(20, 20), LIMIT),
    async waits() {
      await expect.poll(told, WAIT).toHaveLength(1)
      // So /readyz says it.
      await expect(queue.probe()).rejects.toMatchObject({ message: expect.any(String) })
    },
    async heals() {
      await expect.poll(() => new Set(consumer.seen).size, WAIT).toBe(40)
      await expect.poll(() => succeeds(queue.probe()), WAIT).toBe(true)
      expect([told(), over()].map((lines) => lines.length)).toEqual([1, 1])
      await consumer.stop()
      await queue.close()
      await driver.drop(place)
    },
  }
}

it('a broker takes connections and answers nothing, and still leads: only its partitions wait', async ({ skip }) => {
  skip(server === undefined, `no kafka cluster: ${why}`)
  const { url, control } = server!
  const all = await Promise.all(
    Object.entries({ kafka, kafkajs }).map(async ([name, driver]) => {
      return onOneBroker(driver, await keptBy(url, name, false), HUNG)
    }),
  )
  const kept = await Promise.all(
    Object.entries({ kafka, kafkajs }).map(([name, driver]) => keptByHung(url, name, driver)),
  )
  await control!.pause()
  await Promise.all(kept.map((one) => one.publishMore()))
  await Promise.all(all.map((one) => one.goesOn()))
  await Promise.all(kept.map((one) => one.waits()))
  await control!.resume()
  await Promise.all(all.map((one) => one.heals()))
  await Promise.all(kept.map((one) => one.heals()))
  await Promise.all(all.map((one) => one.end()))
})
