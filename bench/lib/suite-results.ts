import { FloodmarkError } from '../../src/core/contracts/errors.ts'

/** What became of a behaviour of the contract suite on one queue. */
export interface Outcome {
  readonly state: 'held' | 'partly' | 'failed' | 'excepted' | 'not run'
  readonly why?: string | undefined
  /** What the test saw, in words. */
  readonly measured?: string | undefined
}
/** Behaviour → queue → its outcome, both in the suite's order. */
export type Results = Map<string, Map<string, Outcome>>

/** Columns of what was seen, and the behaviours that see it: the first that was measured. */
const SEEN: Readonly<Record<string, readonly string[]>> = {
  'Back from a killed consumer after': ['delivers again what a killed consumer had in hand'],
  'A full server': [
    "refuses as 'overloaded' when its server is full, drains what it took, and takes events again",
    "refuses as 'overloaded' when full, for certain, and takes events again after acks",
  ],
  'A record that is no event': ['hands out a record that is no event as one of its own, once, and all others too'],
}

export const SEEN_HEADINGS = Object.keys(SEEN)

/** @throws FloodmarkError 'misuse' when the suite has no such behaviour any more. */
export function seenRow(name: string, results: Results): string[] {
  const cells = Object.values(SEEN).map((titles) => {
    const outcomes = titles.map((title) => {
      const each = results.get(title)
      if (!each)
        throw new FloodmarkError(
          'misuse',
          `the suite has no behaviour '${title}': name it in bench/lib/suite-results.ts`,
        )
      return each.get(name)
    })
    const seen = outcomes.find((one) => one?.state === 'held' && one.measured !== undefined)
    if (seen) return seen.measured!
    const failed = outcomes.find((one) => one?.state === 'failed')
    return `– (${(failed ?? outcomes[0])?.why?.replace(/^not for this queue: /, '') ?? 'not measured'})`
  })
  return [`\`${name}\``, ...cells]
}
