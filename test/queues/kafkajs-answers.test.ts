import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { wholeAnswers } from '../../queues/kafkajs/whole-answers.ts'

/** kafkajs gives none where its config has none, whatever its types say. */
const NO_TLS = undefined as never
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A connection as kafkajs opens it, the broker's side of it, and the answers that kafkajs gets. */
async function connected() {
  const listener = createServer({ noDelay: true }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  const accepted = once(listener, 'connection')
  const given: string[] = []
  const socket = wholeAnswers({ host: '127.0.0.1', port, ssl: NO_TLS, onConnect: () => {} })
  socket.on('data', (answer: Buffer) => void given.push(answer.toString('hex')))
  const [broker] = (await accepted) as [Socket]
  ends.push(
    () => listener.close(),
    () => broker.destroy(),
    () => socket.destroy(),
  )
  const says = async (hex: string) => {
    broker.write(Buffer.from(hex, 'hex'))
    await wait(20)
  }
  return { socket, says, given }
}

it('gives kafkajs whole answers, however they arrive', async () => {
  const { says, given } = await connected()
  await says('0000')
  await says('0003aa')
  expect(given).toEqual([])
  await says('bbcc0000000100')
  expect(given).toEqual(['00000003aabbcc', '0000000100'])
  await says('00000000' + '00000001dd' + '00')
  expect(given.slice(2)).toEqual(['00000000', '00000001dd'])
})

it('ends a connection whose other side does not speak the protocol of Kafka', async () => {
  const { socket, says, given } = await connected()
  const failed = once(socket, 'error')
  await says('ffffffff')
  expect((await failed)[0]).toMatchObject({ message: 'an answer of -1 bytes: this is not a Kafka broker' })
  expect(given).toEqual([])
})

it('gives kafkajs nothing from a connection that it has ended', async () => {
  const { socket, says, given } = await connected()
  await says('00000003aa')
  socket.end()
  await says('bbcc')
  expect(given).toEqual([])
})
