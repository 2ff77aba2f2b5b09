/** Files of other tools for load: stages of k6, phases of Artillery, captures of GoReplay. */

/** A rate that goes from one to another over some time. */
interface RateStage {
  readonly seconds: number
  readonly from: number
  readonly to: number
}
export type ToolFile =
  | { readonly counts: number[]; readonly read: string }
  /** Times of requests, s. */
  | { readonly times: number[]; readonly read: string }

/** The first line of a request in a capture: its kind, its id, when it came in ns; some write how long it took. */
const CAPTURED = /^1 [0-9a-f]{8,} (\d{19})(?: -?\d+)?$/
const REQUEST_LINE = /^([A-Z]+) \S+ HTTP\/\d/
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|milliseconds?)$/, 0.001],
  [/^(s|secs?|seconds?)$/, 1],
  [/^(m|mins?|minutes?)$/, 60],
  [/^(h|hrs?|hours?)$/, 3_600],
  [/^(d|days?)$/, 86_400],
]

/** `secondsMax`: of all stages. undefined where the text is of none of these tools. */
export function readToolFile(text: string, secondsMax: number): ToolFile | undefined {
  return capture(text) ?? staged(text, secondsMax)
}

/** The POST requests of a capture. Records of one may be out of order, and its bodies may hold anything. */
function capture(text: string): ToolFile | undefined {
  const lines = text.trimStart().split(/\r?\n/)
  if (!CAPTURED.test(lines[0]!)) return undefined
  const requests = lines.flatMap((line, at) => {
    const ns = CAPTURED.exec(line)?.[1]
    const method = REQUEST_LINE.exec(lines[at + 1] ?? '')?.[1]
    return ns === undefined || method === undefined ? [] : [{ second: Number(ns) / 1e9, method }]
  })
  const times = requests.filter(({ method }) => method === 'POST').map(({ second }) => second)
  const left = requests.length - times.length
  const others = left > 0 ? `, ${left} of other methods left out` : ''
  return { times, read: `a capture of GoReplay, ${times.length} POST requests${others}` }
}

function staged(text: string, secondsMax: number): ToolFile | undefined {
  const stages = stagesIn(text)
  const seconds = stages?.reduce((sum, stage) => sum + stage.seconds, 0) ?? 0
  if (!stages || seconds <= 0 || seconds > secondsMax) return undefined
  const counts = Array.from({ length: Math.ceil(seconds) }, (_, at) => rateAt(stages, Math.min(at + 0.5, seconds)))
  return { counts, read: `stages of a load test (${stages.length}), their numbers taken for requests a second` }
}

function rateAt(stages: readonly RateStage[], second: number): number {
  let begins = 0
  for (const { seconds, from, to } of stages) {
    if (second <= begins + seconds && seconds > 0) return from + ((to - from) * (second - begins)) / seconds
    begins += seconds
  }
  return 0
}

/** undefined where one of them is no stage. */
function stagesIn(text: string): RateStage[] | undefined {
  const phases = phasesOfYaml(text)
  const found = phases ? { list: phases, of: {} as JsonMember } : listIn(parsed(text), {}, 0)
  if (!found) return undefined
  const perS = secondsOf(found.of.timeUnit ?? 1)
  const stages: RateStage[] = []
  for (const one of found.list) {
    const stage = stageOf(one, stages.at(-1)?.to ?? Number(found.of.startRate ?? 0))
    if (!stage) return undefined
    stages.push(stage)
  }
  return stages.map(({ seconds, from, to }) => ({ seconds, from: from / perS, to: to / perS }))
}

function parsed(text: string): unknown {
  try {
    return /^\s*[[{]/.test(text) ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

/** The phases of a script of Artillery, which are plain in any that people write. undefined where there are none, or others. */
function phasesOfYaml(text: string): JsonMember[] | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/(^|\s)#.*$/, '').trimEnd())
  const start = lines.findIndex((line) => /^\s*phases:$/.test(line))
  if (start < 0) return undefined
  const depth = lines[start]!.search(/\S/)
  const phases: Record<string, string>[] = []
  for (const line of lines.slice(start + 1).filter((one) => one !== '')) {
    const [, indent, dash, name, value] = /^( *)(- +)?([A-Za-z]+): *(.*)$/.exec(line) ?? []
    const isWithin = (indent?.length ?? line.search(/\S/)) > depth || line.trimStart().startsWith('-')
    if (!isWithin) break
    if (name === undefined) return undefined
    if (dash) phases.push({})
    if (phases.length === 0) return undefined
    phases.at(-1)![name] = value!.replace(/^(["'])(.*)\1$/, '$2')
  }
  return phases.length > 0 && phases.every(isStage) ? phases : undefined
}

type JsonMember = Readonly<Record<string, unknown>>
const RATES = ['target', 'arrivalRate', 'arrivalCount', 'rampTo']
const NAMES = [...RATES, 'duration', 'pause', 'name', 'maxVusers']

/** The first list of stages, and the object that it is a member of. */
function listIn(
  value: unknown,
  of: JsonMember,
  depth: number,
): { readonly list: JsonMember[]; readonly of: JsonMember } | undefined {
  if (value === null || typeof value !== 'object' || depth > 4) return undefined
  if (Array.isArray(value)) {
    const isOne = value.every(isStage) && value.some((one) => RATES.some((name) => name in one))
    return isOne ? { list: value, of } : undefined
  }
  return Object.values(value)
    .map((member) => listIn(member, value as JsonMember, depth + 1))
    .find(Boolean)
}

function isStage(one: unknown): boolean {
  if (one === null || typeof one !== 'object') return false
  return ('duration' in one || 'pause' in one) && Object.keys(one).every((name) => NAMES.includes(name))
}

/** A stage of k6 goes from where the one before ended to its target, and stays there without one. A phase of Artillery has a rate of its own. */
function stageOf({ duration, pause, ...one }: JsonMember, before: number): RateStage | undefined {
  if (pause !== undefined) return checked({ seconds: secondsOf(pause), from: 0, to: 0 })
  const seconds = secondsOf(duration)
  const counted = one.arrivalCount === undefined ? undefined : Number(one.arrivalCount) / seconds
  const from = counted ?? Number(one.arrivalRate ?? before)
  const to = counted ?? Number(one.rampTo ?? one.arrivalRate ?? one.target ?? before)
  return checked({ seconds, from, to })
}

function checked(stage: RateStage): RateStage | undefined {
  return Object.values(stage).every((number) => Number.isFinite(number) && number >= 0) ? stage : undefined
}

/** '1m30s', '90s', '2 minutes', or seconds. NaN where it is none. */
function secondsOf(duration: unknown): number {
  const text = String(duration).trim().toLowerCase()
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)\s*/g)]
  if (parts.map(([part]) => part).join('') !== text) return Number.NaN
  const seconds = parts.map(
    ([, number, unit]) => Number(number) * (UNITS.find(([name]) => name.test(unit!))?.[1] ?? Number.NaN),
  )
  return seconds.reduce((sum, one) => sum + one, 0)
}
