import { request } from 'node:http'
import { connect } from 'node:net'
import type { ServerKind } from '../../core/contracts/queue.ts'

/** What a server said when it was asked in its own protocol. */
export interface Answer {
  /** Product and version, as far as it told. */
  readonly product: string
  /** Its process number, where the protocol tells it. */
  readonly pid: number | undefined
  /** Why it cannot be used although it speaks the protocol. */
  readonly trouble: string | undefined
}

const ANSWER_BYTES_MAX = 1_000_000

/** Asks by hand, without a client; undefined when nothing there speaks the protocol and is ready within `ms`. */
export function ask(kind: ServerKind, host: string, port: number, ms: number): Promise<Answer | undefined> {
  return ASK[kind](host, port, ms)
}

const ASK: Record<ServerKind, (host: string, port: number, ms: number) => Promise<Answer | undefined>> = {
  async redis(host, port, ms) {
    const commands = Buffer.from('*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n')
    const lines = /^[+-][^\r]*\r\n(?:-|\$[\s\S]*\r\n\r\n|\$[\s\S]*\n[a-z_]+:[^\r]*\r\n$)/
    const answer = (await exchange(host, port, commands, ms, (got) => lines.test(got.toString('latin1'))))?.toString()
    if (answer?.startsWith('-NOAUTH')) {
      return { product: 'Redis', pid: undefined, trouble: 'it wants a password: give its URL' }
    }
    if (!answer?.startsWith('+PONG')) return undefined
    const version = /redis_version:([\w.]+)/.exec(answer)?.[1]
    const pid = Number(/process_id:(\d+)/.exec(answer)?.[1])
    return { product: version ? `Redis ${version}` : 'Redis', pid: pid || undefined, trouble: undefined }
  },

  async kafka(host, port, ms) {
    const id = 0x666c6f64
    const apiVersions = Buffer.alloc(16)
    apiVersions.writeInt32BE(12, 0)
    apiVersions.writeInt16BE(18, 4)
    apiVersions.writeInt32BE(id, 8)
    apiVersions.write('fm', apiVersions.writeInt16BE(2, 12))
    const answer = await exchange(host, port, apiVersions, ms, (got) => got.length >= 10)
    const ready = answer !== undefined && answer.readInt32BE(4) === id && answer.readInt16BE(8) === 0
    return ready ? { product: 'Kafka', pid: undefined, trouble: undefined } : undefined
  },

  async sqs(host, port, ms) {
    const answer = await post(host, port, ms)
    if (!answer || !/"QueueUrls"|^\{\}$/.test(answer)) return undefined
    return { product: 'an emulator of SQS', pid: undefined, trouble: undefined }
  },
}

/** Sends bytes and reads until `enough`, the end, or the time is over; undefined unless it was enough. */
function exchange(host: string, port: number, bytes: Buffer, ms: number, enough: (got: Buffer) => boolean) {
  return new Promise<Buffer | undefined>((resolve) => {
    let got = Buffer.alloc(0)
    const socket = connect({ host, port })
    const timer = setTimeout(() => end(undefined), ms)
    const end = (result: Buffer | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    socket.on('connect', () => socket.write(bytes))
    socket.on('data', (part: Buffer) => {
      got = Buffer.concat([got, part])
      if (enough(got)) end(got)
      else if (got.length > ANSWER_BYTES_MAX) end(undefined)
    })
    socket.on('error', () => end(undefined))
    socket.on('close', () => end(undefined))
  })
}

/** The body of ListQueues' answer; undefined unless it is a 200 within `ms`. The signature is one that no AWS would take. */
function post(host: string, port: number, ms: number) {
  return new Promise<string | undefined>((resolve) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.ListQueues',
      authorization:
        'AWS4-HMAC-SHA256 Credential=none/20200101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0',
    }
    const signal = AbortSignal.timeout(ms)
    const call = request({ host, port, method: 'POST', path: '/', headers, agent: false, signal }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        body += part
        if (body.length > ANSWER_BYTES_MAX) call.destroy()
      })
      response.on('end', () => resolve(response.statusCode === 200 ? body : undefined))
      response.on('error', () => resolve(undefined))
    })
    call.on('error', () => resolve(undefined))
    call.on('close', () => resolve(undefined))
    call.end('{}')
  })
}
