import { validateHeaderName, validateHeaderValue } from 'node:http'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import type { Route, RouteReply } from '../contracts/provider.ts'
import { REFUSAL_REASONS, type RefusalReason } from '../contracts/refusal.ts'
import type { Reply } from '../contracts/reply.ts'

/** These are refused, always or at times, before there is a request whose route could be asked. */
const UNANSWERABLE: readonly string[] = ['no-route', 'head', 'slow', 'stopping']
/** What a route may have an answer of its own for. */
const ANSWERED: readonly string[] = [
  'accepted',
  'duplicate',
  ...REFUSAL_REASONS.filter((reason) => !UNANSWERABLE.includes(reason)),
]
const ACCEPTED_STATUSES = [200, 202, 204]
/** A receiver writes them into every answer that needs them. Given twice, a proxy and the sender might believe different ones. */
const RECEIVERS_OWN = ['connection', 'content-length', 'keep-alive', 'retry-after', 'transfer-encoding', 'upgrade']

/** What a route answers in place of the usual. */
export function replyOf(route: Route, about: 'accepted' | 'duplicate' | RefusalReason, usual: Reply): Reply {
  const { replies, tellsReasons } = route
  if (!replies && !tellsReasons) return usual
  const told = tellsReasons && about !== 'accepted' && about !== 'duplicate' ? { ...usual, reason: about } : usual
  return replies?.[about] ? { ...told, ...replies[about] } : told
}

/** @throws FloodmarkError 'misuse' where an answer cannot be sent, or would mislead the sender about whether the event is safe. */
export function checkReplies({ path, provider: { acceptedStatus = 200 }, replies = {} }: Route): void {
  const wrong = (what: string) => new FloodmarkError('misuse', `route ${path} ${what}`)
  if (!ACCEPTED_STATUSES.includes(acceptedStatus)) {
    throw wrong(`has a provider with the acceptedStatus ${acceptedStatus}: give ${ACCEPTED_STATUSES.join(', ')}`)
  }
  for (const [about, reply] of Object.entries(replies)) {
    if (!ANSWERED.includes(about)) throw wrong(`has an answer to '${about}': give one to ${ANSWERED.join(', ')}`)
    const trouble = troubleWith(reply)
    if (trouble) throw wrong(`answers ${about} with ${trouble}`)
    const { status } = reply
    // A sender may take 409 for what it is: the event is there already.
    if (status === undefined || (about === 'duplicate' && status === 409)) continue
    const [least, most] = about === 'accepted' || about === 'duplicate' ? [200, 299] : [400, 599]
    if (status < least || status > most) throw wrong(`answers ${about} with ${status}: give ${least} to ${most}`)
  }
}

/** Why a reply of somebody else's cannot be sent, and what to give; undefined where it can. Node throws in the middle of the answer. */
export function troubleWith(reply: RouteReply): string | undefined {
  if (typeof reply !== 'object' || reply === null)
    return 'what is no object: give { status, headers, contentType, body }'
  const { status = 200, headers = {}, contentType = 'text/plain', body = '' } = reply
  if (!Number.isInteger(status) || status < 200 || status > 599) return `the status ${status}: give 200 to 599`
  if (typeof body !== 'string') return 'a body that is no text: give it as one'
  const own = Object.keys(headers).find((name) => [...RECEIVERS_OWN, 'content-type'].includes(name.toLowerCase()))
  if (own)
    return `the header ${own}: leave it to the receiver${/^content-type$/i.test(own) ? ', and give contentType' : ''}`
  try {
    for (const [name, value] of [...Object.entries(headers), ['content-type', contentType] as const]) {
      validateHeaderName(name)
      if (typeof value !== 'string') return `the header ${name} that is no text: give it as one`
      validateHeaderValue(name, value)
    }
  } catch (error) {
    return `a header that HTTP has no room for: ${messageOf(error)}`
  }
  return undefined
}
