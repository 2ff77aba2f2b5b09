import { type ErrorCode, FloodmarkError } from '../../core/contracts/errors.ts'
import type { ProbeAnswer } from '../../core/contracts/probe.ts'
import { type KafkaAddress, kafkaAddress, socketTo } from './address.ts'

/**
 * ApiVersions, spoken by hand: no client of ours reads its answer as far as the highest metadata.version, which is what comes
 * nearest to a version of the broker. The clients also retry and log by themselves where nobody listens.
 */

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
const FEATURE = 'metadata.version'
const ANSWER_BYTES_MAX = 64 * 1024
const ANSWER_MS = 3_000
const CORRELATION_ID = 0x666c6f64

/** Product and version of the first broker that answers; a broker tells it before the login. Rejects when none does. */
export async function serverVersion(address: KafkaAddress): Promise<string> {
  return versionIn(await ask(address, ANSWER_MS))
}

/** undefined when no broker at the URL answers within `ms` that it is ready. Never rejects. */
export async function probeKafka(url: string, ms: number): Promise<ProbeAnswer | undefined> {
  try {
    return { product: versionIn(await ask(kafkaAddress(url), ms)), pid: undefined, trouble: undefined }
  } catch {
    return undefined
  }
}

/** Whether a broker takes a connection, or seems to, and answers nothing within `ms`. One that refuses is not silent. */
export async function isSilent(broker: string, tls: KafkaAddress['tls'], ms: number): Promise<boolean> {
  try {
    await askOne(broker, tls, ms)
    return false
  } catch (error) {
    return error instanceof FloodmarkError && error.code === 'timeout'
  }
}

async function ask({ brokers, tls }: KafkaAddress, ms: number): Promise<Buffer> {
  const failures: unknown[] = []
  for (const broker of brokers) {
    try {
      return await askOne(broker, tls, ms)
    } catch (error) {
      failures.push(error)
    }
  }
  throw failures[0]
}

/** The whole answer of a broker that is ready. */
function askOne(broker: string, tls: KafkaAddress['tls'], ms: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = socketTo(broker, tls, () => socket.write(REQUEST))
    const fail = (code: ErrorCode, what: string) => socket.destroy(new FloodmarkError(code, `${broker} ${what}`))
    const timer = setTimeout(() => fail('timeout', `does not answer within ${ms} ms`), ms)
    let answer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk])
      const whole = answer.length >= 10 && answer.length >= 4 + answer.readInt32BE(0)
      if (!whole && answer.length <= ANSWER_BYTES_MAX) return
      if (!whole || !isReady(answer)) return fail('unavailable', 'does not speak Kafka, or is not ready')
      resolve(answer)
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(timer)
      reject(new FloodmarkError('unavailable', `${broker} closed the connection without an answer`))
    })
  })
}

const isReady = (answer: Buffer) => answer.readInt32BE(4) === CORRELATION_ID && answer.readInt16BE(8) === 0

/** ApiVersions, version 3: size, header (key, version, correlation, client), name and version of the software, no tags. */
const REQUEST = (() => {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length + 1]), Buffer.from(value)])
  const head = Buffer.from([0, 18, 0, 3, 0, 0, 0, 0, 0xff, 0xff, 0])
  head.writeInt32BE(CORRELATION_ID, 4)
  const body = Buffer.concat([head, text('floodmark'), text('1'), Buffer.from([0])])
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
})()

function versionIn(answer: Buffer): string {
  const level = metadataVersion(answer)
  if (level === undefined) return 'Kafka protocol, version not told'
  const release = RELEASES.find(([most]) => level <= most)
  return release ? `Kafka ${release[1]}` : `Kafka later than ${RELEASES.at(-1)![1]} (metadata.version ${level})`
}

/** The highest supported metadata.version in an answer to ApiVersions; undefined where it is not told. */
function metadataVersion(answer: Buffer): number | undefined {
  const name = Buffer.from(FEATURE)
  // The supported features come before the finalized ones: compact string, then i16 least and i16 most.
  const at = answer.indexOf(name)
  if (at === -1 || at + name.length + 4 > answer.length) return undefined
  return answer.readInt16BE(at + name.length + 2)
}
