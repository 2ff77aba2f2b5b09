import type { ErrorCode } from '../../core/contracts/errors.ts'
import type { Depth } from '../../core/contracts/queue.ts'
import type { RateGrant, SharedLimit } from '../../core/contracts/rate.ts'
import type { IngestCounts } from '../../core/contracts/receiver.ts'
import type { EventAnswer } from '../../core/handling/look-up.ts'
import type { ProcessorState } from '../../core/processing/processor-counts.ts'

/** What a process of the service does. */
export type ServiceRole = 'node' | 'receiver' | 'processor'

/** What a process has done since its start. */
export interface ProcessStatus {
  readonly role: ServiceRole
  readonly pid: number
  readonly upForMs: number
  readonly received: IngestCounts | undefined
  readonly processed: Readonly<ProcessorState> | undefined
  /** The queue's depth; undefined where it does not tell now. */
  readonly depth: Depth | undefined
}

/** `wrong`: why there is no answer, and what to do. */
export type LookUpAnswer = { readonly events: readonly EventAnswer[] } | { readonly wrong: string }

/** How many requests of a sender may be let in, of so many that are wanted. `number`: of the question. */
export interface RateQuestion {
  readonly number: number
  readonly limit: SharedLimit
  readonly sender: string
  readonly want: number
}

/** What the supervisor tells a process. One that receives has the service's port as its first descriptor. */
export type ToMember =
  | {
      readonly kind: 'setup'
      readonly role: ServiceRole
      readonly config: string
      readonly processes: number
      readonly tellsEffects: boolean
    }
  | { readonly kind: 'reload' }
  | { readonly kind: 'tell-status' }
  | { readonly kind: 'look-up'; readonly number: number; readonly ids: readonly string[] }
  | { readonly kind: 'tell-effects'; readonly number: number; readonly run: string }
  | { readonly kind: 'granted'; readonly number: number; readonly grant: RateGrant }
  | { readonly kind: 'leave' }
  | { readonly kind: 'stop' }

export type FromMember =
  | { readonly kind: 'ready'; readonly about: readonly string[] }
  | { readonly kind: 'status'; readonly status: ProcessStatus }
  | { readonly kind: 'looked-up'; readonly number: number; readonly answer: LookUpAnswer }
  | {
      readonly kind: 'effects'
      readonly number: number
      readonly lines: readonly string[]
      readonly isLast: boolean
    }
  | ({ readonly kind: 'ask-grant' } & RateQuestion)
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
