import { oneLined } from '../../../core/base/one-line.ts'
import { ms, perS } from '../../../core/base/words.ts'
import type { Entry } from '../../history/entries.ts'
import type { Ceiling } from '../../search/ceiling-schema.ts'
import { stackWords } from '../words/run.ts'

const FOUND: Readonly<Record<Ceiling['found']['kind'], string>> = {
  found: 'found',
  'budget-over': 'time was over',
  'generator-bound': 'at least',
  'below-lowest': 'below the lowest',
  'not-measurable': 'not measurable',
}

/** One folder of reports/, in words; figures too, for what sorts or draws them. */
export interface HistoryRow {
  readonly folder: string
  readonly when: string
  /** PASS, FAIL and so on; of a search and a comparison what it is. */
  readonly verdict: string
  readonly what: string
  readonly stack: string
  readonly peak: string
  readonly p99: string
  readonly p99Ms: number | null
  readonly ceiling: string
  readonly tag: string
  /** Its page, in the folder; absent where none was made. */
  readonly page?: string
}

/** Nothing of a file that another has written controls the terminal that shows it. */
export function historyRow(entry: Entry): HistoryRow {
  return oneLined(rowOf(entry))
}

function rowOf(entry: Entry): HistoryRow {
  const { folder, startedAt, tag = '' } = entry
  const when = startedAt.slice(0, 16).replace('T', ' ')
  const nothing = { folder, when, tag, what: '', stack: '', peak: '', p99: '', p99Ms: null, ceiling: '' }
  if (entry.kind === 'run') {
    const { report } = entry
    if (!report) return { ...nothing, verdict: 'no report', what: 'run' }
    const peak = report.latency.phases.find((phase) => phase.peak)
    const p99 = (peak?.acceptedFirst ?? report.latency.accepted.first).p99
    return {
      ...nothing,
      verdict: report.interrupted ? `${report.verdict} (cut)` : report.verdict,
      what: report.scenario.quick ? `${report.scenario.name}, quick` : report.scenario.name,
      stack: stackWords(report.settings),
      peak: perS(report.setup.peakPerS),
      p99: p99 ? ms(p99.ms) : 'too few',
      p99Ms: p99?.ms ?? null,
      page: 'report.html',
    }
  }
  if (entry.kind === 'ceiling') {
    const { ceiling } = entry
    if (!ceiling) return { ...nothing, verdict: 'not over', what: 'ceiling' }
    const { interval, soakedPerS } = ceiling.found
    return {
      ...nothing,
      ...{
        verdict: FOUND[ceiling.found.kind],
        what: 'ceiling',
        stack: stackWords(ceiling.settings),
        page: 'ceiling.html',
      },
      ceiling: interval ? perS(interval.mid) : soakedPerS === null ? 'none' : `at least ${perS(soakedPerS)}`,
    }
  }
  const { comparison } = entry
  if (!comparison) return { ...nothing, verdict: 'not over', what: 'compare' }
  if ('kind' in comparison) {
    const rows = comparison.classes.flatMap((one) => one.rows)
    const isRanked = rows.some(({ place }) => place !== 'unranked')
    return {
      ...nothing,
      ...{ verdict: isRanked ? 'compared' : 'not ranked', what: 'compare ceilings', stack: `${rows.length} stacks` },
      page: 'compare.html',
    }
  }
  const stacks = new Set(comparison.turns.map(({ stack }) => stack))
  return {
    ...nothing,
    verdict: comparison.notRanked ? 'not ranked' : 'compared',
    what: `compare ${comparison.scenarios.map(({ scenario }) => scenario).join(', ')}`,
    stack: `${stacks.size} stacks`,
    page: 'compare.html',
  }
}
