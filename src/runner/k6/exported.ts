import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { recordedSettings } from '../plan/settings.ts'

export const EXPORT_VERSION = 1

/** export.json in an export's plan folder: what a report needs beside the plan. */
const exportedSchema = z.object({
  version: z.literal(EXPORT_VERSION),
  runId: z.string(),
  settings: recordedSettings,
  ratePerS: z.number(),
  rateChosen: z.string(),
  durationMs: z.number(),
  acceptP99Ms: z.number(),
})
export type Exported = z.infer<typeof exportedSchema>

/** @throws FloodmarkError 'misuse' where the folder is no export of this version. */
export function readExported(folder: string): Exported {
  try {
    return exportedSchema.parse(JSON.parse(readFileSync(join(folder, 'export.json'), 'utf8')))
  } catch (cause) {
    const what = `${folder} is not the folder <name>.plan that export:k6 wrote with this version of floodmark`
    throw new FloodmarkError('misuse', what, { cause })
  }
}
