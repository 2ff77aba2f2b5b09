import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { ServerKind } from '../../core/contracts/queue.ts'
import { ask } from './ask.ts'
import type { Server } from './server.ts'
import { isStale, remembered } from './started.ts'

const ASK_MS = 1_000
const DEFAULT_PORTS: Record<ServerKind, number> = { redis: 6379, kafka: 9092, sqs: 4566 }
const URLS: Record<ServerKind, { readonly is: RegExp; readonly like: string }> = {
  redis: { is: /^rediss?:\/\/\S+$/, like: 'redis://host:6379' },
  kafka: { is: /^kafka:\/\/\S+$/, like: 'kafka://host:9092' },
  sqs: { is: /^https?:\/\/\S+$/, like: 'https://sqs.eu-west-1.amazonaws.com' },
}

/** A server that someone named. @throws FloodmarkError 'misuse' when the URL is not of this kind. */
export function givenServer(kind: ServerKind, url: string): Server {
  // What follows the host, or stands before it, may be a secret.
  const shown = url.replace(/\/\/.*@/, '//').replace(/[?#].*/, '')
  const { is, like } = URLS[kind]
  if (!is.test(url))
    throw new FloodmarkError('misuse', `'${shown}' is no URL of a ${kind} server: give one like ${like}`)
  const aws = /^https:\/\/[^/]*\.amazonaws\.com(\.cn)?(\/|$)/.test(shown)
  const what = kind === 'sqs' && !aws ? 'not AWS, so an emulator of SQS or a service like it' : kind
  return { kind, url, origin: 'given', says: `${what} at ${shown}, as given`, stop: async () => {} }
}

/** A server that listens already: one that 'brokers up' keeps, or any on the usual port that speaks the protocol. */
export async function listeningServer(
  kind: ServerKind,
  cacheFolder: string,
  onProgress: (line: string) => void,
  defaultPort = DEFAULT_PORTS[kind],
): Promise<Server | undefined> {
  const there = (url: string, says: string): Server => ({ kind, url, origin: 'listening', says, stop: async () => {} })
  for (const entry of remembered(cacheFolder)) {
    if (entry.kind !== kind || entry.owner || isStale(entry)) continue
    if (await ask(kind, '127.0.0.1', Number(new URL(entry.url).port), ASK_MS)) return there(entry.url, entry.says)
  }
  const answer = await ask(kind, '127.0.0.1', defaultPort, ASK_MS)
  if (answer?.trouble) onProgress(`${answer.product} on port ${defaultPort} is not used: ${answer.trouble}`)
  if (!answer || answer.trouble) return undefined
  const scheme = kind === 'sqs' ? 'http' : kind
  const url = `${scheme}://127.0.0.1:${defaultPort}`
  return there(url, `${answer.product}, already listening on port ${defaultPort}; its settings are its own`)
}
