import type { Clock } from '../contracts/clock.ts'
import { messageOf } from '../contracts/errors.ts'
import type { Ledger } from '../contracts/ledger.ts'
import type { Queue } from '../contracts/queue.ts'
import { ReplayJournal } from './journal.ts'
import { type Replayed, type ReplayOptions, replay } from './replay.ts'

interface OwnReplay {
  readonly journal: string
  readonly ratePerS: number
  /** Letters whose reason contains it. */
  readonly reason: string
}

interface OwnStack {
  readonly ledger: Ledger
  readonly queue: Queue
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly namespace: string
}

/** A replay by the process that holds ledger and queue, beside its other work. Never rejects: `error` says why it ended early. */
export async function replayOwn(
  { journal: path, ratePerS, reason }: OwnReplay,
  { namespace, ...stack }: OwnStack,
): Promise<Replayed & { readonly error?: string }> {
  let counted: Replayed = { replayed: 0, heldBack: 0 }
  let told: string | undefined
  const say = (line: string) => {
    told ??= line
  }
  try {
    const journal = ReplayJournal.begin(path, {
      ledger: stack.ledger.traits.name,
      queue: stack.queue.traits.name,
      namespace,
    })
    const options: ReplayOptions = { ...stack, journal, ratePerS, say }
    try {
      counted = await replay(options, (letter) => letter.reason.includes(reason))
    } finally {
      journal.close()
    }
    return told === undefined ? counted : { ...counted, error: told }
  } catch (error) {
    return { ...counted, error: messageOf(error) }
  }
}
