import { z } from 'zod'
import type { FaultKind, FieldsOf } from './fault-kind.ts'
import blackhole from './kinds/blackhole.ts'
import clockJump from './kinds/clock-jump.ts'
import cut from './kinds/cut.ts'
import dropReplies from './kinds/drop-replies.ts'
import dropRequests from './kinds/drop-requests.ts'
import failingEffects from './kinds/failing-effects.ts'
import failingLedger from './kinds/failing-ledger.ts'
import fullDisk from './kinds/full-disk.ts'
import kill from './kinds/kill.ts'
import latency from './kinds/latency.ts'
import pause from './kinds/pause.ts'
import poison from './kinds/poison.ts'
import restart from './kinds/restart.ts'
import slowDisk from './kinds/slow-disk.ts'
import slowEffects from './kinds/slow-effects.ts'
import stall from './kinds/stall.ts'
import throttle from './kinds/throttle.ts'
import type { AnyFault } from './planned-fault.ts'

/** Every kind of fault by its name. Another one is a file in kinds/ and a line here. */
export const FAULT_KINDS = {
  kill,
  restart,
  pause,
  stall,
  'clock-jump': clockJump,
  'slow-effects': slowEffects,
  'failing-effects': failingEffects,
  'failing-ledger': failingLedger,
  poison,
  throttle,
  'slow-disk': slowDisk,
  'full-disk': fullDisk,
  latency,
  cut,
  blackhole,
  'drop-requests': dropRequests,
  'drop-replies': dropReplies,
} as const

/** For tests with kinds of their own. */
export type FaultKinds = Readonly<Record<string, FaultKind>>
export type FaultName = keyof typeof FAULT_KINDS

/** A fault that is injected on purpose, and what it strikes. */
export type Fault = {
  [N in FaultName]: { readonly what: N } & FieldsOf<(typeof FAULT_KINDS)[N]['schema']>
}[FaultName]
export type PlannedFault = Fault & Pick<AnyFault, 'at' | 'forMs'>

/** One of the kinds that the map has: schemas see to it that no other comes so far. */
export function kindOf({ what }: Pick<AnyFault, 'what'>, kinds: FaultKinds = FAULT_KINDS): FaultKind {
  return kinds[what]!
}

export function faultWords(fault: Pick<AnyFault, 'what' | 'strikes'>, kinds?: FaultKinds): string {
  return kindOf(fault, kinds).words(fault)
}

/** A planned fault of any of the kinds. */
export function faultSchema(kinds: FaultKinds = FAULT_KINDS): z.ZodType<PlannedFault> {
  const [first, ...others] = Object.entries(kinds).map(([what, { schema }]) =>
    z.strictObject({
      what: z.literal(what),
      at: z.number().min(0).max(1),
      forMs: z.number().positive(),
      ...schema,
    }),
  )
  const union = z.discriminatedUnion('what', [first!, ...others], {
    error: ({ code }) => (code === 'invalid_union' ? `use one of ${Object.keys(kinds).join(', ')}` : undefined),
  })
  return union as unknown as z.ZodType<PlannedFault>
}
