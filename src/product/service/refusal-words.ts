import type { RefusalReason, RefusedRequest } from '../../core/contracts/refusal.ts'

/** What to look at first, by what it may be. */
const LOOK_AT: Readonly<Record<RefusalReason, string>> = {
  missing: 'see that the sender signs, and that no proxy takes its headers away',
  malformed: 'see that the provider of this route is the one that sends',
  stale: 'set the clocks of this machine, or look for what holds requests back on their way',
  ahead: 'set the clock of this machine',
  mismatch:
    'compare the secret with the sender’s, and see that no proxy changes the body or, where it is signed, the address',
  'unknown-key': 'see that the JWKS of this route is the sender’s, and that this machine reaches it',
  unreadable: 'see that the sender is set to the format that its provider documents',
  'too-large': 'raise bodyBytesMax, or have the sender send less',
  format: 'have the sender send each event alone, and as JSON',
  coding: 'have the sender send its bodies as they are, or set compressed for this route',
  head: 'look at the proxy before this service: a request came as none should',
  slow: 'look at the network, and at the proxy before this service: it should hold a request until it is whole',
  stopping: 'give noticeMs more than the balancer takes to notice',
  method: 'see that the sender is set to POST',
  'no-route': 'compare the address that the sender has with the paths of the routes, to the last slash',
  address: 'see whose address it is; behind a proxy, name it in trustedProxies; a provider may have new addresses',
  rate: 'see who sends so much; raise the rate of the route where it is what you expect',
  busy: 'this is load shedding: give it more, or raise inFlightMax or heldBytesMax where there is memory for it',
  full: 'see that events are processed, and what bounds the queue: memory of its server, its size or a quota',
  unavailable: 'see that the queue is up',
}

/** One line for a log. */
export function refusalLine({ path, source, status, reason, message, count, accepted }: RefusedRequest): string {
  const elsewhere = path === '' ? 'before a route was named' : `no route has the path ${path}`
  const what = source === undefined ? elsewhere : `route ${path} (${source})`
  const times = count === 1 ? 'refused a request' : `refused ${count} requests since this was last said`
  const first =
    source === undefined && path !== '' ? `${what}: ${times}` : `${what}: ${times} with ${status}: ${message}`
  const none = accepted === 0 && source !== undefined ? ' It has accepted none so far.' : ''
  return `${first} [${reason}].${none} What to look at: ${LOOK_AT[reason]}.`
}
