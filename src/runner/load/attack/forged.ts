import { randomBytes } from 'node:crypto'
import type { Provider } from '../../../core/contracts/provider.ts'
import type { SendingRoute } from '../../scenario/sending-route.ts'
import { type RequestMaker, requestMaker } from '../sender/request.ts'

/** A stale request is so many ms beyond the tolerance, so that no clock's difference makes it fresh again. */
const STALER_MS = 60_000
/** Few, because forged requests need no keys of their own. */
const KEYS = 100

/** Makes the nth request, for `host` as the Host header has it. */
export type NextRequest = (host: string, n: number) => Buffer

interface Run {
  readonly seed: number
  readonly routes: readonly SendingRoute[]
}

/** Ids that no event of the run has. Should a forged request take effect, the audit finds an event that nobody sent. */
export function forgedRunIdOf(runId: string): string {
  return `x${runId.slice(1)}`
}

/**
 * Requests like the good ones but for the proof: signed with another secret, without any signature, and signed rightly
 * before a digit of the body was changed (not where the signature does not cover the body, or lies in it).
 */
export function forgedRequests(runId: string, { seed, routes }: Run): { next: NextRequest; leftOut: string[] } {
  const wrong = routes.map((route) => ({ ...route, secret: anotherSecret(route.provider) }))
  const unsigned = wrong.map((route) => ({ ...route, provider: unsignedOf(route.provider) }))
  const covered = routes.filter(coversBody)
  const of = (some: readonly SendingRoute[]) =>
    requestMaker({ runId: forgedRunIdOf(runId), seed, routes: some, scenario: {} })
  const shapes = [
    maker(of(wrong), wrong.length),
    maker(of(unsigned), unsigned.length),
    ...(covered.length > 0 ? [tampered(of(covered), covered.length)] : []),
  ]
  const leftOut = routes
    .filter((route) => !covered.includes(route))
    .map(({ provider }) => `${provider.name}: a body changed after signing (its signature does not cover all of it)`)
  return { next: (host, n) => shapes[n % shapes.length]!(host, n), leftOut }
}

/** Rightly signed, but too long ago; `next` is absent where no provider of the mix minds. */
export function staleRequests(
  runId: string,
  { seed, routes }: Run,
): { next: NextRequest | undefined; leftOut: string[] } {
  const timed = routes.filter(({ provider }) => provider.staleAfterMs !== undefined)
  const make = requestMaker({ runId: forgedRunIdOf(runId), seed, routes: timed, scenario: {} })
  const leftOut = routes
    .filter((route) => !timed.includes(route))
    .map(({ provider }) => `${provider.name}: stale requests (no signed time that would be judged)`)
  if (timed.length === 0) return { next: undefined, leftOut }
  const ages = timed.map(({ provider }) => provider.staleAfterMs! + STALER_MS)
  return { next: maker(make, timed.length, (route) => Date.now() - ages[route]!), leftOut }
}

function maker(make: RequestMaker, routes: number, atMs: (route: number) => number = () => Date.now()): NextRequest {
  let turn = 0
  return (host, n) => {
    const route = turn++ % routes
    return make(host, route, n, n % KEYS, atMs(route)).bytes
  }
}

function tampered(make: RequestMaker, routes: number): NextRequest {
  let turn = 0
  return (host, n) => {
    const { bytes, bodyBytes } = make(host, turn++ % routes, n, n % KEYS, Date.now())
    for (let at = bytes.length - 1; at >= bytes.length - bodyBytes; at--) {
      const digit = bytes[at]! - 48
      if (digit < 0 || digit > 9) continue
      bytes[at] = 48 + ((digit + 1) % 10)
      return bytes
    }
    throw new Error('a sample without any digit cannot be changed and stay what it is')
  }
}

function anotherSecret(provider: Provider): SendingRoute['secret'] {
  return provider.secret(provider.newSecret?.().signing ?? randomBytes(24).toString('hex'))
}

function unsignedOf(provider: Provider): Provider {
  const carries = new Set(provider.signatureHeaders)
  return {
    ...provider,
    sign: (...args) =>
      Object.fromEntries(Object.entries(provider.sign(...args)).filter(([name]) => !carries.has(name))),
  }
}

/** Asks the signing, never the verification, because the verification is what is tested. */
function coversBody({ provider, secret }: SendingRoute): boolean {
  if (provider.seal) return false
  const sign = (text: string) =>
    JSON.stringify(provider.sign(Buffer.from(text), secret, { id: 'a', type: 't', atMs: 0, url: 'http://127.0.0.1/' }))
  return sign('a=1') !== sign('a=2')
}
