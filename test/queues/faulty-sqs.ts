import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { seeded } from '../../src/core/contracts/random.ts'

/** What goes wrong, each as a share of the calls that it may strike. */
export interface SqsFaults {
  /** Calls that are taken in a second, over all; each further one is refused as AWS refuses it. */
  readonly callsPerS?: number
  /** Batches of which some entries fail at the server, though it did nothing with them. */
  readonly halfFailed?: number
  /** Calls that are carried out and whose answer never comes. */
  readonly lostAnswers?: number
  /** Receives that bring, beside their own, a message that was delivered before. */
  readonly repeated?: number
}

type Json = Record<string, unknown>
interface Message {
  readonly MessageId: string
}
interface BatchEntry {
  readonly Id: string
}

/** A batch's entries that the server is to see; the others are said to have failed. */
const BATCHES = ['SendMessageBatch', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch']
/** So many calls may come at once before they are too many. */
const BURST_S = 0.2
const REMEMBERED_MAX = 1_000
const THROTTLED = { __type: 'com.amazonaws.sqs#RequestThrottled', message: 'Rate exceeded' }

/**
 * An SQS that misbehaves as the real one may: it stands before an emulator, and speaks its HTTP API. It counts what it did, and
 * `heal` ends it.
 */
export async function faultySqs(upstream: string, faults: SqsFaults, seed = 1) {
  const counts = { calls: 0, throttled: 0, halfFailed: 0, lostAnswers: 0, repeated: 0 }
  const random = seeded(seed)
  const delivered: Message[] = []
  const bucket = { calls: 0, atMs: performance.now() }
  let healed = false
  const strikes = (share = 0) => !healed && random() < share

  const isTooMany = () => {
    if (healed || faults.callsPerS === undefined) return false
    const nowMs = performance.now()
    const most = Math.max(1, faults.callsPerS * BURST_S)
    bucket.calls = Math.max(0, bucket.calls - ((nowMs - bucket.atMs) / 1_000) * faults.callsPerS)
    bucket.atMs = nowMs
    if (bucket.calls + 1 > most) return true
    bucket.calls++
    return false
  }
  const carryOut = async (action: string, body: Json, headers: Record<string, string>): Promise<[number, Json]> => {
    const entries = (body.Entries ?? []) as BatchEntry[]
    if (!BATCHES.includes(action) || entries.length < 2 || !strikes(faults.halfFailed)) {
      return forward(upstream, headers, body)
    }
    counts.halfFailed++
    const half = Math.ceil(entries.length / 2)
    const [status, answer] = await forward(upstream, headers, { ...body, Entries: entries.slice(0, half) })
    const Failed = entries.slice(half).map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false }))
    return [status, { ...answer, Failed: [...((answer.Failed ?? []) as Json[]), ...Failed] }]
  }
  const repeat = (answer: Json): Json => {
    const messages = (answer.Messages ?? []) as Message[]
    const again = strikes(faults.repeated) ? delivered[Math.floor(random() * delivered.length)] : undefined
    delivered.push(...messages)
    delivered.splice(0, delivered.length - REMEMBERED_MAX)
    if (again === undefined || messages.length > 9 || messages.some((one) => one.MessageId === again.MessageId)) {
      return answer
    }
    counts.repeated++
    return { ...answer, Messages: [...messages, again] }
  }

  const server = createServer(async (incoming, response) => {
    let text = ''
    for await (const part of incoming) text += part
    counts.calls++
    const target = String(incoming.headers['x-amz-target'])
    const action = target.split('.')[1]!
    const answerWith = (status: number, json: Json) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(json))
    if (isTooMany()) {
      counts.throttled++
      return answerWith(400, THROTTLED)
    }
    try {
      const [status, answer] = await carryOut(action, JSON.parse(text), { 'x-amz-target': target })
      if (strikes(faults.lostAnswers)) {
        counts.lostAnswers++
        return response.destroy()
      }
      answerWith(status, action === 'ReceiveMessage' ? repeat(answer) : answer)
    } catch {
      response.destroy()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    /** From now on nothing goes wrong. */
    heal() {
      healed = true
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function forward(upstream: string, headers: Record<string, string>, body: Json): Promise<[number, Json]> {
  return new Promise((resolve, reject) => {
    const call = request(
      upstream,
      { method: 'POST', headers: { 'content-type': 'application/x-amz-json-1.0', ...headers } },
      async (answer) => {
        try {
          let text = ''
          for await (const part of answer) text += part
          resolve([answer.statusCode!, text === '' ? {} : JSON.parse(text)])
        } catch (error) {
          reject(error)
        }
      },
    )
    call.on('error', reject)
    call.end(JSON.stringify(body))
  })
}
