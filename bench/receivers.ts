import { receivers as registry } from '../receivers/index.ts'
import { BODY_BYTES } from './lib/requests.ts'
import { type BenchOptions, CONNECTIONS, interleaved, type Variant } from './lib/rounds.ts'
import { COLUMNS, commonCells, printRanked, printRounds, RANKING, SPREAD, warnings } from './lib/table.ts'

/** Every receiver behind the same ingest and the memory queue, accept only. It shows the cost of HTTP and verification. */
export default async function receivers(options: BenchOptions): Promise<void> {
  const variants: Variant[] = [
    { name: 'node:http + HMAC', server: () => ({ kind: 'bare' }) },
    ...Object.keys(registry).map(
      (receiver): Variant => ({
        name: receiver,
        server: (folder, runId) => ({ kind: 'stack', receiver, queue: 'memory', discards: true, folder, runId }),
      }),
    ),
  ]
  const turns = await interleaved(variants, options)
  const base = turns.get(variants[0]!.name)!
  await printRanked(
    `receivers: signed bodies of ${BODY_BYTES} bytes, memory queue, accept only, ${CONNECTIONS} connections, ${options.rounds} rounds of ${options.seconds} s: ${SPREAD}`,
    COLUMNS,
    variants.map(({ name }) => commonCells(name, turns.get(name)!, base)),
    RANKING,
    options,
  )
  printRounds('requests/s', turns, (turn) => turn.requestsPerS)
  warnings(turns)
}
