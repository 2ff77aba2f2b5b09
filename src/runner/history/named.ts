import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Report } from '../report/report-schema.ts'
import { didYouMean } from '../scenario/nearest.ts'
import { type EntryKind, entriesIn, entryOf, REPORTS, reportIn } from './entries.ts'

const ORDER = ['latest', 'previous'] as const
const WHAT: Readonly<Record<EntryKind, string>> = {
  run: 'run',
  ceiling: 'search for a ceiling',
  comparison: 'comparison',
}

/** As the list names it, or as it is called in there. */
function pathOf(name: string, root: string): string {
  const inside = join(root, name)
  return !existsSync(name) && name !== '' && existsSync(inside) ? inside : name
}

/** The folder that a person means by its path, or by `latest` or `previous`. @throws FloodmarkError 'misuse'. */
export function folderOf(name: string, kind: EntryKind, root: string = REPORTS): string {
  const at = (ORDER as readonly string[]).indexOf(name)
  if (at < 0 || existsSync(name)) return pathOf(name, root)
  const found = entriesIn(root).filter((entry) => entry.kind === kind)[at]
  if (found) return found.folder
  throw new FloodmarkError('misuse', `there is no ${name} ${WHAT[kind]} in ${root}: give a folder`)
}

/**
 * The reports of the runs that a person means: a folder, its report.json, `latest`, `previous`, or a tag, which may stand for
 * several. @throws FloodmarkError 'misuse' with what there is.
 */
export function reportsOf(name: string, root: string = REPORTS): Report[] {
  const path = pathOf(name, root)
  const folder = !existsSync(path) ? undefined : statSync(path).isDirectory() ? path : dirname(path)
  if (folder !== undefined && entryOf(folder)) return [wholeReport(folder)]
  if ((ORDER as readonly string[]).includes(name)) return [wholeReport(folderOf(name, 'run', root))]
  const runs = entriesIn(root).filter(({ kind }) => kind === 'run')
  // A checkout may have the name of a tag.
  const tagged = runs.filter(({ tag }) => tag === name)
  const reports = tagged.flatMap((entry) => reportIn(entry.folder) ?? [])
  if (reports.length > 0) return reports
  if (tagged[0]) return [wholeReport(tagged[0].folder)]
  if (folder !== undefined)
    throw new FloodmarkError('misuse', `${folder} holds nothing of ours: give the folder of a run`)
  const known = [...new Set(runs.flatMap(({ tag }) => tag ?? []))]
  const near = didYouMean(name, [...ORDER, ...known, ...runs.map(({ folder }) => basename(folder))])
  const tags = known.length > 0 ? `, or a tag (${known.join(', ')})` : ', or a tag that runs were given by --tag'
  throw new FloodmarkError('misuse', `there is no run '${name}'${near || `: give a folder, latest, previous${tags}`}`)
}

function wholeReport(folder: string): Report {
  const report = reportIn(folder)
  const kind = entryOf(folder)?.kind
  if (kind === 'run' && report) return report
  const why =
    kind === 'run' || kind === undefined
      ? `holds no report of this version: npm run report -- ${folder}`
      : `is a ${WHAT[kind]}: give the folder of a run`
  throw new FloodmarkError('misuse', `${folder} ${why}`)
}
