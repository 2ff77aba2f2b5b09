import type { Provider, Secret } from '../../core/provider.ts'
import { hash32, seeded } from '../../core/random.ts'
import { eventId, orderingKey } from '../identity.ts'

/** One way to reach a receiver: the path, and who signs. */
export interface SendingRoute {
  readonly path: string
  readonly provider: Provider
  readonly secret: Secret
}

export interface RequestOptions {
  readonly runId: string
  readonly seed: number
  /** Host header. */
  readonly host: string
}

/** Makes the bytes of one signed request: head and body in one buffer, so that they leave in one write. */
export function requestMaker(options: RequestOptions) {
  return (route: SendingRoute, seq: number, key: number, atMs: number): { bytes: Buffer; bodyBytes: number } => {
    const { provider, secret, path } = route
    const id = eventId(options.runId, seq)
    const sample = provider.sample(seeded(hash32(options.seed, seq)), { id, key: orderingKey(key) })
    const signing = { id, type: sample.type, atMs, url: `http://${options.host}${path}` }
    const body = provider.seal ? provider.seal(sample.body, secret, signing) : sample.body
    const signed = provider.sign(body, secret, signing)
    const contentType = provider.contentType ?? 'application/json'
    let head = `POST ${path} HTTP/1.1\r\nhost: ${options.host}\r\ncontent-type: ${contentType}\r\nuser-agent: floodmark\r\ncontent-length: ${body.length}\r\n`
    for (const name in signed) head += `${name}: ${signed[name]}\r\n`
    head += '\r\n'
    const bytes = Buffer.allocUnsafe(head.length + body.length)
    bytes.write(head, 0, 'latin1')
    bytes.set(body, head.length)
    return { bytes, bodyBytes: body.length }
  }
}
