import { createHmac } from 'node:crypto'

/** Stands for k6's own modules, as far as the exported script uses them: every request that it makes is in `posted`. */
export const posted: { url: string; body: string; headers: Record<string, string>; seq: string }[] = []
const metadata: Record<string, string> = {}
let iteration = -1

export function hmac(
  algorithm: string,
  secret: string | ArrayBuffer,
  data: string,
  encoding: 'hex' | 'base64',
): string {
  return createHmac(algorithm, typeof secret === 'string' ? secret : Buffer.from(secret))
    .update(data)
    .digest(encoding)
}

export const b64decode = (text: string) => new Uint8Array(Buffer.from(text, 'base64')).buffer

/** Its function is called once, and what it gives is read like an array. */
export function SharedArray(_name: string, make: () => unknown[]): unknown[] {
  return make()
}

export default {
  scenario: {
    get iterationInTest() {
      iteration++
      return iteration
    },
  },
  vu: { metrics: { metadata } },
  post(url: string, body: string, { headers }: { headers: Record<string, string> }) {
    posted.push({ url, body, headers, seq: metadata.seq! })
  },
}
