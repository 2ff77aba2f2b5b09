import { z } from 'zod'
import { FAULT_KINDS, type FaultName, faultSchema } from '../faults/index.ts'
import { ATTACK_KINDS, DRIFT_KINDS } from '../scenario/scenario.ts'

const names = Object.keys(FAULT_KINDS) as [FaultName, ...FaultName[]]
const span = { fromMs: z.number(), untilMs: z.number() }
const events = z.int().min(0)

/**
 * A stretch of a run, ms since its start, in which something went on that explains the figures. `kind` and the data beside it are
 * for machines: what a mark is called is made from them where it is shown.
 */
export const markSchema = z.discriminatedUnion('kind', [
  /** A fault, by its kind. `victim`: the process, server or link that it struck. */
  z.object({ kind: z.enum(names), victim: z.string(), fault: faultSchema(), ...span }),
  /** Effects were paused in this process. */
  z.object({ kind: z.literal('circuit-open'), process: z.string(), ...span }),
  z.object({ kind: z.literal('dead-letter-replay'), events, ...span }),
  z.object({ kind: z.literal('recorded-replay'), events, ...span }),
  z.object({ kind: z.literal('attack'), attacks: z.array(z.enum(ATTACK_KINDS)), ...span }),
  z.object({ kind: z.literal('drift'), drifts: z.array(z.enum(DRIFT_KINDS)), ...span }),
])

export type FaultMark = Readonly<z.infer<typeof markSchema>>
