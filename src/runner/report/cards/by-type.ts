import { z } from 'zod'
import { defineCard } from '../card.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'
import { Latencies } from '../latency/latencies.ts'
import { percentiles } from '../latency/percentiles.ts'
import { percentileCells } from '../latency/words.ts'

const schema = z.array(
  z.object({
    provider: z.string(),
    type: z.string(),
    /** Planned until the run ended, and of them those that were accepted. */
    events: count,
    accepted: count,
    /** From due to 2xx, of first attempts. */
    waits: percentiles,
  }),
)

/** Which events it was that waited: by who sent them, and what they told. */
export const byType = defineCard({
  schema,
  make: byTypeOf,
  checks: () => [],
  checkWords: {},
  words: (rows) => ({
    title: 'By provider and type',
    blocks: [
      { paragraph: 'Response times are those of accepted first attempts, from when each was due.' },
      {
        head: [
          'provider',
          'type',
          'events',
          'accepted',
          'samples',
          'p50',
          'p90',
          'p99',
          'p99.9',
          'max',
          'episodes of the slowest 1%',
        ],
        rows: rows.map(({ provider, type, events, accepted, waits }) => [
          ...[provider, type, events, accepted],
          ...percentileCells(waits),
        ]),
      },
    ],
  }),
})

function byTypeOf({ events, planned, scenario, attempts }: JudgedRun): z.infer<typeof schema> {
  const groups = new Map<
    string,
    { provider: string; type: string; events: number; accepted: number; waits: Latencies }
  >()
  const groupOf = new Array<{ accepted: number; waits: Latencies }>(planned)
  for (let seq = 0; seq < planned; seq++) {
    const { provider: at, type } = events.at(seq)
    const { provider } = scenario.mix[at]!
    const name = `${at} ${type}`
    const group = groups.get(name) ?? { provider, type, events: 0, accepted: 0, waits: new Latencies() }
    groups.set(name, group)
    group.events++
    groupOf[seq] = group
  }
  const isAccepted = new Uint8Array(planned)
  for (const { seq, attempt, outcome, intendedMs, doneMs } of attempts()) {
    const group = groupOf[seq]
    if (!group || outcome !== 'accepted') continue
    if (attempt === 1) group.waits.record(intendedMs, doneMs - intendedMs)
    if (isAccepted[seq]) continue
    isAccepted[seq] = 1
    group.accepted++
  }
  return [...groups.values()]
    .toSorted((a, b) => b.events - a.events)
    .map(({ waits, ...group }) => ({ ...group, waits: waits.percentiles() }))
}
