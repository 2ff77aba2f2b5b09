import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { quoted } from '../../runner/scenario/plain-words.ts'
import { lineOf } from '../../runner/scenario/plugins.ts'
import { decodeText } from '../../runner/scenario/text-file.ts'
import { fillFromEnvFile } from './env-file.ts'
import { type RoutePlan, routePlans } from './routes.ts'
import { type CheckedConfig, checkedConfig } from './schema.ts'

/** One of them may be in the folder where a command is called. */
const NAMES = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs', 'json'].map((end) => `floodmark.config.${end}`)
/** What people call it elsewhere. */
const NEARLY = /^\.?floodmark(?:[.-]?(?:config|conf|rc))?\.(?:[cm]?[jt]sx?|jsonc?|json5|ya?ml|toml)$|^\.floodmarkrc$/i

/** The config of a folder: its path; undefined where there is none. @throws FloodmarkError 'misuse' where there are several, or one under a name that is not read. */
export function configIn(folder: string): string | undefined {
  const found = NAMES.map((name) => resolve(folder, name)).filter((path) => existsSync(path))
  if (found.length > 1) {
    throw new FloodmarkError(
      'misuse',
      `there are ${found.map((path) => basename(path)).join(' and ')}: keep one of them`,
    )
  }
  const nearly = found.length === 0 && existsSync(folder) && readdirSync(folder).find((name) => NEARLY.test(name))
  if (!nearly) return found[0]
  throw new FloodmarkError('misuse', `${nearly} is not read: call it floodmark.config.ts, .js or .json`)
}

/** What a config exports by default, unchecked. @throws FloodmarkError 'misuse'. */
export async function importConfig(path: string): Promise<Readonly<Record<string, unknown>>> {
  const name = basename(path)
  const wrong = (what: string, cause?: unknown) => new FloodmarkError('misuse', `${name} ${what}`, { cause })
  let config: unknown
  try {
    config = name.endsWith('.json') ? readJson(path, name) : await exportedBy(path)
  } catch (cause) {
    throw wrong(`cannot be read: ${lineOf(cause)}`, cause)
  }
  if (config === undefined) throw wrong("has no default export: write export default defineConfig({ queue: 'kafka' })")
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    const how = name.endsWith('.json') ? 'hold an object of settings' : 'export an object of settings as default'
    throw wrong(`must ${how}, not ${quoted(config)}`)
  }
  return config as Readonly<Record<string, unknown>>
}

/** Compilers to CommonJS put the default export into a member. A promise is waited for: nobody means its own fields. */
async function exportedBy(path: string): Promise<unknown> {
  const found = await (await import(pathToFileURL(path).href)).default
  const isCompiled = typeof found === 'object' && found !== null && found.__esModule === true
  return isCompiled ? found.default : found
}

function readJson(path: string, name: string): unknown {
  const text = decodeText(readFileSync(path), name)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`it is not JSON, ${messageOf(cause)}`)
  }
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
    const where = given ?? `floodmark.config.ts in ${resolve('.')}`
    throw new FloodmarkError('misuse', `there is no ${where}: run floodmark init, or give --config`)
  }
  const folder = dirname(path)
  fillFromEnvFile(folder)
  const name = basename(path)
  const config = checkedConfig(await importConfig(path), name)
  return { path, folder, config, routes: await routePlans(config.routes as never, folder) }
}
