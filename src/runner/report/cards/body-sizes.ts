import { z } from 'zod'
import { mostOf } from '../../../core/base/kit/extremes.ts'
import { bytes, grouped } from '../../../core/base/words.ts'
import { latencyHistogram } from '../../records/histogram.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import { defineCard } from '../card.ts'
import { type Check, check, inBytes, none } from '../check.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'

/** Of every body that was sent. */
const schema = z.object({
  p50Bytes: count,
  p99Bytes: count,
  maxBytes: count,
  bytesPerS: z.number(),
  /** The most that a process of the stack held. */
  memoryBytesMax: z.number(),
  /** Of events that only refer to their content: fetches from the provider's store, what it handed out, effects. */
  contents: z.object({ fetches: count, unavailable: count, bytes: count, served: count, applied: count }).nullable(),
})
type BodySizes = z.infer<typeof schema>

/** How long bodies were, and what became of contents that events only referred to. */
export const bodySizes = defineCard({
  schema,
  make: sizesOf,
  // What a target holds is not known.
  checks: (card, { scenario, record }) => (card && !record.target ? sizeChecks(card, scenario.passes) : []),
  checkWords: {
    'effects-without-content': { title: 'effects without the content that their event refers to' },
    'process-memory': { title: 'most memory of a process of the stack' },
  },
  words(card) {
    const lines = linesOf(card)
    return { title: 'Bodies', blocks: lines.map((line) => ({ paragraph: `${line}.` })), lines }
  },
})

function sizesOf({ setup, events, record: { store, samples }, attempts, effects }: JudgedRun): BodySizes {
  const sizes = latencyHistogram()
  let sum = 0
  let maxBytes = 0
  for (const { bodyBytes } of attempts()) {
    // Nothing was sent.
    if (bodyBytes === 0) continue
    sizes.recordValue(bodyBytes)
    sum += bodyBytes
    maxBytes = Math.max(maxBytes, bodyBytes)
  }
  const memoryBytesMax = mostOf(
    samples.stack.flatMap((one) => one.samples.map(({ rssBytes }) => rssBytes)),
    0,
  )
  const applied = new Set<number>()
  if (store) for (const { seq } of effects()) if (seq < events.length && events.at(seq).hasContent) applied.add(seq)
  return {
    p50Bytes: sizes.getValueAtPercentile(50),
    p99Bytes: sizes.getValueAtPercentile(99),
    maxBytes,
    bytesPerS: (sum * 1_000) / setup.durationMs,
    memoryBytesMax,
    contents: store ? { ...store, applied: applied.size } : null,
  }
}

/** Effects of events whose content was never handed out were made up; memory is bounded whatever the bodies' length. */
export function sizeChecks(
  { contents, memoryBytesMax }: BodySizes,
  { memoryBytesMax: atMost }: Scenario['passes'],
): Check<'effects-without-content' | 'process-memory'>[] {
  return [
    ...(contents ? [none('effects-without-content', Math.max(0, contents.applied - contents.served))] : []),
    ...(atMost === undefined
      ? []
      : [
          check('process-memory', memoryBytesMax <= atMost, {
            measured: inBytes(memoryBytesMax),
            atMost: inBytes(atMost),
          }),
        ]),
  ]
}

function linesOf({ p50Bytes, p99Bytes, maxBytes, bytesPerS, memoryBytesMax, contents }: BodySizes): string[] {
  const sizes = `p50 ${bytes(p50Bytes)}, p99 ${bytes(p99Bytes)}, longest ${bytes(maxBytes)}`
  const memory = memoryBytesMax > 0 ? `; most memory of a process of the stack ${bytes(memoryBytesMax)}` : ''
  const lines = [`bodies: ${sizes}; ${bytes(bytesPerS)}/s${memory}`]
  if (contents) {
    const { fetches, unavailable, applied } = contents
    lines.push(
      `contents fetched by reference: ${bytes(contents.bytes)} in ${grouped(fetches)} fetches for ${grouped(applied)} effects; ${grouped(unavailable)} were answered with 503 first`,
    )
  }
  return lines
}
