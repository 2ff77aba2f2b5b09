import { everySetting, flagOf, textOf } from '../plan/settings.ts'
import type { Report } from '../report/report-schema.ts'

/** What runs are by that differs between two sides; of several runs of a side every value. */
export interface Apart {
  readonly what: string
  readonly before: string
  readonly after: string
  /** Another load, another mark or another machine: figures differ by it, though the stack is the same. */
  readonly isBeside: boolean
}

/** In what the runs of one side are not alike, though they are taken together. */
export interface Mixed {
  readonly side: string
  readonly what: string
  readonly values: string
}

/** Told in words of their own, or no part of what is measured. */
const OTHERWISE: readonly string[] = [
  ...['out', 'tag', 'seed', 'queueUrl', 'ledgerUrl', 'ratePerS', 'durationMs', 'acceptP99Ms'],
]
const BESIDE: readonly string[] = [
  ...['scenario', 'quick', 'rate', 'duration', 'shape', 'spike', 'provider', 'senders', 'connections-max', 'sent by'],
  ...['seed', 'pass mark', 'platform', 'cpu', 'cores'],
]

type Facts = Readonly<Record<string, string | undefined>>

/** What a run was asked to do. */
function askedOf({ settings, setup, scenario, sentBy }: Report): Facts {
  const chosen = everySetting.flatMap(([name, setting]) => {
    const value = settings[name]
    return OTHERWISE.includes(name) || value === undefined ? [] : [[flagOf(setting).slice(2), textOf(setting, value)]]
  })
  return {
    scenario: scenario.name,
    ...Object.fromEntries(chosen),
    rate: `${setup.ratePerS}/s with a peak of ${setup.peakPerS}/s`,
    duration: `${setup.durationMs / 1_000} s`,
    'sent by': sentBy ?? 'floodmark',
  }
}

function factsOf(report: Report): Facts {
  const { settings, setup, environment, cards } = report
  const { node, platform, cpu, cores } = environment
  return {
    ...askedOf(report),
    seed: String(settings.seed),
    'pass mark': `${setup.acceptP99Ms} ms`,
    commit: cards.machine?.kit.commit?.slice(0, 12) ?? 'unknown',
    ...cards.machine?.kit.packages,
    ...{ node, platform, cpu, cores: String(cores) },
  }
}

export function apartOf(before: readonly Report[], after: readonly Report[]): Apart[] {
  const sides = [before, after].map((reports) => reports.map(factsOf)) as [Facts[], Facts[]]
  return namesIn(sides.flat()).flatMap((what) => {
    const [was, is] = sides.map((facts) => valuesOf(facts, what).join(' and ')) as [string, string]
    return was === is ? [] : [{ what, before: was, after: is, isBeside: BESIDE.includes(what) }]
  })
}

export function mixedIn({ name, reports }: { readonly name: string; readonly reports: readonly Report[] }): Mixed[] {
  const facts = reports.map(askedOf)
  return namesIn(facts).flatMap((what) => {
    const values = valuesOf(facts, what)
    return values.length > 1 ? [{ side: name, what, values: values.join(' and ') }] : []
  })
}

const namesIn = (all: readonly Facts[]) => [...new Set(all.flatMap((facts) => Object.keys(facts)))]
const valuesOf = (all: readonly Facts[], what: string) =>
  [...new Set(all.map((facts) => facts[what] ?? 'not set'))].toSorted()
