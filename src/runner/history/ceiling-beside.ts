import { basename, dirname } from 'node:path'
import type { Report } from '../report/report-schema.ts'
import { isKnownWell } from '../search/answer.ts'
import { entriesIn } from './entries.ts'

/** A search sets its load itself, and its mark is compared as it came out. With another of all else it is of another stack or question. */
const MAY_DIFFER: readonly string[] = [
  ...['scenario', 'ratePerS', 'durationMs', 'shape', 'spike', 'seed', 'quick', 'acceptP99Ms', 'signed', 'tag', 'out'],
]

function comparedOf(settings: Report['settings']): string {
  const isCompared = ([name, value]: [string, unknown]) => value !== undefined && !MAY_DIFFER.includes(name)
  return JSON.stringify(Object.entries(settings).filter(isCompared).toSorted())
}

type SetBeside = Pick<Report, 'settings' | 'environment'> & { readonly setup: Pick<Report['setup'], 'acceptP99Ms'> }

/** What held a soak, events/s, by the newest search of this stack, machine, mark and sender that knows its ceiling well. */
export function ceilingBeside(
  { settings, setup, environment }: SetBeside,
  folder: string,
): { readonly soakedPerS: number; readonly page: string } | undefined {
  for (const entry of entriesIn(dirname(folder))) {
    if (entry.kind !== 'ceiling' || !entry.ceiling) continue
    const { found, drifted, acceptP99Ms, settings: searched, environment: machine } = entry.ceiling
    if (found.soakedPerS === null || drifted || !isKnownWell(found)) continue
    const isSame = comparedOf(searched) === comparedOf(settings) && acceptP99Ms === setup.acceptP99Ms
    if (!isSame || machine.cpu !== environment.cpu || machine.cores !== environment.cores) continue
    return { soakedPerS: found.soakedPerS, page: `../${encodeURIComponent(basename(entry.folder))}/ceiling.html` }
  }
  return undefined
}
