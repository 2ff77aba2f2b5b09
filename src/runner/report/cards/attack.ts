import { z } from 'zod'
import { mostOf } from '../../../core/base/kit/extremes.ts'
import { bytes, grouped, inWords, ms } from '../../../core/base/words.ts'
import { SERVICE_DEFAULTS } from '../../../core/service/limits.ts'
import type { AttackTally } from '../../records/facts.ts'
import { type Cell, defineCard } from '../card.ts'
import { check, counted, generatorCheck, inBytes, inMs, none, share } from '../check.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'
import { asQuick } from '../latency/judge.ts'
import { Latencies } from '../latency/latencies.ts'
import { percentiles } from '../latency/percentiles.ts'
import { asQuickMeasured, p99Words } from '../latency/words.ts'

/** Good traffic may become so many times slower. */
const SLOWER_MAX = 2
/** And this share of the run's pass mark is never too slow: twice 3 ms is not a finding. */
const FLOOR_SHARE = 0.1
/** An attack's last requests are answered within so many ms. */
const SETTLE_MS = 1_000
/**
 * How much more memory a process may take than in the calm. It holds at most 32 half-read bodies of up to 2 MiB, some
 * hundred slow connections and what the collector has not taken back yet. A process without limits needs far more.
 */
const MEMORY_MAX_BYTES = 128 * 2 ** 20
/** The receiver's limit, ms, and time for it to look and for a busy machine to let it. */
const HELD_MAX_MS = SERVICE_DEFAULTS.requestMs + 2_500
/** Below this share of what was planned an attack proves nothing. */
const CARRIED_OUT_MIN = 0.8

const tally = z.object({
  kind: z.enum(['forged', 'stale', 'oversized', 'slow', 'malformed']),
  times: z.number(),
  fromMs: z.number(),
  untilMs: z.number(),
  planned: count,
  sent: count,
  statuses: z.record(z.string(), count),
  /** Of the answers: refusals as HTTP has them, 2xx, and all others. */
  refused: count,
  accepted: count,
  odd: count,
  closed: count,
  unanswered: count,
  held: count,
  heldMaxMs: z.number(),
  leftOut: z.array(z.string()),
})
/** What became of the attacks, and of the good traffic beside them. */
const schema = z.object({
  kinds: z.array(tally),
  /** Waits of the good attempts that were accepted. */
  calm: percentiles,
  under: percentiles,
  memory: z.array(z.object({ name: z.string(), calmBytes: z.number(), underBytes: z.number() })),
})
type UnderAttack = z.infer<typeof schema>

export const attack = defineCard({
  schema,
  make: attackOf,
  checks: (card, { audit, setup }) => (card ? attackChecks(card, audit, setup.acceptP99Ms) : []),
  checkWords: {
    'forged-took-effect': {
      title: 'forged events that took effect',
      measured: ({ effects, accepted }) =>
        `${inWords(effects)} effects or dead letters, ${inWords(accepted)} answered 2xx`,
      wanted: () => '0 and 0',
    },
    'bad-requests-unrefused': { title: 'bad requests neither refused nor cut off' },
    'slow-senders-held': { title: 'slow senders ended by the receiver’s own limit' },
    'attack-memory': {
      title: 'memory under attack beyond that in the calm',
      wanted: ({ atMost }) => `at most ${inWords(atMost)} a process`,
    },
    'attack-latency': {
      title: 'good traffic as quick under attack',
      measured: asQuickMeasured,
      wanted: ({ atMost }) => `at most ${inWords(atMost)}`,
    },
    'attack-rate': { title: 'attackers kept their rate', remedy: 'Lower --rate, or run it on a quieter machine.' },
  },
  words: (card) => ({
    title: 'Attack traffic',
    blocks: [{ paragraph: noticed(card) }, { head: HEAD, rows: card.kinds.map(rowOf) }],
  }),
})

export function attackOf({
  record: { attacks, samples },
  attempts,
}: Pick<JudgedRun, 'record' | 'attempts'>): UnderAttack | undefined {
  if (!attacks?.length) return undefined
  const fromMs = Math.min(...attacks.map((one) => one.fromMs))
  const untilMs = Math.max(...attacks.map((one) => one.untilMs))
  const calm = new Latencies()
  const under = new Latencies()
  for (const { outcome, intendedMs, doneMs } of attempts()) {
    if (outcome !== 'accepted') continue
    const tookMs = doneMs - intendedMs
    if (attacks.some((one) => intendedMs >= one.fromMs && intendedMs < one.untilMs)) under.record(intendedMs, tookMs)
    else if (intendedMs < fromMs || intendedMs > untilMs + SETTLE_MS) calm.record(intendedMs, tookMs)
  }
  const memory = samples.stack.map(({ name, samples: all }) => {
    const most = (from: number, to: number) => {
      const during = all.filter(({ atMs }) => atMs >= from && atMs <= to)
      return mostOf(
        during.map(({ rssBytes }) => rssBytes),
        0,
      )
    }
    return { name, calmBytes: most(0, fromMs), underBytes: most(fromMs, untilMs + SETTLE_MS) }
  })
  return { kinds: attacks.map(withSums), calm: calm.percentiles(), under: under.percentiles(), memory }
}

