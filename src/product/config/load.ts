import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { quoted } from '../../runner/scenario/plain-words.ts'
import { lineOf } from '../../runner/scenario/plugins.ts'
import { type RoutePlan, routePlans } from './routes.ts'
import { type CheckedConfig, checkedConfig } from './schema.ts'

/** Looked for in this order in the folder where a command is called. */
const NAMES = ['floodmark.config.ts', 'floodmark.config.js', 'floodmark.config.mjs'] as const

/** The config of a folder: its path; undefined where there is none. */
export function configIn(folder: string): string | undefined {
  return NAMES.map((name) => resolve(folder, name)).find((path) => existsSync(path))
}

/** What a config exports by default, unchecked. @throws FloodmarkError 'misuse'. */
export async function importConfig(path: string): Promise<Readonly<Record<string, unknown>>> {
  const name = path.split(/[\\/]/).at(-1)!
  const wrong = (what: string, cause?: unknown) => new FloodmarkError('misuse', `${name} ${what}`, { cause })
  let config: unknown
  try {
    config = (await import(pathToFileURL(path).href)).default
  } catch (cause) {
    throw wrong(`cannot be read: ${lineOf(cause)}`, cause)
  }
  if (config === undefined) throw wrong("has no default export: write export default defineConfig({ queue: 'kafka' })")
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw wrong(`must export an object of settings as default, not ${quoted(config)}`)
  }
  return config as Readonly<Record<string, unknown>>
}

/** A config that a service can be made of. */
export interface LoadedConfig {
  readonly path: string
  readonly folder: string
  readonly config: CheckedConfig
  readonly routes: readonly RoutePlan[]
}

/** @throws FloodmarkError 'misuse' where it is missing, cannot be read or has mistakes. */
export async function loadConfig(given: string | undefined): Promise<LoadedConfig> {
  const path = given === undefined ? configIn('.') : resolve(given)
  if (path === undefined || !existsSync(path)) {
    const where = given ?? `${NAMES[0]} in ${resolve('.')}`
    throw new FloodmarkError('misuse', `there is no ${where}: run floodmark init, or give --config`)
  }
  const folder = dirname(path)
  const name = path.split(/[\\/]/).at(-1)!
  const config = checkedConfig(await importConfig(path), name)
  return { path, folder, config, routes: await routePlans(config.routes as never, folder) }
}
