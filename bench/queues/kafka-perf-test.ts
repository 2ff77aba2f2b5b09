import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { KAFKA_VERSION } from '../../src/runner/servers/kinds/kafka-jars.ts'
import { runTool } from '../lib/own-tool.ts'
import type { Rate } from '../lib/queue-turns.ts'

export const PARTITIONS = 12
const TOPIC = 'floodmark-perf-test'
const JARS = resolve('.cache', 'kafka', KAFKA_VERSION)
/** Large batches: each is synced before it is answered. */
const PRODUCER = ['acks=all', 'batch.size=524288', 'linger.ms=10']
/** Numbers with a point. */
const ENGLISH = ['-Duser.language=en', '-Duser.country=US', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']

/** What kafka-producer-perf-test publishes on this server; null where it is not among Kafka's jars, or there is no Java. */
export async function kafkaPerfTest(url: string, eventBytes: number, count: number): Promise<Rate | null> {
  if (!existsSync(join(JARS, `kafka-tools-${KAFKA_VERSION}.jar`))) return null
  const broker = url.slice('kafka://'.length)
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [broker] })
  await admin.createTopics({ topics: [TOPIC], partitions: PARTITIONS })
  try {
    const tool = [...ENGLISH, '-cp', join(JARS, '*'), 'org.apache.kafka.tools.ProducerPerformance', '--topic', TOPIC]
    const load = ['--num-records', String(count), '--record-size', String(eventBytes), '--throughput', '-1']
    const ran = await runTool('java', [
      ...tool,
      ...load,
      '--producer-props',
      `bootstrap.servers=${broker}`,
      ...PRODUCER,
    ])
    return ran && { eventsPerS: perfRateIn(ran.stdout), cpuSecondsPer10k: (ran.cpuSeconds / count) * 10_000 }
  } finally {
    await admin.deleteTopics({ topics: [TOPIC] })
    await admin.close()
  }
}

/** Of its last line, which is about all records. */
export function perfRateIn(text: string): number {
  const line = text.trim().split('\n').at(-1) ?? ''
  const rate = Number(/records sent, ([\d.]+) records\/sec/.exec(line)?.[1])
  if (Number.isFinite(rate) && rate > 0) return rate
  throw new Error(`kafka-producer-perf-test printed no rate: ${line.slice(0, 200)}`)
}
