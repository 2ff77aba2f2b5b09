import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileWords } from '../../core/base/kit/file-refusal.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Cause, Outcome } from '../plan/outcome.ts'

/** One request as k6's raw points tell it. Times are ms since the Unix epoch. */
export interface K6Request {
  readonly seq: number
  readonly sentMs: number
  readonly doneMs: number
  readonly status: number
  readonly outcome: Exclude<Outcome, 'unsent'>
  readonly cause: Cause
}

export interface K6Points {
  /** Requests in the order in which they ended. */
  readonly requests: readonly K6Request[]
  /** When each iteration was dropped that k6 had no VU for, ms since the Unix epoch. */
  readonly droppedMs: readonly number[]
}

interface K6Point {
  readonly type?: string
  readonly metric?: string
  readonly data?: {
    readonly time: string
    readonly value: number
    readonly tags?: Readonly<Record<string, string>>
    readonly metadata?: Readonly<Record<string, string>>
  }
}

interface Pending {
  duration?: number
  blocked?: number
}

/** Reads what `k6 run --out json=` wrote of an exported script. @throws FloodmarkError 'misuse' where it is something else. */
export async function readPoints(path: string): Promise<K6Points> {
  const pending = new Map<string, Pending>()
  const requests: K6Request[] = []
  const droppedMs: number[] = []
  let lines = 0
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      if (line === '') continue
      lines++
      const { type, metric, data } = JSON.parse(line) as K6Point
      if (type !== 'Point' || !data) continue
      if (metric === 'dropped_iterations') for (let at = 0; at < data.value; at++) droppedMs.push(timeOf(data.time))
      const seq = data.metadata?.seq
      if (seq === undefined) continue
      const one = pending.get(seq) ?? {}
      if (metric === 'http_req_duration') one.duration = data.value
      else if (metric === 'http_req_blocked') one.blocked = data.value
      else continue
      pending.set(seq, one)
      if (one.duration === undefined || one.blocked === undefined) continue
      pending.delete(seq)
      requests.push(requestOf(Number(seq), data, one.duration + one.blocked))
    }
  } catch (cause) {
    throw new FloodmarkError('misuse', `${path} holds no points of k6: ${fileWords(cause)}`, { cause })
  }
  if (requests.length > 0) return { requests: requests.toSorted((a, b) => a.doneMs - b.doneMs), droppedMs }
  const why = lines === 0 ? 'it is empty' : 'no point has the number of an event'
  throw new FloodmarkError('misuse', `${path} is not what k6 run --out json= wrote of an exported script: ${why}`)
}

/** RFC 3339 with nanoseconds, which Date.parse cuts to ms: the rest is added. */
function timeOf(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? ''
  return Date.parse(text.replace(/\.\d+/, '')) + Number(`0.${fraction || 0}`) * 1_000
}

function requestOf(seq: number, { time, tags = {} }: NonNullable<K6Point['data']>, tookMs: number): K6Request {
  const doneMs = timeOf(time)
  const status = Number(tags.status ?? 0)
  return { seq, sentMs: doneMs - tookMs, doneMs, status, ...endOf(status, Number(tags.error_code ?? 0)) }
}

/** k6's codes: 1010 and 11xx names, 1050 the time limit, 1210 to 1219 no connection, 13xx TLS, the others of TCP a broken connection. */
function endOf(status: number, code: number): Pick<K6Request, 'outcome' | 'cause'> {
  if (status >= 200 && status < 300) return { outcome: 'accepted', cause: 'none' }
  if (status > 0) return { outcome: 'refused', cause: 'none' }
  if (code === 1_050) return { outcome: 'unknown', cause: 'timeout' }
  const isUnconnected =
    (code >= 1_010 && code < 1_050) || (code >= 1_100 && code < 1_200) || (code >= 1_210 && code < 1_220)
  if (isUnconnected || (code >= 1_300 && code < 1_400)) return { outcome: 'refused', cause: 'connect' }
  return { outcome: 'unknown', cause: 'reset' }
}
