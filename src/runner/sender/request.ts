import type { Provider, Secret } from '../../core/provider.ts'
import { hash32, seeded } from '../../core/random.ts'
import { eventId, orderingKey } from '../identity.ts'

/** One way to reach a receiver: the path, and who signs. */
export interface SendingRoute {
  readonly path: string
  readonly provider: Provider
  readonly secret: Secret
}

/** Makes the bytes of one signed request: head and body in one buffer, so that they leave in one write. */
export type RequestMaker = (
  host: string,
  route: number,
  seq: number,
  key: number,
  atMs: number,
) => { readonly bytes: Buffer; readonly bodyBytes: number }

/** `host` as the Host header has it. The same run, seed and number always make the same body. */
export function requestMaker(run: {
  readonly runId: string
  readonly seed: number
  readonly routes: readonly SendingRoute[]
}): RequestMaker {
  const { runId, seed } = run
  const routes = run.routes.map(({ path, provider, secret }) => {
    const type = provider.contentType ?? 'application/json'
    const start = `POST ${path} HTTP/1.1\r\ncontent-type: ${type}\r\nuser-agent: floodmark\r\nhost: `
    return { start, path, provider, secret }
  })
  return (host, route, seq, key, atMs) => {
    const { start, path, provider, secret } = routes[route]!
    const id = eventId(runId, seq)
    const sample = provider.sample(seeded(hash32(seed, seq)), { id, key: orderingKey(key) })
    const signing = { id, type: sample.type, atMs, url: `http://${host}${path}` }
    const body = provider.seal ? provider.seal(sample.body, secret, signing) : sample.body
    const signed = provider.sign(body, secret, signing)
    let head = `${start}${host}\r\ncontent-length: ${body.length}\r\n`
    for (const name in signed) head += `${name}: ${signed[name]}\r\n`
    head += '\r\n'
    const bytes = Buffer.allocUnsafe(head.length + body.length)
    bytes.write(head, 0, 'latin1')
    bytes.set(body, head.length)
    return { bytes, bodyBytes: body.length }
  }
}
