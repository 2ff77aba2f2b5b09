import type { Certificate, ResendRecord } from '../records/facts.ts'
import { journalOf } from '../records/resends.ts'
import type { PlannedReplay } from '../scenario/scenario.ts'
import type { SenderSetup } from './sender/sender-messages.ts'

/** A process and a journal of its own for each replay of recorded events: sending again is not an attempt of the plan. */
export function resendersOf(replays: readonly PlannedReplay[], setup: SenderSetup, folder: string): SenderSetup[] {
  const recorded = replays.filter((one) => one.of === 'recorded')
  return recorded.map(({ at, ratePerS, first }, index) => ({
    ...setup,
    senders: { index: 0, count: 1 },
    journalPath: journalOf(folder, index),
    resend: { atMs: at * setup.durationMs, firstMs: first * setup.durationMs, ratePerS },
  }))
}

export function resendRecordsOf(setups: readonly SenderSetup[], certificates: readonly Certificate[]): ResendRecord[] {
  return certificates.map((certificate, at) => ({ fromMs: setups[at]!.resend!.atMs, certificate }))
}
