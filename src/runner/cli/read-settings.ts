import { FloodmarkError } from '../../core/contracts/errors.ts'
import { configIn, importConfig } from '../../product/config/load.ts'
import { SERVICE_NAMES } from '../../product/config/schema.ts'
import { everySetting, flagOf, type RunSettings, settingsOf, writtenName } from '../plan/settings.ts'
import { didYouMean } from '../scenario/nearest.ts'

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

/** The config's settings of runs. Of its queue and ledger it is the names: a run does not go to a service's own servers. */
async function readConfig(): Promise<Given> {
  const path = configIn('.')
  if (path === undefined) return {}
  const config = await importConfig(path)
  const names = everySetting.map(([, setting]) => writtenName(setting))
  const outside = everySetting.filter(([, setting]) => setting.outside && writtenName(setting) in config)
  if (outside.length > 0) {
    const flags = outside.map(([, setting]) => flagOf(setting)).join(' and ')
    const what = `${CONFIG} must not name another's server`
    throw new FloodmarkError(
      'misuse',
      `${what}: give ${flags} with each command, so that nothing is sent there unasked`,
    )
  }
  const all: readonly string[] = [...names, ...SERVICE_NAMES]
  const unknown = Object.keys(config).filter((name) => !all.includes(name))
  if (unknown.length > 0) {
    const said = unknown.map((name) => `has no setting '${name}'${didYouMean(name, all)}`)
    throw new FloodmarkError('misuse', `${CONFIG} ${said.join('; ')}`)
  }
  const ofRuns = Object.entries(config).filter(([name]) => names.includes(name))
  return Object.fromEntries(ofRuns.map(([name, value]) => [name, nameOf(value)]))
}

function nameOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'use' in value ? value.use : value
}
