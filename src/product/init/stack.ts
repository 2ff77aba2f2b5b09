import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FloodmarkError } from '../../core/contracts/errors.ts'

/** What was measured, and is to ship. */
export interface MeasuredStack {
  readonly receiver: string
  readonly queue: string
  readonly ledger: string
  readonly inFlightMax?: number | undefined
  readonly publishDeadlineMs?: number | undefined
  readonly processes?: number | undefined
  /** The rate that a search for the ceiling found to hold in the soak, or the least that the ceiling may be. */
  readonly ceilingPerS?: number | undefined
}

const NAMES = ['report.json', 'ceiling.json', 'compare.json'] as const

const name = z.string().min(1)
const found = z
  .object({ soakedPerS: z.number().nullish(), interval: z.object({ low: z.number() }).nullish() })
  .nullish()
const ofRun = z.object({
  settings: z.object({
    receiver: name,
    queue: name,
    ledger: name,
    inFlightMax: z.number().optional(),
    publishDeadlineMs: z.number().optional(),
    processes: z.number().optional(),
  }),
  found: found.catch(null),
})
/** Of runs, by scenario; of ceilings, without. */
const classes = z.array(z.object({ rows: z.array(z.object({ stack: name, place: z.string(), found })) }))
const ofComparison = z.union([z.object({ scenarios: z.array(z.object({ classes })) }), z.object({ classes })])

/**
 * The stack of a run or of a search for a ceiling; of a comparison the one that came first. A path of a file or of its folder.
 * @throws FloodmarkError 'misuse' where there is none, or where several came first.
 */
export function measuredStack(path: string): MeasuredStack {
  const wrong = (what: string) => new FloodmarkError('misuse', `--from ${path}: ${what}`)
  if (!existsSync(path)) throw wrong('there is no such file or folder')
  const file = statSync(path).isDirectory() ? NAMES.map((one) => join(path, one)).find((one) => existsSync(one)) : path
  if (file === undefined) throw wrong(`the folder has none of ${NAMES.join(', ')}`)
  let read: unknown
  try {
    read = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw wrong('it is not JSON')
  }
  const run = ofRun.safeParse(read)
  if (run.success) {
    return { ...run.data.settings, ...ceilingOf(run.data) }
  }
  const comparison = ofComparison.safeParse(read)
  if (!comparison.success) throw wrong('it is neither the report of a run nor that of a ceiling or a comparison')
  const all = 'scenarios' in comparison.data ? comparison.data.scenarios : [comparison.data]
  const firsts = all.flatMap((one) => one.classes.flatMap(({ rows }) => rows.filter(({ place }) => place === 'first')))
  const first = [...new Set(firsts.map(({ stack }) => stack))]
  if (first.length === 1) return { ...stackNamed(first[0]!), ...ceilingOf(firsts[0]!) }
  const what = first.length === 0 ? 'no stack came first' : `${first.length} stacks came first: ${first.join('; ')}`
  throw wrong(`${what}. Choose one by --receiver, --queue and --ledger`)
}

function ceilingOf(measured: { readonly found?: z.output<typeof found> }): Pick<MeasuredStack, 'ceilingPerS'> {
  const ceilingPerS = Math.floor(measured.found?.soakedPerS ?? measured.found?.interval?.low ?? 0)
  return ceilingPerS > 0 ? { ceilingPerS } : {}
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** 'raw-http → kafka → redis, in-flight-max 300, fsync always', as a comparison names it. A server's settings are not the service's. */
function stackNamed(stack: string): MeasuredStack {
  const [parts = '', ...varied] = stack.split(', ')
  const [receiver = '', queue = '', ledger = ''] = parts.split(' → ')
  const variedTo = (setting: string) => {
    const given = varied.find((one) => one.startsWith(`${setting} `))?.slice(setting.length + 1)
    const [, amount, unit = 'ms'] = /^([\d.]+)([a-z]+)?$/.exec(given ?? '') ?? []
    return amount === undefined ? undefined : Number(amount) * UNIT_MS[unit]!
  }
  const also = {
    inFlightMax: variedTo('in-flight-max'),
    publishDeadlineMs: variedTo('publish-deadline'),
    processes: variedTo('processes'),
  }
  return { receiver, queue, ledger, ...also }
}
