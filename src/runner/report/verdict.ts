import type { Check } from './check.ts'

export type RunVerdict = 'PASS' | 'FAIL' | 'INVALID' | 'INDETERMINATE'

/** The generator's own failure hides what the stack did, except harm, which only the stack can have done. */
export function verdictOf(checks: readonly Pick<Check, 'about' | 'severity' | 'ok'>[]): RunVerdict {
  const failed = checks.filter(({ ok }) => ok === false)
  if (failed.some(({ severity }) => severity === 'harm')) return 'FAIL'
  if (failed.some(({ about }) => about === 'generator')) return 'INVALID'
  if (failed.length > 0) return 'FAIL'
  return checks.some(({ ok }) => ok === null) ? 'INDETERMINATE' : 'PASS'
}
