import { FloodmarkError } from '../../core/contracts/errors.ts'

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

/** Bad input is the caller's to mend, everything else the environment's. */
export function exitCodeOf(error: unknown): number {
  const misuse = error instanceof FloodmarkError && (error.code === 'misuse' || error.code === 'bad-request')
  return misuse ? EXIT.BAD_INPUT : EXIT.ENVIRONMENT
}
