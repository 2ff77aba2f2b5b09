import { type Making, signedEvent } from '../../plan/make-event.ts'
import type { SendingRoute } from '../../scenario/sending-route.ts'

/** Makes the bytes of one signed request: head and body in one buffer, so that they leave in one write. */
export type RequestMaker = (
  host: string,
  route: number,
  seq: number,
  key: number,
  atMs: number,
) => { readonly bytes: Buffer; readonly bodyBytes: number }

/** `host` as the Host header has it; `secure`: over TLS, which some sign. The same run, seed and number always make the same body. */
export function requestMaker(
  run: Making & { readonly routes: readonly SendingRoute[]; readonly secure?: boolean },
): RequestMaker {
  const starts = run.routes.map(({ path, provider }) => {
    const type = provider.contentType ?? 'application/json'
    return `POST ${path} HTTP/1.1\r\ncontent-type: ${type}\r\nuser-agent: floodmark\r\nhost: `
  })
  return (host, route, seq, key, atMs) => {
    const { headers, body } = signedEvent(run, run.routes[route]!, { seq, key }, { host, atMs, secure: run.secure })
    let head = `${starts[route]!}${host}\r\ncontent-length: ${body.length}\r\n`
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`
    head += '\r\n'
    const bytes = Buffer.allocUnsafe(head.length + body.length)
    bytes.write(head, 0, 'latin1')
    bytes.set(body, head.length)
    return { bytes, bodyBytes: body.length }
  }
}
