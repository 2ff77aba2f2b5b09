import { percent, perS, seconds } from '../../../core/base/words.ts'
import { type Diagnosis, ENOUGH } from './diagnosis.ts'

interface Case extends Diagnosis {
  readonly recoveredMs: number | null
}

/** Why goodput came back after the faults, or why it did not, and what to do. */
export function diagnosisWords(of: Case): string {
  return SAYS[of.state](of)
}

const over = ({ overMs }: Case) => `after the last fault ended at ${seconds(overMs)}`
const came = ({ firstPerS, retriesPerS, donePerS, roomPerS }: Case) =>
  `first attempts came at ${perS(firstPerS)} and retries at ${perS(retriesPerS)}, and the stack` +
  `${roomPerS > donePerS ? `, which takes ${perS(roomPerS)},` : ''} did ${perS(donePerS)}`

const SAYS: Readonly<Record<Diagnosis['state'], (of: Case) => string>> = {
  recovered(of) {
    const when = of.recoveredMs === null ? '' : `, goodput was back for good after ${seconds(of.recoveredMs)}`
    const waits = of.donePerS < ENOUGH * of.answeredPerS ? ': the rest waited in the queue' : ''
    return (
      `Recovered: ${over(of)}${when}; later first attempts came at ${perS(of.firstPerS)} and retries at ` +
      `${perS(of.retriesPerS)}, ${perS(of.answeredPerS)} were accepted and ${perS(of.donePerS)} done${waits}.`
    )
  },
  metastable: (of) =>
    `Metastable: ${over(of)}, ${came(of)}. There is room for the first attempts, yet ${perS(of.answeredPerS)} got an ` +
    `answer in time: ${percent(of.wastedShare)} of the work was for senders that had given up, and the retries alone ` +
    `keep it so. Shed load earlier: --in-flight-max ${of.inFlightMaxAdvised}, what it takes in half of the shortest time ` +
    `that a sender waits (${Math.round(of.timeoutMs)} ms).`,
  'too-small': (of) =>
    `Too small: ${over(of)}, ${came(of)}. The first attempts alone are more than that: no limit helps, give it more room.`,
  down: (of) => `Down: ${over(of)}, ${came(of)}, next to nothing. It did not come back; see its errors.`,
}
