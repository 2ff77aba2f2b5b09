import { type ErrorCode, FloodmarkError } from '../contracts/errors.ts'
import type { BuriedCause } from '../contracts/ledger.ts'

/** 'transient': another try may help, so it is made after a wait. 'permanent': none will, so the event is buried at once. */
export type RetryClass = 'transient' | 'permanent'

const PERMANENT: ReadonlySet<ErrorCode> = new Set(['rejected', 'off-schema'])

/** Judges what an effect threw; undefined leaves it to the rule of `retryClassOf`. */
export type Classify = (error: unknown) => RetryClass | undefined

/** FloodmarkError 'rejected' and 'off-schema' are permanent, everything else transient, unless `classify` knows better. */
export function retryClassOf(error: unknown, classify?: Classify): RetryClass {
  try {
    const known = classify?.(error)
    if (known !== undefined) return known
  } catch {
    // A judge that fails says nothing, and must not hold up the event.
  }
  return error instanceof FloodmarkError && PERMANENT.has(error.code) ? 'permanent' : 'transient'
}

/** Why an event is given up whose effect threw this in the end. */
export function causeOf(error: unknown, retryClass: RetryClass): BuriedCause {
  const isOffSchema = retryClass === 'permanent' && error instanceof FloodmarkError && error.code === 'off-schema'
  return isOffSchema ? 'schema' : retryClass
}
