import { BODY_BYTES } from './lib/requests.ts'
import { type BenchOptions, CONNECTIONS, interleaved, type Variant } from './lib/rounds.ts'
import {
  COLUMNS,
  commonCells,
  medianOf,
  printRanked,
  printRounds,
  RANKING,
  SPREAD,
  spreadOf,
  warnings,
} from './lib/table.ts'

/** The embedded queue on many cores: one process for everything, against receivers that hand their events to one that writes. */

const STACK = { queue: 'embedded', ledger: 'lmdb' } as const
const variants: Variant[] = [
  {
    name: 'one process',
    server: (folder, runId) => ({ kind: 'stack', receiver: 'raw-http', ...STACK, folder, runId }),
  },
  ...[1, 2].map(
    (receivers): Variant => ({
      name: `${receivers} + writer`,
      server: (folder, runId) => ({ kind: 'writer', receivers, ...STACK, folder, runId }),
    }),
  ),
]

export default async function cores(options: BenchOptions): Promise<void> {
  const turns = await interleaved(variants, options)
  const base = turns.get(variants[0]!.name)!
  await printRanked(
    `cores: signed bodies of ${BODY_BYTES} bytes, embedded, LMDB, ${CONNECTIONS} connections, closed loop, ${options.rounds} rounds of ${options.seconds} s: ${SPREAD}`,
    [...COLUMNS.map((name) => (name === 'of bare' ? 'of one' : name)), 'settled/s', 'backlog after'],
    variants.map(({ name }) => {
      const own = turns.get(name)!
      return [
        ...commonCells(name, own, base),
        spreadOf(own, (turn) => turn.settledPerS),
        medianOf(own, (turn) => turn.backlogAfter),
      ]
    }),
    ['of one', ...RANKING],
    options,
  )
  printRounds('settled/s', turns, (turn) => turn.settledPerS ?? 0)
  warnings(turns)
}
