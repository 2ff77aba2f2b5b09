import { FloodmarkError } from '../../core/contracts/errors.ts'
import {
  everySetting,
  flagOf,
  type RunSettings,
  SETTINGS,
  type Setting,
  settingsOf,
  textOf,
  writtenName,
} from '../plan/settings.ts'

/** One of the stacks that a comparison runs: settings with a name. */
export interface ComparedStack {
  /** Unlike that of every other, and the same whenever the comparison is asked for. */
  readonly name: string
  readonly settings: RunSettings
}

/** A setting and the values that it takes in turn, as they were written. */
export interface Varied {
  readonly setting: string
  readonly values: readonly string[]
}

/** What no two runs of a comparison may differ in. */
const SAME: readonly string[] = ['out', 'tag', 'seed', 'rate', 'duration', 'shape', 'spike', 'quick']
/** What is said of a stack by its name alone. */
const IN_NAME: readonly string[] = ['receiver', 'queue', 'ledger', 'target']

/** `fsync=always,everysec`. @throws FloodmarkError 'misuse'. */
export function variedOf(text: string): Varied {
  // An address may have a = of its own.
  const [, name = '', list] = /^([^=]*)(?:=(.*))?$/s.exec(text)!
  const written = name.trim().replace(/^--/, '')
  const known = everySetting.map(([, setting]) => flagOf(setting).slice(2)).filter((one) => !SAME.includes(one))
  if (list === undefined || !known.includes(written)) {
    throw new FloodmarkError('misuse', `--vary '${text}' is not name=a,b with a name of ${known.join(', ')}`)
  }
  return { setting: written, values: listOf(`--vary ${written}`, list) }
}

/** `a,b`. @throws FloodmarkError 'misuse' where a value is missing or comes twice. */
export function listOf(flag: string, text: string): string[] {
  const values = text.split(',').map((value) => value.trim())
  if (values.some((value) => value === ''))
    throw new FloodmarkError('misuse', `${flag} '${text}' has an empty name in it`)
  const twice = values.find((value, at) => values.indexOf(value) !== at)
  if (twice !== undefined) throw new FloodmarkError('misuse', `${flag} '${text}' has ${twice} twice`)
  return values
}

/** Every combination of the values, in the order in which they were written. @throws FloodmarkError 'misuse'. */
export function stacksOf(base: RunSettings, varied: readonly Varied[]): ComparedStack[] {
  let all: { readonly settings: RunSettings; readonly also: readonly string[] }[] = [{ settings: base, also: [] }]
  for (const { setting: written, values } of varied) {
    const [name, setting] = everySetting.find(([, one]) => flagOf(one) === `--${written}`)!
    all = all.flatMap(({ settings, also }) =>
      values.map((value) => {
        const read = settingValue(base.scenario, name, setting, value)
        const words = IN_NAME.includes(written) ? [] : [`${written} ${textOf(setting, read)}`]
        const given = [...(settings.given ?? []), name]
        return { settings: { ...settings, [name]: read, given }, also: [...also, ...words] }
      }),
    )
  }
  const stacks = all.map(({ settings, also }) => ({ name: [nameOf(settings), ...also].join(', '), settings }))
  const names = stacks.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    throw new FloodmarkError('misuse', `two of the compared are ${twice}: what differs is a secret, which is not shown`)
  return stacks
}

function nameOf({ receiver, queue, ledger, target }: RunSettings): string {
  return target === undefined ? `${receiver} → ${queue} → ${ledger}` : textOf(SETTINGS.target, target)
}

function settingValue(scenario: string, name: string, setting: Setting, value: string): unknown {
  // A switch has no value as a flag.
  const written = value === 'on' ? true : value === 'off' ? false : value
  const { settings, mistakes } = settingsOf(scenario, { [writtenName(setting)]: written })
  const [mistake] = mistakes
  if (mistake) throw new FloodmarkError('misuse', `${flagOf(setting)} ${mistake[1]}`)
  return settings[name as keyof RunSettings]
}

/**
 * The order of a round: forward and backward in turn, and each pair of rounds begins with another stack, so that what grows or
 * fades on the machine meanwhile strikes all alike.
 */
export function orderOf<T>(stacks: readonly T[], round: number): T[] {
  const first = Math.floor(round / 2) % Math.max(1, stacks.length)
  const turned = [...stacks.slice(first), ...stacks.slice(0, first)]
  return round % 2 === 0 ? turned : turned.toReversed()
}
