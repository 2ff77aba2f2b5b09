import { isAbsolute, relative } from 'node:path'
import { commandsIn } from '../../core/base/kit/commands-in.ts'
import { defaultOf, everySetting, flagOf, type RunSettings, type Setting, textOf } from './settings.ts'
import { shownValue } from './shown.ts'

/**
 * The line that makes the same run again: every setting that is not the default, or that was set to it, since a config may say
 * otherwise. An address with a password is taken from the environment; where it is not there, the shell says what is missing.
 */
export function runAgain(settings: RunSettings): string {
  return commandAgain(`scenario ${shownValue(fromHere(settings.scenario))}`, settings)
}

/** The same of any command that takes settings; `more`: its own flags, as they are typed. */
export function commandAgain(
  command: string,
  { given = [], ...settings }: RunSettings,
  more: readonly string[] = [],
): string {
  const repeated = everySetting.filter(([name, setting]) => {
    return setting.again !== 'never' && (settings[name] !== defaultOf(setting) || given.includes(name))
  })
  const { variables, flags } = typedAgain(repeated.map(([name, setting]) => [setting, settings[name]]))
  const line = [...variables, `npm run ${command}`].join(' ')
  const all = [...flags, ...more]
  return commandsIn(all.length > 0 ? `${line} -- ${all.join(' ')}` : line)
}

/** Values as a command sets them: flags, and before it a variable of the environment for each address with a password. */
export function typedAgain(values: readonly (readonly [Setting, unknown])[]) {
  const variables: string[] = []
  const flags: string[] = []
  for (const [setting, value] of values) {
    if (value === undefined || value === false) continue
    const text = textOf(setting, value)
    if (setting.secret && text !== value) variables.push(fromEnvironment(setting.secret))
    else flags.push(value === true ? flagOf(setting) : `${flagOf(setting)} ${shownValue(text)}`)
  }
  return { variables, flags }
}

/** A file below this folder is named from here, so that a report tells nobody where the folder lies. */
function fromHere(scenario: string): string {
  const path = isAbsolute(scenario) ? relative(process.cwd(), scenario) : scenario
  return path.startsWith('..') ? scenario : path
}

function fromEnvironment(variable: NonNullable<Setting['secret']>): string {
  return `${variable}="\${${variable}:?set it to the whole address, which is not written down for its password}"`
}
