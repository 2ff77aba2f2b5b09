import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { expect, it } from 'vitest'
import kafka from '../../../src/runner/servers/kinds/kafka.ts'
import { describeWithServer } from '../../servers.ts'

describeWithServer('kafka', (server) => {
  const brokers = () => [new URL(server().url).host]
  const client = () => new Kafka({ brokers: brokers(), logLevel: logLevel.NOTHING, retry: { retries: 20 } })

  it('takes a topic at once, synced on every append', async () => {
    const admin = client().admin()
    await admin.connect()
    // The client's own wait for leaders gives up on the first 'unknown topic'.
    await admin.createTopics({ topics: [{ topic: 'sale', numPartitions: 2 }], waitForLeaders: false })
    await expect.poll(() => admin.listTopics()).toContain('sale')
    const { resources } = await admin.describeConfigs({
      resources: [{ type: ConfigResourceTypes.TOPIC, name: 'sale', configNames: ['flush.messages'] }],
      includeSynonyms: false,
    })
    expect(resources[0]!.configEntries).toMatchObject([{ configName: 'flush.messages', configValue: '1' }])
    await admin.disconnect()
    expect(server().says).toMatch(/^Kafka 4.*log flush always, started for this run$/)
  })

  it('keeps what it acknowledged when it is killed and started again, on the same port', async () => {
    const producer = client().producer()
    await producer.connect()
    await producer.send({ topic: 'sale', acks: -1, messages: [{ key: 'k', value: 'kept', partition: 0 }] })
    await producer.disconnect()
    await server().control!.kill()
    expect(await kafka.probe(server().url, 1_000)).toBeUndefined()
    await server().control!.start()
    const admin = client().admin()
    await admin.connect()
    // It answers a little before it leads its partitions again, and this client does not ask twice.
    const first = async () => (await admin.fetchTopicOffsets('sale')).find(({ partition }) => partition === 0)
    await expect.poll(first, { interval: 200 }).toMatchObject({ low: '0', high: '1' })
    await admin.disconnect()
  })

  it('is known by its version', async () => {
    expect(await kafka.probe(server().url, 5_000)).toMatchObject({ product: 'Kafka 4.1', trouble: undefined })
  })

  it('makes no topic by chance', async () => {
    const admin = client().admin()
    await admin.connect()
    const { resources } = await admin.describeConfigs({
      resources: [{ type: ConfigResourceTypes.BROKER, name: '1', configNames: ['auto.create.topics.enable'] }],
      includeSynonyms: false,
    })
    expect(resources[0]!.configEntries).toMatchObject([{ configValue: 'false' }])
    await admin.disconnect()
  })
})
