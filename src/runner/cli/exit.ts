import { fileRefusalOf } from '../../core/base/kit/file-refusal.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'

/** What a command of floodmark exits with. */
export const EXIT = {
  PASS: 0,
  FAIL: 1,
  BAD_INPUT: 2,
  ENVIRONMENT: 3,
  INDETERMINATE: 4,
  INVALID: 5,
  INTERRUPTED: 130,
} as const

/** How an error is told, and what the command exits with. Bad input is the caller's to mend, everything else the environment's. */
export function saidOf(error: unknown): { readonly text: string; readonly code: number } {
  if (error instanceof FloodmarkError) {
    const isInput = error.code === 'misuse' || error.code === 'bad-request'
    return { text: error.message, code: isInput ? EXIT.BAD_INPUT : EXIT.ENVIRONMENT }
  }
  const refusal = fileRefusalOf(error)
  if (refusal) return { text: refusal.words, code: refusal.isInput ? EXIT.BAD_INPUT : EXIT.ENVIRONMENT }
  return { text: messageOf(error), code: EXIT.ENVIRONMENT }
}
