import type { RefusalReason } from './refusal.ts'

export type ErrorCode =
  | 'bad-signature' // the sender did not prove who it is: 401
  | 'bad-request' // the request cannot be understood: 400
  | 'too-large' // a body or a batch above a stated limit: 413
  | 'overloaded' // a stated bound was reached; later may be better: 503
  | 'unavailable' // a server, disk or file we need does not answer: 503
  | 'timeout' // a deadline passed; the operation may have happened
  | 'rejected' // the user's effect refuses this event for good: it is buried at once
  | 'off-schema' // the body is not what a strict schema says: buried at once
  | 'other-body' // a known id came with another body: the first one holds
  | 'corrupt' // stored bytes are not what was written
  | 'misuse' // the caller broke a contract, or the configuration is wrong

/** The only error class this kit throws. Message = what happened + what to do; `cause` is always kept. */
export class FloodmarkError extends Error {
  override readonly name: string = 'FloodmarkError'
  readonly code: ErrorCode
  /** True when the operation certainly did not happen. False when it may have, as after a timeout. */
  readonly definite: boolean
  /** Why a sender is refused, where its code alone does not say it. */
  readonly reason: RefusalReason | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly definite?: boolean
      readonly cause?: unknown
      readonly reason?: RefusalReason | undefined
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.definite = options.definite ?? code !== 'timeout'
    this.reason = options.reason
  }
}

/** The message of anything thrown, without its stack. Never throws, whatever was. */
export function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : error
    return typeof message === 'string' ? message : String(message)
  } catch {
    return 'something was thrown that cannot be shown'
  }
}
