import { publishesAgain } from './publishes-again.ts'

/** As late as the lease of a run that is not quick allows. */
const AGAIN_MS = 6_000

/** Not a bug: at-least-once allows it. Every event comes once more, when a lease would run out. A ledger has to absorb it. */
export default publishesAgain(AGAIN_MS, (events) => events)
