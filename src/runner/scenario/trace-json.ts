import { accessLogOf } from './access-log.ts'
import { isTime } from './trace-cells.ts'

/** What counts requests by its name, and what may do so where nothing else stands beside it and a time. */
const COUNT = /^(?:counts?|doc_count|requests|reqs?|hits|rate|rps|qps)$/i
const MAYBE_COUNT = /^(?:values?|n|total|sum|events)$/i
/** What a metric has beside its time, its value and its unit. An order has a name too, and a total, but no such unit. */
const OF_METRIC = /^(?:units?|labels?|metric|name|statistic)$/i
const UNIT = /^units?$/i
const UNIT_OF_COUNTS = /^(?:counts?|requests?|reqs?|hits|events|none)(?:\/s.*)?$/i
const DEPTH_MAX = 3

/**
 * JSON as the lines that it stands for: of a document the objects of its longest list, and a time with a count beside it as two
 * columns. Any other text as it is.
 */
export function linesOfJson(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text
  const document = parsed(text)
  const isLine = document !== undefined && accessLogOf(text.trim()) !== undefined
  const [list] = isLine ? [] : listsIn(document, 0).sort((one, other) => other.length - one.length)
  const listed = list?.map((one) => JSON.stringify(one))
  const [first] = listed ?? /\S.*/.exec(text) ?? []
  if (columnsIn(first ?? '') === undefined) return listed?.join('\n') ?? text
  return (listed ?? text.split(/\r?\n/)).map((line) => columnsIn(line) ?? line).join('\n')
}

/** Taken for a line of a log, each would be one request, whatever it counts. What names a method is one. */
function columnsIn(line: string): string | undefined {
  const members = Object.entries(parsed(line) ?? {})
  const time = members.find(([, value]) => isTime(String(value)))
  const count = members.find(
    ([name, value]) => /^\d+(\.\d+)?$/.test(String(value)) && (COUNT.test(name) || isPair(members, name)),
  )
  if (!time || !count || time === count || accessLogOf(line)?.read(line)?.method !== undefined) return undefined
  return `${time[1]},${count[1]}`
}

/** Whether nothing but a time stands beside it, or what a metric of counts has. */
function isPair(members: readonly (readonly [string, unknown])[], name: string): boolean {
  const isOfMetric = members.some(([one, value]) => UNIT.test(one) && UNIT_OF_COUNTS.test(String(value)))
  const others = members.filter(([one]) => !(isOfMetric && OF_METRIC.test(one)))
  return others.length === 2 && MAYBE_COUNT.test(name)
}

function listsIn(value: unknown, depth: number): (readonly object[])[] {
  if (Array.isArray(value)) return value.length > 0 && value.every(isMember) ? [value] : []
  if (!isMember(value) || depth > DEPTH_MAX) return []
  return Object.values(value).flatMap((member) => listsIn(member, depth + 1))
}

function isMember(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
