import { BODY_BYTES } from './lib/requests.ts'
import { type BenchOptions, CONNECTIONS, interleaved, type Variant } from './lib/rounds.ts'
import {
  COLUMNS,
  commonCells,
  medianOf,
  printRanked,
  printRounds,
  RANKING,
  ratio,
  SPREAD,
  say,
  spreadOf,
  warnings,
} from './lib/table.ts'

/** The default stack against the bare server: the cost of durability before the answer, and of processing on top. */

const STACK = { kind: 'stack', receiver: 'raw-http', queue: 'embedded' } as const
const variants: Variant[] = [
  { name: 'node:http + HMAC', server: () => ({ kind: 'bare' }) },
  { name: 'embedded, accept only', server: (folder, runId) => ({ ...STACK, folder, runId }) },
  {
    name: 'embedded + processor + lmdb',
    server: (folder, runId) => ({ ...STACK, ledger: 'lmdb', folder, runId }),
  },
  { name: 'node:http + HMAC, by autocannon', tool: 'autocannon', server: () => ({ kind: 'bare' }) },
]

/** A stack keeps up when its backlog grows by at most this share of the events accepted in the window. */
const GROWTH_MAX = 0.05

export default async function stack(options: BenchOptions): Promise<void> {
  const turns = await interleaved(variants, options)
  const base = turns.get(variants[0]!.name)!
  const ranks = await printRanked(
    `stack: signed bodies of ${BODY_BYTES} bytes, ${CONNECTIONS} connections, closed loop, ${options.rounds} rounds of ${options.seconds} s: ${SPREAD}`,
    [...COLUMNS, 'syncs/s', 'events/sync', 'settled/s', 'settled of bare', 'backlog after', 'grows by/s'],
    variants.map(({ name }) => {
      const own = turns.get(name)!
      return [
        ...commonCells(name, own, base),
        medianOf(own, (turn) => turn.syncsPerS),
        medianOf(own, (turn) => turn.syncsPerS && turn.requestsPerS / turn.syncsPerS),
        spreadOf(own, (turn) => turn.settledPerS),
        ratio(
          own,
          base,
          (turn) => turn.settledPerS,
          (turn) => turn.requestsPerS,
        ),
        medianOf(own, (turn) => turn.backlogAfter),
        medianOf(own, (turn) => turn.backlogGrowthPerS),
      ]
    }),
    RANKING,
    options,
  )
  printRounds('requests/s', turns, (turn) => turn.requestsPerS)
  warnings(turns)
  const growth = medianOf(turns.get(variants[2]!.name)!, (turn) => turn.backlogGrowthPerS! / turn.requestsPerS)!
  say(
    growth <= GROWTH_MAX
      ? '\nProcessing keeps up: the backlog stays bounded at the highest rate that is accepted.'
      : `\nProcessing does not keep up with the highest rate that is accepted (the backlog takes ${(100 * growth).toFixed(0)}% of it): settled/s is the figure that counts.`,
  )
  if (ranks) say('Aims: accept only ≥ 0.65 of bare, with processing ≥ 0.35.')
}
