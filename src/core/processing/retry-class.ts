import { FloodmarkError } from '../contracts/errors.ts'

/** 'transient': another try may help, so it is made after a wait. 'permanent': none will, so the event is buried at once. */
export type RetryClass = 'transient' | 'permanent'

/** Judges what an effect threw; undefined leaves it to the rule of `retryClassOf`. */
export type Classify = (error: unknown) => RetryClass | undefined

/** FloodmarkError 'rejected' is permanent, everything else transient, unless `classify` knows better. */
export function retryClassOf(error: unknown, classify?: Classify): RetryClass {
  try {
    const known = classify?.(error)
    if (known !== undefined) return known
  } catch {
    // A judge that fails says nothing, and must not hold up the event.
  }
  return error instanceof FloodmarkError && error.code === 'rejected' ? 'permanent' : 'transient'
}
