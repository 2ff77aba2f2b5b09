import { existsSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Report } from '../report/report-schema.ts'
import { didYouMean } from '../scenario/nearest.ts'
import { type Entry, type EntryKind, entriesIn, entryOf, REPORTS } from './entries.ts'

const ORDER = ['latest', 'previous'] as const
const WHAT: Readonly<Record<EntryKind, string>> = {
  run: 'run',
  ceiling: 'search for a ceiling',
  comparison: 'comparison',
}

/** The folder that a person means by its path, or by `latest` or `previous`. @throws FloodmarkError 'misuse'. */
export function folderOf(name: string, kind: EntryKind, root: string = REPORTS): string {
  const at = (ORDER as readonly string[]).indexOf(name)
  if (at < 0 || existsSync(name)) return name
  const found = entriesIn(root).filter((entry) => entry.kind === kind)[at]
  if (found) return found.folder
  throw new FloodmarkError('misuse', `there is no ${name} ${WHAT[kind]} in ${root}: give a folder`)
}

/**
 * The reports of the runs that a person means: a folder, its report.json, `latest`, `previous`, or a tag, which may stand for
 * several. @throws FloodmarkError 'misuse' with what there is.
 */
export function reportsOf(name: string, root: string = REPORTS): Report[] {
  const runs = () => entriesIn(root).filter((entry): entry is Entry & { kind: 'run' } => entry.kind === 'run')
  const whole = (folder: string) => {
    const entry = entryOf(folder)
    if (entry?.kind === 'run' && entry.report) return entry.report
    throw new FloodmarkError('misuse', `${folder} holds no report of this version: npm run report -- ${folder}`)
  }
  if (existsSync(name)) return [whole(statSync(name).isDirectory() ? name : dirname(name))]
  if ((ORDER as readonly string[]).includes(name)) return [whole(folderOf(name, 'run', root))]
  const tagged = runs().flatMap(({ tag, report }) => (tag === name && report ? [report] : []))
  if (tagged.length > 0) return tagged
  const known = [...new Set(runs().flatMap(({ tag }) => tag ?? []))]
  const near = didYouMean(name, [...ORDER, ...known, ...runs().map(({ folder }) => basename(folder))])
  const tags = known.length > 0 ? `, or a tag (${known.join(', ')})` : ', or a tag that runs were given by --tag'
  throw new FloodmarkError('misuse', `there is no run '${name}'${near || `: give a folder, latest, previous${tags}`}`)
}
