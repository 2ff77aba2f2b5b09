import { basename } from 'node:path'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import { configIn, importConfig } from '../../../product/config/load.ts'
import { checkNames } from '../../../product/config/schema.ts'
import { everySetting, flagOf, type RunSettings, settingsOf, writtenName } from '../../plan/settings.ts'
import { settingsInEnvironment } from './environment.ts'

type Given = Readonly<Record<string, unknown>>

/**
 * Flags over the environment over `.env` over the config of this folder over the defaults.
 * @throws FloodmarkError 'misuse' that names every mistake, and where it stands.
 */
export async function readSettings(
  scenario: string,
  flags: Given,
  { env = process.env, folder = '.' }: { readonly env?: NodeJS.ProcessEnv; readonly folder?: string } = {},
): Promise<RunSettings> {
  const config = await readConfig(folder)
  const { given, places, signing } = settingsInEnvironment(env, folder)
  const { settings, mistakes } = settingsOf(scenario, { ...config.given, ...given, ...flags })
  if (mistakes.length === 0) return { ...settings, signing }
  const said = mistakes.map(([setting, message]) => {
    const name = writtenName(setting)
    if (flags[name] !== undefined) return `${flagOf(setting)} ${message}`
    return `${places[name] ?? `${config.name}: ${name}`}: ${message}`
  })
  throw new FloodmarkError('misuse', said.join('; '))
}

/** Whether a flag of `npm run scenario` would take the value. */
export function isValueOf(flag: string, value: string): boolean {
  const [, setting] = everySetting.find(([, one]) => flagOf(one) === flag) ?? []
  return setting?.schema.safeParse(value).success ?? false
}

/** The config's settings of runs. Of its queue and ledger it is the names: a run does not go to a service's own servers. */
async function readConfig(folder: string): Promise<{ readonly name: string; readonly given: Given }> {
  const path = configIn(folder)
  if (path === undefined) return { name: '', given: {} }
  const name = basename(path)
  const config = await importConfig(path)
  const names = everySetting.map(([, setting]) => writtenName(setting))
  const outside = everySetting.filter(([, setting]) => setting.outside && writtenName(setting) in config)
  if (outside.length > 0) {
    const flags = outside.map(([, setting]) => flagOf(setting)).join(' and ')
    const what = `${name} must not name another's server`
    throw new FloodmarkError(
      'misuse',
      `${what}: give ${flags} with each command, so that nothing is sent there unasked`,
    )
  }
  checkNames(config, name)
  const ofRuns = Object.entries(config).filter(([one]) => names.includes(one))
  return { name, given: Object.fromEntries(ofRuns.map(([one, value]) => [one, nameOf(value)])) }
}

function nameOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'use' in value ? value.use : value
}
