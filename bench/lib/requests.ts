import generic from '../../providers/generic.ts'
import { eventId, orderingKey } from '../../src/runner/plan/identity.ts'

/** The requests to every server of a benchmark, and the secret that proves their sender. */
export const PATH = '/webhooks/generic'
export const SECRET = 'bench-only-secret-that-protects-nothing'
export const BODY_BYTES = 1_000
const KEYS = 1_000
/** Ids of one length, so that every head is of one length too. */
const SEQ_FROM = 1_000_000

/** The route that takes them. */
export function routesOf() {
  return [{ path: PATH, source: 'generic', provider: generic, secrets: [generic.secret(SECRET)] }]
}

export interface SignedRequests {
  readonly count: number
  /** Writes the next request into a buffer of `slot`. Copying a request costs the load less than making one. */
  next(slot: number): Buffer | undefined
  /** The parts of request `n`, for other load generators. */
  parts(n: number): { readonly headers: Record<string, string>; readonly body: Buffer }
}

/** Requests signed ahead. Each has a new id and signature, over one of KEYS bodies of BODY_BYTES. */
export function signedRequests(runId: string, count: number): SignedRequests {
  const secret = generic.secret(SECRET)
  const bodies = Array.from({ length: KEYS }, (_, rank) => bodyOf(orderingKey(rank)))
  const sign = (n: number) =>
    generic.sign(bodies[n % KEYS]!, secret, { id: eventId(runId, SEQ_FROM + n), type: 'order.paid', atMs: Date.now() })
  const head = (n: number) => {
    let text = `POST ${PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nuser-agent: floodmark\r\ncontent-length: ${BODY_BYTES}\r\n`
    const signed = sign(n)
    for (const name in signed) text += `${name}: ${signed[name]}\r\n`
    return `${text}\r\n`
  }
  const headBytes = head(0).length
  const heads = Buffer.allocUnsafe(headBytes * count)
  for (let n = 0; n < count; n++) heads.write(head(n), n * headBytes, 'latin1')
  const slots: Buffer[] = []
  let used = 0
  return {
    count,
    next(slot) {
      if (used === count) return undefined
      const n = used++
      slots[slot] ??= Buffer.allocUnsafe(headBytes + BODY_BYTES)
      heads.copy(slots[slot], 0, n * headBytes, (n + 1) * headBytes)
      bodies[n % KEYS]!.copy(slots[slot], headBytes)
      return slots[slot]
    },
    parts: (n) => ({ headers: { 'content-type': 'application/json', ...sign(n) }, body: bodies[n % KEYS]! }),
  }
}

function bodyOf(key: string): Buffer {
  const { body } = generic.sample(() => 0.5, { id: 'bench', key })
  const event = { ...JSON.parse(Buffer.from(body).toString()), padding: '' }
  const missing = BODY_BYTES - Buffer.byteLength(JSON.stringify(event))
  return Buffer.from(JSON.stringify({ ...event, padding: 'x'.repeat(missing) }))
}
