import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Config, ConfigInput } from '../plan/settings.ts'
import { settings } from '../plan/settings.ts'

/** Flags over the file floodmark.config.ts of this folder over the defaults. @throws FloodmarkError 'misuse'. */
export async function readConfig(flags: ConfigInput): Promise<Config> {
  const path = resolve('floodmark.config.ts')
  let file: ConfigInput = {}
  if (existsSync(path)) {
    try {
      file = (await import(pathToFileURL(path).href)).default
    } catch (cause) {
      throw new FloodmarkError('misuse', `floodmark.config.ts cannot be read: ${(cause as Error).message}`, { cause })
    }
  }
  const parsed = settings.safeParse({ ...file, ...flags })
  if (parsed.success) return parsed.data
  const what = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`).join('; ')
  throw new FloodmarkError('misuse', `${what}. See npm run scenario -- --help`)
}
