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
import kafkaCluster from '../../src/runner/servers/kinds/kafka-cluster.ts'
import { startNative } from '../../src/runner/servers/native.ts'
import type { Server } from '../../src/runner/servers/server.ts'
import { EVERYTHING_REQUIRED } from '../needs.ts'
import { onOneBroker } from './kafka-one-broker.ts'

/** The cluster takes a broker that hangs for alive for as long as these tests last, but waits for none of its copies. */
const SETTINGS = { 'broker.session.timeout.ms': '600000', 'replica.lag.time.max.ms': '2000' }
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
}, 60_000)

/** A namespace whose consumers are kept by a broker that goes on. */
async function keptElsewhere(url: string, name: string, hung: number) {
  for (let at = 0; at < 20; at++) {
    const place = { url, namespace: `hung-${name}-${at}` }
    const layout = layoutOf(place)
    const consumer = new Consumer({ ...clientOptions(layout), groupId: layout.topic })
    let keeper = hung
    // The first question makes the cluster begin to keep groups.
    const asked = async () => {
      keeper = await consumer.findGroupCoordinator()
      return keeper
    }
    await expect.poll(() => asked().catch(() => undefined), { timeout: 60_000 }).toBeDefined()
    await consumer.close(true)
    if (keeper !== hung) return place
  }
  throw new Error('one broker keeps all consumers')
}

it('a broker takes connections and answers nothing, and still leads: only its partitions wait', async ({ skip }) => {
  skip(server === undefined, `no kafka cluster: ${why}`)
  const { url, control } = server!
  const all = await Promise.all(
    Object.entries({ kafka, kafkajs }).map(async ([name, driver]) => {
      return onOneBroker(driver, await keptElsewhere(url, name, 1), 1)
    }),
  )
  // The first fault strikes broker 1, which also comes first in the address.
  await control!.pause()
  await Promise.all(all.map((one) => one.goesOn()))
  await control!.resume()
  await Promise.all(all.map((one) => one.heals()))
  await Promise.all(all.map((one) => one.end()))
}, 240_000)
