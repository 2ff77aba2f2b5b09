import { isAbsolute, relative } from 'node:path'
import { commandsIn } from '../../core/base/kit/commands-in.ts'
import {
  defaultOf,
  everySetting,
  flagOf,
  type RunSettings,
  secretVariable,
  signedOf,
  textOf,
  writtenName,
} from './settings.ts'
import { shownValue } from './shown.ts'

/**
 * The line that makes the same run again: every setting that is not the default, or that was set to it, since a config may say
 * otherwise. What is secret is a variable of the shell; where it is not set, the shell says what is missing.
 */
export function runAgain(settings: RunSettings): string {
  return commandAgain(`scenario ${shownValue(fromHere(settings.scenario))}`, settings)
}

/** The same of any command that takes settings; `more`: its own flags, as they are typed. */
export function commandAgain(command: string, settings: RunSettings, more: readonly string[] = []): string {
  const { given = [] } = settings
  const repeated = everySetting.filter(([name, setting]) => {
    return setting.again !== 'never' && (settings[name] !== defaultOf(setting) || given.includes(name))
  })
  const { variables, flags } = typedAgain(repeated, settings)
  const line = [...variables, `npm run ${command}`].join(' ')
  const all = [...flags, ...more]
  return commandsIn(all.length > 0 ? `${line} -- ${all.join(' ')}` : line)
}

/** Settings as a command takes them: flags, and before it the variables of the environment that hold a secret. */
export function typedAgain(repeated: typeof everySetting, settings: RunSettings) {
  const variables: string[] = []
  const flags: string[] = []
  for (const [name, setting] of repeated) {
    const value = settings[name]
    if (value === undefined || value === false) continue
    const text = textOf(setting, value)
    const isMasked = (setting.secret || setting.outside) && text !== value
    if (setting.secret && isMasked) variables.push(fromEnvironment(setting.secret, ADDRESS))
    else if (isMasked) flags.push(`${flagOf(setting)} "${asked(writtenName(setting).toUpperCase(), ADDRESS)}"`)
    else flags.push(value === true ? flagOf(setting) : `${flagOf(setting)} ${shownValue(text)}`)
  }
  return { variables: [...secretsAgain(settings), ...variables], flags }
}

/** The variables with the secrets that a person gave for a target. */
function secretsAgain(settings: RunSettings): string[] {
  return (signedOf(settings) ?? []).map((name) =>
    fromEnvironment(secretVariable(name), `set it to the secret with which ${name} signed`),
  )
}

/** A file below this folder is named from here, so that a report tells nobody where the folder lies. */
function fromHere(scenario: string): string {
  const path = isAbsolute(scenario) ? relative(process.cwd(), scenario) : scenario
  return path.startsWith('..') ? scenario : path
}

const ADDRESS = 'set it to the whole address, which is not written down for its password or query'

const fromEnvironment = (variable: string, words: string) => `${variable}="${asked(variable, words)}"`

/** A variable that any POSIX shell asks for where it is not set. */
const asked = (variable: string, words: string) => `\${${variable}:?${words}}`
