import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command, Option } from 'commander'
import { shownUrl } from '../../core/base/kit/address.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { shownValue } from '../plan/shown.ts'

type NpmEnvironment = Readonly<Record<string, string | undefined>>
/** Whether a flag, or an argument by its name, would take a value. */
type Takes = (name: string, value: string) => boolean

interface Swallowed {
  readonly option: Option
  /** true: npm took its value for an argument, or it has none. */
  readonly value: string | true
}

/**
 * `npm run scenario flash-sale --queue=kafka` gives npm the flag: it must stand behind `--`. npm keeps flags that it does not
 * know, and those of the same name that it does, in the environment. Without this the run would go on with its defaults. The
 * same is true of `npm exec floodmark scenario flash-sale --queue=kafka`.
 * `args`: what the command got. @throws FloodmarkError 'misuse' with the line to type.
 */
export function refuseSwallowed(
  command: Command,
  args: readonly string[],
  takes: Takes = () => true,
  env: NpmEnvironment = process.env,
): void {
  const isExec = env.npm_command === 'exec' && env.npm_lifecycle_event === 'npx'
  if (!isExec && env.npm_lifecycle_event !== command.name()) return
  const called = command.commands.find((one) => one.name() === args[0])
  const leaf = called ?? command
  const swallowed = leaf.options.flatMap((option): Swallowed[] => {
    const value = keptByNpm(option, env)
    return value === undefined ? [] : [{ option, value }]
  })
  if (swallowed.length === 0) return
  const names = swallowed.map(({ option }) => option.long).join(', ')
  const own = called ? [called.name()] : []
  const [operands, flags] = lineOf(leaf, args.slice(own.length), swallowed, takes)
  const line = isExec
    ? ['npm exec -- floodmark', command.name(), ...own, ...operands, ...flags]
    : [npmRun(command.name(), env), ...own, ...operands, '--', ...flags]
  throw new FloodmarkError('misuse', `npm took ${names} for itself: flags come after --. Type: ${line.join(' ')}`)
}

/** The value of a flag that a person gave to npm; undefined when they did not. */
function keptByNpm({ long, required }: Option, env: NpmEnvironment): string | true | undefined {
  const name = long!.slice(2).replaceAll('-', '_')
  // Twice the same flag: two values, apart by an empty line. Commander takes the last one too.
  const value = env[`npm_config_${name}`]?.split('\n\n').at(-1)
  // npm gives an empty value to a flag that is off.
  if (!value || value === 'false' || value === inNpmrc(name, env)) return undefined
  return value === 'true' || !required ? true : value
}

/** Some of our flags are settings of npm too (yes, all, dry-run): a value that stands in a file of npm's is not ours. */
function inNpmrc(name: string, env: NpmEnvironment): string | undefined {
  const { npm_config_local_prefix: project, npm_config_userconfig: user, npm_config_globalconfig: all } = env
  const files = [project && join(project, '.npmrc'), user, all]
  const line = new RegExp(`^\\s*${name.replaceAll('_', '[-_]')}\\s*(?:=\\s*(.*?)\\s*)?$`, 'm')
  for (const file of files) {
    const found = file && existsSync(file) && line.exec(readFileSync(file, 'utf8'))
    if (found) return found[1] ?? 'true'
  }
  return undefined
}

/** From the kit's folder the short way to call npm, from elsewhere the one that finds the kit. */
function npmRun(name: string, { INIT_CWD: from }: NpmEnvironment): string {
  const kit = fileURLToPath(new URL('../../..', import.meta.url))
  const within = from === undefined || !/^\.\.|^\/|^[A-Za-z]:/.test(relative(kit, from))
  return within ? `npm run ${name}` : `npm --prefix ${shownValue(kit.replace(/[\\/]$/, ''))} run ${name}`
}

/** A value that npm mixed up with the arguments goes back to its flag. */
function lineOf(
  leaf: Command,
  args: readonly string[],
  swallowed: readonly Swallowed[],
  takes: Takes,
): [operands: readonly string[], flags: readonly string[]] {
  const { operands, unknown } = leaf.parseOptions([...args])
  const rest = args.filter((arg) => !operands.includes(arg) && !unknown.includes(arg)).concat(unknown)
  const bare = swallowed.filter(({ option, value }) => option.required && value === true)
  const [values, own] = sorted(leaf, operands, bare, takes)
  const flags = swallowed.flatMap(({ option, value }) => {
    if (!option.required) return [option.long!]
    const given = value === true ? values[bare.findIndex((one) => one.option === option)] : value
    // Which value belongs to it cannot be told: the help's own word for it.
    return [option.long!, given === undefined ? option.flags.split(' ')[1]! : typed(given)]
  })
  return [own.map(typed), [...flags, ...rest.map(typed)]]
}

/** A word of the line to type. A password is left out of it, also one with a blank in it. */
function typed(word: string): string {
  return shownValue(shownUrl(word))
}

/** Which operands are the values of the flags, and which are arguments: where exactly one way fits, that one. */
function sorted(
  leaf: Command,
  operands: readonly string[],
  bare: readonly Swallowed[],
  takes: Takes,
): [values: readonly string[], own: readonly string[]] {
  const known = leaf.registeredArguments
  const most = known.at(-1)?.variadic ? Number.POSITIVE_INFINITY : known.length
  const ways: [string[], string[]][] = []
  const place = (at: number, values: string[], left: readonly string[]) => {
    if (at < bare.length) {
      for (const [position, value] of left.entries()) {
        if (takes(bare[at]!.option.long!, value)) place(at + 1, [...values, value], left.toSpliced(position, 1))
      }
    } else if (left.length <= most && left.every((one, index) => takes(known[index]?.name() ?? '', one))) {
      ways.push([values, [...left]])
    }
  }
  // More flags would have too many orders to try.
  if (bare.length <= 5) place(0, [], operands)
  if (ways.length === 1) return ways[0]!
  return [[], operands.slice(0, Math.min(most, Math.max(0, operands.length - bare.length)))]
}
