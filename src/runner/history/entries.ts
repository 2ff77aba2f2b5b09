import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type ComparedCeilings, ceilingsSchema } from '../compare/ceilings-schema.ts'
import { type Comparison, comparisonSchema } from '../compare/comparison-schema.ts'
import { type Report, reportSchema } from '../report/report-schema.ts'
import { type Ceiling, ceilingSchema } from '../search/ceiling-schema.ts'

/** What is shown of a run or a search beside others, of another version's too, where that is as it was. No more of hundreds is kept. */
const shownSchema = reportSchema.pick({
  ...{ verdict: true, interrupted: true, scenario: true, settings: true, setup: true, latency: true, startedAt: true },
})
type ShownReport = z.infer<typeof shownSchema>
const foundSchema = ceilingSchema.pick({
  ...{ settings: true, acceptP99Ms: true, startedAt: true, found: true, drifted: true, environment: true },
})
type FoundCeiling = Pick<Ceiling, 'settings' | 'acceptP99Ms' | 'startedAt' | 'found' | 'drifted' | 'environment'>

const comparedSchema = z.union([comparisonSchema, ceilingsSchema])

/** Where runs go that nobody gave a folder. */
export const REPORTS = 'reports'

/** One folder of runs; what it holds is undefined where it came to no report, or another version of floodmark wrote it. */
export type Entry = { readonly folder: string; readonly startedAt: string; readonly tag: string | undefined } & (
  | { readonly kind: 'run'; readonly report: ShownReport | undefined }
  | { readonly kind: 'ceiling'; readonly ceiling: FoundCeiling | undefined }
  | { readonly kind: 'comparison'; readonly comparison: Comparison | ComparedCeilings | undefined }
)
export type EntryKind = Entry['kind']

/** What tells each kind: its records, whatever became of it, or its result, where the records are gone. */
const RECORDS: Readonly<Record<EntryKind, readonly string[]>> = {
  run: ['run.json', 'report.json'],
  ceiling: ['trials.jsonl', 'ceiling.json'],
  comparison: ['turns.jsonl', 'stack-01', 'compare.json'],
}

/** Every run, search and comparison in a folder, newest first. */
export function entriesIn(root: string = REPORTS): Entry[] {
  if (!existsSync(root)) return []
  const folders = readdirSync(root, { withFileTypes: true }).filter((one) => one.isDirectory())
  return folders
    .flatMap(({ name }) => entryOf(join(root, name)) ?? [])
    .toSorted((a, b) => b.startedAt.localeCompare(a.startedAt) || b.folder.localeCompare(a.folder))
}

/** undefined: the folder holds nothing of ours. */
export function entryOf(folder: string): Entry | undefined {
  const kind = (Object.keys(RECORDS) as EntryKind[]).find((one) =>
    RECORDS[one].some((name) => existsSync(join(folder, name))),
  )
  if (kind === 'run') {
    const report = read(join(folder, 'report.json'), shownSchema)
    return { kind, folder, report, ...about(folder, report?.startedAt, report?.settings.tag) }
  }
  if (kind === 'ceiling') {
    const ceiling = read(join(folder, 'ceiling.json'), foundSchema)
    return { kind, folder, ceiling, ...about(folder, ceiling?.startedAt, ceiling?.settings.tag) }
  }
  if (kind === undefined) return undefined
  const comparison = read(join(folder, 'compare.json'), comparedSchema)
  return { kind, folder, comparison, ...about(folder, comparison?.startedAt, comparison?.tag) }
}

/** The whole report of a run; undefined: there is none of this version. */
export function reportIn(folder: string): Report | undefined {
  return read(join(folder, 'report.json'), reportSchema)
}

function about(folder: string, startedAt: string | undefined, tag: string | undefined) {
  // The name of a folder begins with its time, but for ':' and what is less than a second.
  const [, day, hour, minute, second] = /(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)[^/\\]*$/.exec(folder) ?? []
  const named = day === undefined ? '' : `${day}T${hour}:${minute}:${second}.000Z`
  return { startedAt: startedAt ?? named, tag }
}

function read<T>(path: string, schema: { safeParse(value: unknown): { data?: T | undefined } }): T | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data
  } catch {
    return undefined
  }
}
