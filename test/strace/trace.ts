/** Reads what strace -f -yy wrote: calls in the order in which they began and ended, over all threads. */

interface Moment {
  readonly at: 'begins' | 'ends'
  readonly call: string
  /** The file, or the socket's two ends, as strace shows them. */
  readonly target: string
  /** What was written, as strace quotes it; with 'begins' only. */
  readonly text: string
  /** With 'ends' only. */
  readonly result: string
}

const WHOLE = /^(\d+) +(\w+)\(\d+<((?:->|[^>])*)>(.*)\) += (.*)$/s
const BEGIN = /^(\d+) +(\w+)\(\d+<((?:->|[^>])*)>(.*) <unfinished \.\.\.>$/s
const END = /^(\d+) +<\.\.\. (\w+) resumed>.*\) += (.*)$/s

export function* moments(trace: string): Generator<Moment> {
  const begun = new Map<string, Moment>()
  for (const line of trace.split('\n')) {
    const whole = WHOLE.exec(line)
    const begin = whole ?? BEGIN.exec(line)
    if (begin) {
      const [, thread, call, target, text] = begin as unknown as [string, string, string, string, string]
      const moment = { at: 'begins', call, target, text, result: '' } as const
      yield moment
      if (whole) yield { ...moment, at: 'ends', text, result: whole[5]! }
      else begun.set(thread, moment)
      continue
    }
    const end = END.exec(line)
    const open = end && begun.get(end[1]!)
    if (!open) continue
    begun.delete(end[1]!)
    yield { ...open, at: 'ends', result: end[3]! }
  }
}

export interface Findings {
  /** Ids of events that were acknowledged with no fdatasync, begun after their write had ended, that had succeeded. */
  readonly early: readonly string[]
  readonly acknowledged: number
  readonly syncs: number
}

/**
 * Judges every 200 in a trace. `sent` has the ids that each connection sent one after the other, by the client's port;
 * an id must be found in a write to a segment, and be covered by a sync, before its 200 begins to be written.
 */
export function judge(trace: string, sent: ReadonlyMap<number, readonly string[]>): Findings {
  const written = new Map<string, Set<string>>()
  const covered = new Map<string, string[]>()
  const durable = new Set<string>()
  const answered = new Map<number, number>()
  const early: string[] = []
  let acknowledged = 0
  let syncs = 0
  for (const { at, call, target, text, result } of moments(trace)) {
    const isSync = call === 'fdatasync' || call === 'fsync'
    if (target.endsWith('.segment') && isSync) {
      if (at === 'begins') covered.set(target, [...(written.get(target) ?? [])])
      else if (result === '0') {
        syncs++
        for (const id of covered.get(target)!) durable.add(id)
      }
    } else if (target.endsWith('.segment') && at === 'ends') {
      const ids = written.get(target) ?? new Set()
      for (const [id] of text.matchAll(/evt-\d+-\d+/g)) ids.add(id)
      written.set(target, ids)
    } else if (at === 'begins' && text.includes('"HTTP/1.1 ')) {
      const port = Number(/->.*:(\d+)\]$/.exec(target)?.[1])
      const turn = answered.get(port) ?? 0
      const id = sent.get(port)?.[turn]
      answered.set(port, turn + 1)
      if (!id || !text.includes('"HTTP/1.1 200')) continue
      acknowledged++
      if (!durable.has(id)) early.push(id)
    }
  }
  return { early, acknowledged, syncs }
}
