import { FloodmarkError } from '../contracts/errors.ts'
import type { Route } from '../contracts/provider.ts'
import type { RefusalReason } from '../contracts/refusal.ts'
import type { Reply } from '../contracts/reply.ts'

/** What a route answers in place of the usual. */
export function replyOf(route: Route, about: 'accepted' | 'duplicate' | RefusalReason, usual: Reply): Reply {
  const { replies, tellsReasons } = route
  if (!replies && !tellsReasons) return usual
  const told = tellsReasons && about !== 'accepted' && about !== 'duplicate' ? { ...usual, reason: about } : usual
  return replies?.[about] ? { ...told, ...replies[about] } : told
}

/** @throws FloodmarkError 'misuse' where an answer would mislead the sender about whether the event is safe. */
export function checkReplies({ path, replies = {} }: Route): void {
  for (const [about, { status }] of Object.entries(replies)) {
    if (status === undefined) continue
    // A sender may take 409 for what it is: the event is there already.
    if (about === 'duplicate' && status === 409) continue
    const [least, most] = about === 'accepted' || about === 'duplicate' ? [200, 299] : [400, 599]
    if (Number.isInteger(status) && status >= least && status <= most) continue
    throw new FloodmarkError('misuse', `route ${path} answers ${about} with ${status}: give ${least} to ${most}`)
  }
}
