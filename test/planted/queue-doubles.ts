import { publishesAgain } from './publishes-again.ts'

/** Later than any batch. */
const AGAIN_MS = 300

/** Not a bug: at-least-once allows it. Every event comes twice in one batch and once more later. A ledger has to absorb it. */
export default publishesAgain(AGAIN_MS, (events) => events.flatMap((event) => [event, event]))
