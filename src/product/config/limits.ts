import { FloodmarkError } from '../../core/contracts/errors.ts'
import { limitsOf, SERVICE_DEFAULTS } from '../../core/service/limits.ts'
import { didYouMean } from '../../runner/scenario/nearest.ts'
import { quoted } from '../../runner/scenario/plain-words.ts'

/** `listen` says where a service listens. */
const NOT_HERE: readonly string[] = ['host', 'port']
const DEFAULTS: Readonly<Record<string, unknown>> = SERVICE_DEFAULTS
const NAMES = Object.keys(DEFAULTS).filter((name) => !NOT_HERE.includes(name))

/** The limits of a config, of which nothing is known yet. @throws FloodmarkError 'misuse' that names the first that cannot be kept. */
export function checkLimits(limits: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(limits)) {
    if (NOT_HERE.includes(name)) throw wrong(`${name} is no limit: write listen: { ${name} }`)
    if (!NAMES.includes(name)) throw wrong(`there is no limit '${name}'${didYouMean(name, NAMES)}`)
    checkKind(name, value, DEFAULTS[name])
  }
  limitsOf(limits as never)
}

/** Where a default is several numbers, all of them are given: none would take the place of one that is left out. */
function checkKind(name: string, value: unknown, usual: unknown): void {
  if (typeof usual === 'number') {
    if (typeof value !== 'number') throw wrong(`${name} must be a number, not ${quoted(value)}`)
    return
  }
  const names = Object.keys(usual as object)
  const parts = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const isWhole =
    parts.length === names.length &&
    parts.every(([part, one]) => names.includes(part) && typeof one === 'number' && one >= 0)
  if (!isWhole) throw wrong(`${name} must have ${names.join(', ')}, each a number of 0 or more`)
}

const wrong = (what: string) => new FloodmarkError('misuse', what)
