import { once } from 'node:events'
import { createServer as createHttp, request } from 'node:http'
import { type AddressInfo, createServer, type Server, Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AskedMeter } from '../../../../src/runner/testbed/meters/asked.ts'
import { kafkaRequest } from '../../../../src/runner/testbed/meters/kafka-requests.ts'

/** It sees the whole process, so this file has one. */
const meter = new AskedMeter()

function kafkaFrame(key: number, rest: number): Buffer {
  const frame = Buffer.alloc(12 + rest)
  frame.writeInt32BE(8 + rest)
  frame.writeInt16BE(key, 4)
  frame.writeInt16BE(9, 6)
  return frame
}

async function portOf(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

describe('what a process asks of servers', () => {
  const answering = createServer((socket) => socket.once('data', () => socket.end('twelve bytes')))
  const http = createHttp((asked, answer) => asked.resume().once('end', () => answer.end()))
  const ports = { answering: 0, http: 0 }
  beforeAll(async () => {
    ports.answering = await portOf(answering)
    ports.http = await portOf(http)
  })
  afterAll(() => {
    answering.close()
    http.close()
  })

  it('is counted in bytes, both ways, also of a client that makes its socket itself', async () => {
    const before = meter.read().bytes
    const socket = new Socket()
    socket.connect(ports.answering, '127.0.0.1')
    socket.resume().write('0123456789')
    await once(socket, 'close')
    expect(meter.read().bytes - before).toBe(10 + 12)
  })

  it('is counted by name where it is a request of Kafka', async () => {
    const socket = new Socket()
    socket.connect(ports.answering, '127.0.0.1')
    socket.resume().write(kafkaFrame(0, 100))
    await once(socket, 'close')
    expect(meter.read().calls).toEqual({ Produce: { calls: 1, bytes: 112 } })
  })

  it('is counted by action where it is one of SQS, and other HTTP is not', async () => {
    const ask = async (headers: Record<string, string>, body: string) => {
      const asked = request({
        port: ports.http,
        method: 'POST',
        headers: { ...headers, 'content-length': body.length },
      })
      const [answer] = await once(asked.end(body), 'response')
      await once(answer.resume(), 'end')
    }
    await ask({ 'X-Amz-Target': 'AmazonSQS.SendMessageBatch' }, 'twenty bytes of body')
    await ask({ 'X-Amz-Target': 'AmazonSQS.SendMessageBatch' }, 'more')
    await ask({ 'X-Amz-Target': 'DynamoDB_20120810.PutItem' }, 'more')
    await ask({}, 'more')
    const { Produce: _, ...others } = meter.read().calls
    expect(others).toEqual({ SendMessageBatch: { calls: 2, bytes: 24 } })
  })
})

describe('a request of Kafka', () => {
  it('is known by its length and its key', () => {
    expect(kafkaRequest(kafkaFrame(1, 0))).toBe('Fetch')
    expect(kafkaRequest(kafkaFrame(68, 30))).toBe('ConsumerGroupHeartbeat')
    // Part of a larger buffer, as clients write it.
    const inside = Buffer.concat([Buffer.alloc(7), kafkaFrame(8, 40)]).subarray(7)
    expect(kafkaRequest(inside)).toBe('OffsetCommit')
  })

  it('is none in another protocol', () => {
    const startup = Buffer.from([0, 0, 0, 14, 0, 3, 0, 0, 0x75, 0x73, 0x65, 0x72, 0, 0])
    const others = [startup, Buffer.from('*1\r\n$4\r\nPING\r\n'), Buffer.from('POST / HTTP/1.1\r\n'), 'text', undefined]
    for (const other of [...others, kafkaFrame(0, 9).subarray(0, 20), kafkaFrame(999, 9), Buffer.alloc(3)]) {
      expect(kafkaRequest(other)).toBeUndefined()
    }
  })
})
