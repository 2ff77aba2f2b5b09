import { interval, ms, percent } from '../../core/base/words.ts'
import { SERVICE_DEFAULTS } from '../../core/service/service.ts'
import type { AttackTally } from '../records/facts.ts'
import type { Attempt } from '../records/journal.ts'
import type { RunRecord } from '../records/run-record.ts'
import type { Report } from './report-schema.ts'
import { Latencies } from './stats.ts'

type Check = Report['checks'][number]
type UnderAttack = NonNullable<Report['attack']>

/** Good traffic may become so many times slower. */
const SLOWER_MAX = 2
/** And this share of the run's pass mark is never too slow: twice 3 ms is not a finding. */
const FLOOR_SHARE = 0.1
/** An attack's last requests are answered within this, ms. */
const SETTLE_MS = 1_000
/**
 * What a process may take more than in the calm. It holds at most 32 half-read bodies of up to 2 MiB, some hundred slow
 * connections and what the collector has not taken back yet; one that takes whatever is sent to it needs far more.
 */
const MEMORY_MAX_MEBIBYTES = 128
/** The receiver's limit, and time for it to look and for a busy machine to let it, ms. */
const HELD_MAX_MS = SERVICE_DEFAULTS.requestMs + 2_500
/** Below this share of what was planned an attack proves nothing. */
const CARRIED_OUT_MIN = 0.8

/** What became of the attacks, and of the good traffic beside them; null where a run has none. */
export function attackOf(
  { attacks, samples, startAtMs }: RunRecord,
  attempts: Iterable<Readonly<Attempt>>,
): Report['attack'] {
  if (!attacks?.length) return null
  const fromMs = Math.min(...attacks.map((one) => one.fromMs))
  const untilMs = Math.max(...attacks.map((one) => one.untilMs))
  const calm = new Latencies()
  const under = new Latencies()
  for (const { outcome, intendedMs, doneMs } of attempts) {
    if (outcome === 'unsent') continue
    if (attacks.some((one) => intendedMs >= one.fromMs && intendedMs < one.untilMs)) under.record(doneMs - intendedMs)
    else if (intendedMs < fromMs || intendedMs > untilMs + SETTLE_MS) calm.record(doneMs - intendedMs)
  }
  const memory = samples.stack.map(({ name, samples: all }) => {
    const most = (from: number, to: number) => {
      const during = all.filter(({ atEpochMs }) => atEpochMs - startAtMs >= from && atEpochMs - startAtMs <= to)
      return Math.max(0, ...during.map(({ rssBytes }) => rssBytes))
    }
    return { name, calmBytes: most(0, fromMs), underBytes: most(fromMs, untilMs + SETTLE_MS) }
  })
  return { kinds: attacks.map(withSums), calm: calm.percentiles(), under: under.percentiles(), memory }
}

function withSums(tally: AttackTally): UnderAttack['kinds'][number] {
  const sum = (of: (status: number) => boolean) =>
    Object.entries(tally.statuses).reduce((total, [status, times]) => total + (of(Number(status)) ? times : 0), 0)
  const refused = sum((status) => (status >= 400 && status < 500) || status === 503)
  const accepted = sum((status) => status >= 200 && status < 300)
  const odd = sum(() => true) - refused - accepted
  return { ...tally, leftOut: [...tally.leftOut], accepted, refused, odd }
}

/** What a run with attacks must show beside all else. */
export function attackChecks(attack: Report['attack'], { audit, setup }: Pick<Report, 'audit' | 'setup'>): Check[] {
  if (!attack) return []
  const { kinds } = attack
  const sum = (of: (one: (typeof kinds)[number]) => number) => kinds.reduce((total, one) => total + of(one), 0)
  const accepted = sum((one) => one.accepted)
  const unrefused = sum((one) => one.odd + one.unanswered)
  const heldMaxMs = Math.max(...kinds.map((one) => one.heldMaxMs))
  const flood = kinds.filter(({ kind, planned }) => kind !== 'slow' && planned > 0)
  const carriedOut = Math.min(1, ...flood.map(({ planned, sent }) => sent / planned))
  const growth = Math.max(...attack.memory.map(({ calmBytes, underBytes }) => underBytes - calmBytes)) / 2 ** 20
  const stack = (check: string, ok: boolean, measured: string, wanted: string): Check => ({
    ...{ check, ok, measured, wanted },
    about: 'stack',
  })
  return [
    stack(
      'forged events that took effect',
      audit.unexpected === 0 && accepted === 0,
      `${audit.unexpected} effects or dead letters, ${accepted} answered 2xx`,
      '0 and 0',
    ),
    stack('bad requests neither refused nor cut off', unrefused === 0, String(unrefused), '0'),
    stack(
      'slow senders ended by the receiver’s own limit',
      heldMaxMs <= HELD_MAX_MS,
      ms(heldMaxMs),
      `at most ${ms(HELD_MAX_MS)}`,
    ),
    stack(
      'memory under attack beyond that in the calm',
      growth <= MEMORY_MAX_MEBIBYTES,
      `${growth.toFixed(0)} MiB`,
      `at most ${MEMORY_MAX_MEBIBYTES} MiB a process`,
    ),
    p99Check(attack, setup.acceptP99Ms * FLOOR_SHARE),
    {
      check: 'attackers kept their rate',
      ok: carriedOut >= CARRIED_OUT_MIN ? true : null,
      measured: percent(carriedOut),
      wanted: `at least ${percent(CARRIED_OUT_MIN)}`,
      about: 'generator',
    },
  ]
}

/** Decided by both confidence intervals: undecided where they leave room for either answer. */
function p99Check({ calm, under }: UnderAttack, floorMs: number): Check {
  const wanted = `at most ${SLOWER_MAX} times that in the calm, or ${ms(floorMs)}`
  const base = { check: 'good response p99 under attack', wanted, about: 'stack' } as const
  if (!calm.p99 || !under.p99) return { ...base, ok: null, measured: 'too few samples' }
  const limit = (calmMs: number) => Math.max(SLOWER_MAX * calmMs, floorMs)
  const holds = under.p99.highMs <= limit(calm.p99.lowMs)
  const broken = under.p99.lowMs > limit(calm.p99.highMs)
  const measured = `${interval(under.p99)}, calm ${ms(calm.p99.ms)}`
  return { ...base, ok: holds ? true : broken ? false : null, measured }
}
