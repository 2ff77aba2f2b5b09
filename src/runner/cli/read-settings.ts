import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { everySetting, flagOf, type RunSettings, settingsOf, writtenName } from '../plan/settings.ts'
import { didYouMean } from '../scenario/nearest.ts'
import { quoted } from '../scenario/plain-words.ts'
import { lineOf } from '../scenario/plugins.ts'

const CONFIG = 'floodmark.config.ts'
type Given = Readonly<Record<string, unknown>>

/**
 * Flags over the environment over the config of this folder over the defaults.
 * @throws FloodmarkError 'misuse' that names every mistake.
 */
export async function readSettings(scenario: string, flags: Given): Promise<RunSettings> {
  const config = await readConfig()
  const { settings, mistakes } = settingsOf(scenario, { ...config, ...fromEnvironment(process.env), ...flags })
  if (mistakes.length === 0) return { ...settings, signing: signingIn(process.env) }
  const said = mistakes.map(([setting, message]) => {
    const name = writtenName(setting)
    return flags[name] === undefined ? `${CONFIG}: ${name}: ${message}` : `${flagOf(setting)} ${message}`
  })
  throw new FloodmarkError('misuse', said.join('; '))
}

/** Addresses that may hold a password: in a flag it would stand in every list of processes. No process of a run inherits them. */
function fromEnvironment(env: NodeJS.ProcessEnv): Given {
  const found: Record<string, string> = {}
  for (const [, setting] of everySetting) {
    const value = setting.secret && env[setting.secret]
    if (!value) continue
    found[writtenName(setting)] = value
    delete env[setting.secret]
  }
  return found
}

const SECRET = 'FLOODMARK_SECRET_'

/** What a target verifies with: FLOODMARK_SECRET_STRIPE is stripe's. No process of a run inherits them. */
function signingIn(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(SECRET) || !value) continue
    found[name.slice(SECRET.length).toLowerCase().replaceAll('_', '-')] = value
    delete env[name]
  }
  return found
}

/** Whether a flag of `npm run scenario` would take the value. */
export function isValueOf(flag: string, value: string): boolean {
  const [, setting] = everySetting.find(([, one]) => flagOf(one) === flag) ?? []
  return setting?.schema.safeParse(value).success ?? false
}

async function readConfig(): Promise<Given> {
  const path = resolve(CONFIG)
  if (!existsSync(path)) return {}
  const wrong = (what: string, cause?: unknown) => new FloodmarkError('misuse', `${CONFIG} ${what}`, { cause })
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
  const names = everySetting.map(([, setting]) => writtenName(setting))
  const outside = everySetting.filter(([, setting]) => setting.outside && writtenName(setting) in config)
  if (outside.length > 0) {
    const flags = outside.map(([, setting]) => flagOf(setting)).join(' and ')
    throw wrong(
      `must not name another's server: give ${flags} with each command, so that nothing is sent there unasked`,
    )
  }
  const unknown = Object.keys(config).filter((name) => !names.includes(name))
  if (unknown.length === 0) return config as Given
  throw wrong(unknown.map((name) => `has no setting '${name}'${didYouMean(name, names)}`).join('; '))
}