/** Beside 4xx: not implemented, try again, no such version. */
const NO_OTHERWISE: readonly number[] = [501, 503, 505]

function withSums(one: AttackTally): UnderAttack['kinds'][number] {
  const sum = (of: (status: number) => boolean) =>
    Object.entries(one.statuses).reduce((total, [status, times]) => total + (of(Number(status)) ? times : 0), 0)
  const refused = sum((status) => (status >= 400 && status < 500) || NO_OTHERWISE.includes(status))
  const accepted = sum((status) => status >= 200 && status < 300)
  const odd = sum(() => true) - refused - accepted
  return { ...one, leftOut: [...one.leftOut], accepted, refused, odd }
}

/** What a run with attacks must show beside all else. */
export function attackChecks(card: UnderAttack, { unexpected }: { unexpected: number }, acceptP99Ms: number) {
  const { kinds, memory } = card
  const sum = (of: (one: (typeof kinds)[number]) => number) => kinds.reduce((total, one) => total + of(one), 0)
  const accepted = sum((one) => one.accepted)
  const heldMaxMs = Math.max(...kinds.map((one) => one.heldMaxMs))
  const flood = kinds.filter(({ kind, planned }) => kind !== 'slow' && planned > 0)
  const carriedOut = Math.min(1, ...flood.map(({ planned, sent }) => sent / planned))
  const growth = memory.length === 0 ? 0 : Math.max(...memory.map((one) => one.underBytes - one.calmBytes))
  const quick = asQuick(card.calm, card.under, (calmMs) => Math.max(SLOWER_MAX * calmMs, FLOOR_SHARE * acceptP99Ms))
  return [
    check('forged-took-effect', unexpected === 0 && accepted === 0, {
      effects: counted(unexpected),
      accepted: counted(accepted),
      exactly: counted(0),
    }),
    none(
      'bad-requests-unrefused',
      sum((one) => one.odd + one.unanswered),
    ),
    check('slow-senders-held', heldMaxMs <= HELD_MAX_MS, { measured: inMs(heldMaxMs), atMost: inMs(HELD_MAX_MS) }),
    check('attack-memory', growth <= MEMORY_MAX_BYTES, {
      measured: inBytes(growth),
      atMost: inBytes(MEMORY_MAX_BYTES),
    }),
    check('attack-latency', quick.ok, quick.values),
    generatorCheck('attack-rate', carriedOut >= CARRIED_OUT_MIN ? true : null, {
      measured: share(carriedOut),
      atLeast: share(CARRIED_OUT_MIN),
    }),
  ]
}

const HEAD = ['attack', 'sent', 'of planned', 'refused', 'closed without a word', 'no answer', 'answered 2xx']

function rowOf(one: UnderAttack['kinds'][number]): Cell[] {
  const answers = Object.entries(one.statuses).map(([status, times]) => `${grouped(times)} × ${status}`)
  const held = one.kind === 'slow' ? `${one.held} open at the end; ` : ''
  const refused = `${held}${answers.join(', ') || 'none'}`
  return [one.kind, one.sent, one.planned, refused, one.closed, one.unanswered, one.accepted]
}

/** What good senders noticed. */
function noticed({ kinds, calm, under, memory }: UnderAttack): string {
  const grown = memory.map(({ name, calmBytes, underBytes }) => `${name} ${bytes(calmBytes)} → ${bytes(underBytes)}`)
  const leftOut = [...new Set(kinds.flatMap((one) => one.leftOut))]
  const slowest = Math.max(...kinds.map(({ heldMaxMs }) => heldMaxMs))
  return [
    `Good traffic in the calm: ${p99Words(calm)}. Under attack: ${p99Words(under)}.`,
    `Memory: ${grown.join(', ')}.`,
    ...(slowest > 0 ? [`The longest that a slow sender was borne: ${ms(slowest)}.`] : []),
    ...(leftOut.length > 0 ? [`Not sent: ${leftOut.join('; ')}.`] : []),
  ].join(' ')
}
