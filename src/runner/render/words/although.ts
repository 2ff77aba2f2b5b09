import { seconds } from '../../../core/base/words.ts'
import type { FaultName } from '../../faults/index.ts'
import { isServer, type StackPart } from '../../faults/planned-fault.ts'
import type { Report } from '../../report/report-schema.ts'
import { type Mark, markWords } from '../marks.ts'

type Borne = Pick<Report, 'faults' | 'processes'>

/** One that is struck, and several of them. */
const STRUCK: Readonly<Record<StackPart, readonly [string, string]>> = {
  receivers: ['a receiver', 'receivers'],
  processors: ['a processor', 'processors'],
  stack: ['a process of the stack', 'processes of the stack'],
  'queue-server': ['the queue’s server', 'servers of the queue'],
  'ledger-server': ['the ledger’s server', 'servers of the ledger'],
  'senders-link': ['the connection from the senders', 'connections from the senders'],
  'queue-link': ['the connection to the queue', 'connections to the queue'],
  'ledger-link': ['the connection to the ledger', 'connections to the ledger'],
}
const HAPPENED: Readonly<Record<FaultName, string>> = {
  kill: 'was killed',
  restart: 'was restarted',
  pause: 'hung',
  stall: 'stood still',
  'clock-jump': 'had its clock set',
  'slow-effects': 'took longer for each event for a while',
  'failing-effects': 'failed at its work for a while',
  'failing-ledger': 'could not write to its ledger for a while',
  poison: 'had a bug',
  throttle: 'could store little for a while',
  'slow-disk': 'had a slow disk',
  'full-disk': 'had a full disk',
  latency: 'was slow',
  cut: 'was cut',
  blackhole: 'led nowhere for a while',
  'drop-requests': 'lost what was sent',
  'drop-replies': 'lost the answers',
}

/** What the stack bore in a run, after the `link` of a sentence; nothing where there was nothing. */
export function althoughWords(report: Borne, link = ', although '): string {
  const each = [...happenings(report).keys()].filter((text) => text !== '')
  if (each.length === 0) return ''
  return `${link}${each.length < 2 ? each[0] : `${each.slice(0, -1).join(', ')} and ${each.at(-1)}`}`
}

/** So many times of one kind are told one by one. */
const TOLD_MAX = 2

/** The same with its times, for the key of a chart. */
export function faultKeys(report: Borne): string[] {
  return [...happenings(report)].flatMap(([text, marks]) => {
    // A mark that the run did not make has words of its own.
    const words = text || [...new Set(marks.map(markWords))].join('; ')
    const spans = spansOf(marks)
    const between = ({ fromMs, untilMs }: Span) => `${seconds(fromMs)} … ${seconds(untilMs)}`
    const times =
      spans.length > TOLD_MAX
        ? `${spans.length} times in all, ${between({ fromMs: spans[0]!.fromMs, untilMs: spans.at(-1)!.untilMs })}`
        : spans.map(between).join(' and ')
    return [`${words}, ${times}`]
  })
}

type Span = Pick<Mark, 'fromMs' | 'untilMs'>

/** Those that overlap are one. */
function spansOf(marks: readonly Mark[]): Span[] {
  const spans: { fromMs: number; untilMs: number }[] = []
  for (const { fromMs, untilMs } of marks.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = spans.at(-1)
    if (last && fromMs <= last.untilMs) last.untilMs = Math.max(last.untilMs, untilMs)
    else spans.push({ fromMs, untilMs })
  }
  return spans
}

/** Marks by what they say of the stack; by '' those of what the stack did itself. */
function happenings({ faults, processes }: Borne): Map<string, Mark[]> {
  const names = new Set(processes.map(({ name }) => name))
  // A queue within our own processes has no server to strike.
  const partOf = (mark: Extract<Mark, { victim: string }>) =>
    isServer(mark.fault.strikes) && names.has(mark.victim) ? 'stack' : mark.fault.strikes
  const saidOf = (mark: Mark): string => {
    if (!('victim' in mark)) return otherWords(mark)
    const { fault } = mark
    const key = 'key' in fault && fault.key !== undefined ? ' of one account' : ''
    const part = partOf(mark)
    const alike = faults.flatMap((other) =>
      'victim' in other && other.kind === mark.kind && partOf(other) === part ? [other.victim] : [],
    )
    const struck = new Set(alike).size
    const happened = `${HAPPENED[fault.what]}`.replace(' event ', ` event${key} `)
    if (struck < 2) return `${STRUCK[part][0]} ${happened}`
    return `${struck} ${STRUCK[part][1]} ${happened.replace(/^was /, 'were ').replaceAll(' its ', ' their ')}`
  }
  return Map.groupBy(faults, saidOf)
}

function otherWords(mark: Exclude<Mark, { victim: string }>): string {
  if (mark.kind === 'attack') return 'it was attacked'
  if (mark.kind === 'drift') return 'events changed their form'
  if (mark.kind === 'recorded-replay') return 'old events were sent again'
  return mark.kind === 'dead-letter-replay' ? 'dead letters were put back beside the traffic' : ''
}
