import { claimOf } from '../plan/event-content.ts'
import type { EffectRecord } from '../records/effects-file.ts'
import { latencyHistogram } from '../records/histogram.ts'
import type { Attempt } from '../records/journal.ts'
import type { RunRecord } from '../records/run-record.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Report } from './report-schema.ts'

type Check = Report['checks'][number]
type Payload = NonNullable<Report['payload']>

/** How long bodies were, and what became of contents that events only referred to. */
export function payloadOf(
  scenario: Pick<Scenario, 'claimCheck'>,
  { setup, store, samples }: Pick<RunRecord, 'setup' | 'store' | 'samples'>,
  attempts: Iterable<Readonly<Attempt>>,
  effects: Iterable<EffectRecord>,
): Payload {
  const sizes = latencyHistogram()
  let bytes = 0
  let maxBytes = 0
  for (const { bodyBytes } of attempts) {
    // Nothing was sent.
    if (bodyBytes === 0) continue
    sizes.recordValue(bodyBytes)
    bytes += bodyBytes
    maxBytes = Math.max(maxBytes, bodyBytes)
  }
  const memoryBytesMax = Math.max(0, ...samples.stack.flatMap((one) => one.samples.map(({ rssBytes }) => rssBytes)))
  const applied = new Set<number>()
  for (const { seq } of effects) if (claimOf(setup.seed, seq, scenario)) applied.add(seq)
  return {
    p50Bytes: sizes.getValueAtPercentile(50),
    p99Bytes: sizes.getValueAtPercentile(99),
    maxBytes,
    bytesPerS: (bytes * 1_000) / setup.durationMs,
    memoryBytesMax,
    contents: store ? { ...store, applied: applied.size } : null,
  }
}

/** Effects of events whose content was never handed out were made up; memory is bounded whatever the bodies' length. */
export function payloadChecks(
  { contents, memoryBytesMax }: Payload,
  { memoryBytesMax: wanted }: Scenario['passes'],
): Check[] {
  const checks: Check[] = []
  if (contents) {
    const madeUp = Math.max(0, contents.applied - contents.served)
    const check = 'effects without the content that their event refers to'
    checks.push({ check, ok: madeUp === 0, measured: String(madeUp), wanted: '0', about: 'stack' })
  }
  if (wanted !== undefined) {
    const check = 'most memory of a process of the stack'
    const ok = memoryBytesMax <= wanted
    checks.push({
      check,
      ok,
      measured: mebibytes(memoryBytesMax),
      wanted: `at most ${mebibytes(wanted)}`,
      about: 'stack',
    })
  }
  return checks
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 2 : 0)} MiB`
}
