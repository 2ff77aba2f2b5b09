import { basename, dirname } from 'node:path'
import type { Report } from '../report/report-schema.ts'
import { entriesIn } from './entries.ts'

/** What a ceiling is one of: with another of these it is that of another stack. */
const STACK = ['target', 'receiver', 'queue', 'ledger', 'processes', 'fsync', 'capacityPerS'] as const

/** The newest ceiling of this stack and machine that lies beside the run, and its page as seen from the run's. */
export function ceilingBeside(
  { settings, environment }: Pick<Report, 'settings' | 'environment'>,
  folder: string,
): { readonly perS: number; readonly page: string } | undefined {
  for (const entry of entriesIn(dirname(folder))) {
    if (entry.kind !== 'ceiling' || !entry.ceiling?.found.interval) continue
    const { found, settings: searched, environment: machine } = entry.ceiling
    const isSame = STACK.every((name) => searched[name] === settings[name])
    if (!isSame || machine.cpu !== environment.cpu || machine.cores !== environment.cores) continue
    return { perS: found.interval!.mid, page: `../${encodeURIComponent(basename(entry.folder))}/ceiling.html` }
  }
  return undefined
}
