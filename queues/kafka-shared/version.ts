import { connect } from 'node:net'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { CONNECT_TIMEOUT_MS } from './layout.ts'

/** Highest metadata.version that each release supports, as `StorageTool version-mapping` prints it. */
const RELEASES: readonly (readonly [level: number, release: string])[] = [
  [7, '3.3'],
  [8, '3.4'],
  [11, '3.5'],
  [14, '3.6'],
  [19, '3.7'],
  [20, '3.8'],
  [21, '3.9'],
  [25, '4.0'],
  [27, '4.1'],
]
const ANSWER_BYTES_MAX = 64 * 1024

/**
 * Product and version of the broker. Kafka has no request for its version; what comes nearest is the highest
 * metadata.version it supports, in the answer to ApiVersions, which neither client reads as far as that.
 */
export async function serverVersion(brokers: readonly string[]): Promise<string> {
  const level = metadataVersion(await ask(brokers))
  if (level === undefined) return 'Kafka protocol, version not told'
  const release = RELEASES.find(([most]) => level <= most)
  return release ? `Kafka ${release[1]}` : `Kafka later than ${RELEASES.at(-1)![1]} (metadata.version ${level})`
}

async function ask(brokers: readonly string[]): Promise<Buffer> {
  const failures: unknown[] = []
  for (const broker of brokers) {
    try {
      return await askOne(broker)
    } catch (error) {
      failures.push(error)
    }
  }
  throw failures[0]
}

function askOne(broker: string): Promise<Buffer> {
  const colon = broker.lastIndexOf(':')
  const host = broker.slice(0, colon).replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(broker.slice(colon + 1)), timeout: CONNECT_TIMEOUT_MS })
    let answer = Buffer.alloc(0)
    socket.on('connect', () => socket.write(REQUEST))
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk])
      const whole = answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)
      if (whole || answer.length > ANSWER_BYTES_MAX) socket.destroy()
    })
    socket.on('timeout', () => socket.destroy(new FloodmarkError('unavailable', `${broker} does not answer`)))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

/** ApiVersions, version 3: size, header (key, version, correlation, client), name and version of the software, no tags. */
const REQUEST = (() => {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length + 1]), Buffer.from(value)])
  const head = Buffer.from([0, 18, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0])
  const body = Buffer.concat([head, text('floodmark'), text('1'), Buffer.from([0])])
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
})()

/** The highest supported metadata.version in an answer to ApiVersions; undefined where it is not told. */
function metadataVersion(answer: Buffer): number | undefined {
  const name = Buffer.from('metadata.version')
  // The supported features come before the finalized ones: compact string, then i16 least and i16 most.
  const at = answer.indexOf(name)
  if (at === -1 || at + name.length + 4 > answer.length) return undefined
  return answer.readInt16BE(at + name.length + 2)
}
