import { publishesAgain } from './publishes-again.ts'

/** As late as the lease of a quick run allows. */
const AGAIN_MS = 4_000

/** Not a bug: at-least-once allows it. Every event comes once more, when a lease would run out. A ledger has to absorb it. */
export default publishesAgain(AGAIN_MS, (events) => events)
