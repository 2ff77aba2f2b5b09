import { FloodmarkError } from '../../../core/contracts/errors.ts'
import { readEnvFile } from '../../../product/config/env-file.ts'
import { everySetting, flagOf, type Setting, writtenName } from '../../plan/settings.ts'
import { didYouMean, nearest } from '../../scenario/nearest.ts'

const PREFIX = 'FLOODMARK_'
const SECRET = 'FLOODMARK_SECRET_'
const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  yes: true,
  false: false,
  0: false,
  no: false,
}

/** Settings of a run that the environment or the file `.env` gives. */
export interface EnvironmentSettings {
  readonly given: Readonly<Record<string, unknown>>
  /** Where each stands, by its name in the config: 'FLOODMARK_RATE', '.env: FLOODMARK_RATE'. */
  readonly places: Readonly<Record<string, string>>
  /** What a target verifies with: FLOODMARK_SECRET_STRIPE is stripe's. */
  readonly signing: Readonly<Record<string, string>>
}

/** FLOODMARK_IN_FLIGHT_MAX is --in-flight-max. */
export function variableOf(setting: Setting): string {
  return setting.secret ?? PREFIX + flagOf(setting).slice(2).replaceAll('-', '_').toUpperCase()
}

/**
 * Reads FLOODMARK_… of the environment, and of `.env` where the environment has it not. What is found is taken away from the
 * environment, so that no process of a run inherits a password.
 * @throws FloodmarkError 'misuse' for a name that is no setting: in the environment, where it is nearly one.
 */
export function settingsInEnvironment(env: NodeJS.ProcessEnv, folder: string): EnvironmentSettings {
  const given: Record<string, unknown> = {}
  const places: Record<string, string> = {}
  const signing: Record<string, string> = {}
  const known = new Map(everySetting.map(([, setting]) => [variableOf(setting), setting as Setting]))
  const take = (name: string, value: string, place: string) => {
    if (name.startsWith(SECRET)) {
      signing[name.slice(SECRET.length).toLowerCase().replaceAll('_', '-')] ??= value
      return true
    }
    const setting = known.get(name)
    if (!setting) return false
    if (setting.outside) {
      throw new FloodmarkError('misuse', `${place} must not be set: give ${flagOf(setting)} with each command`)
    }
    const written = writtenName(setting)
    if (written in given) return true
    given[written] = flagOf(setting) === setting.flag ? (BOOLEANS[value.toLowerCase()] ?? value) : value
    places[written] = place
    return true
  }
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || !value) continue
    if (take(name, value, name)) delete env[name]
    // Others may have variables of this kind, as Compose has for the servers.
    else if (nearest(name, [...known.keys()]) !== undefined && !isOther(name)) throw noSetting(name, name, known)
  }
  for (const [name, value] of Object.entries(readEnvFile(folder))) {
    const place = `.env: ${name}`
    if (!name.startsWith(PREFIX) || !value || take(name, value, place)) continue
    if (LOGINS.test(name)) env[name] ??= value
    else if (!isOther(name)) throw noSetting(place, name, known)
  }
  return { given, places, signing }
}

/** Logins at servers, which the clients read from the environment by themselves. */
const LOGINS = /^FLOODMARK_(KAFKA_(USER|PASSWORD|TOKEN(_FILE)?)|SENTINEL_(USER|PASSWORD))$/
/** Variables of infra/docker-compose.yml. */
const OTHERS = /^FLOODMARK_(PORT|REDIS_APPENDFSYNC|POSTGRES_COMMIT|KAFKA_FLUSH_MESSAGES)$/

const isOther = (name: string) => OTHERS.test(name) || LOGINS.test(name)

function noSetting(place: string, name: string, known: ReadonlyMap<string, Setting>): FloodmarkError {
  return new FloodmarkError('misuse', `${place} is no setting${didYouMean(name, [...known.keys()])}`)
}
