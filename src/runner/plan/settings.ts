import { z } from 'zod'
import { shownUrl } from '../../core/base/kit/address.ts'
import { SERVICE_DEFAULTS } from '../../core/service/limits.ts'
import { plainWords } from '../scenario/plain-words.ts'
import type { Kind } from '../scenario/registry.ts'
import { target } from '../scenario/target.ts'
import { count, factor, perS, time, timeText } from './quantities.ts'

/**
 * **Settings** are what a person may choose for a run, checked, with every default: flags over the config over defaults.
 * The other three words: the **config** is the file floodmark.config.ts; a **plan** is what follows from settings and
 * scenario before anything starts; a **setup** holds final values with which a run or one of its processes is made.
 */

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const RATE_MAX = 10_000_000

export interface Setting {
  /** As commander reads it. The config has the same name in camelCase: --in-flight-max is inFlightMax. */
  readonly flag: `--${string}`
  /** Takes what people write; gives ms, events/s or a count, as the end of the setting's name says. */
  readonly schema: z.ZodType
  /** What it does; then units, where a value has one. Shown by --help. */
  readonly help: string
  /** What holds when it is not set and has no default. */
  readonly unset?: string
  /** The value is a name in this registry, or a path. */
  readonly names?: Kind
  /** Writes a value as a flag takes it. Default: as it is. */
  readonly text?: (value: never) => string
  /** An address that may hold a password: it is written down and shown without. The environment variable that may give it, whole. */
  readonly secret?: `FLOODMARK_${string}`
  /**
   * An address outside the run. Only a flag gives it, never the config, so that nothing is sent anywhere without being asked. It
   * is written down and shown without what looks like a secret.
   */
  readonly outside?: true
  /** Whether "Run it again" repeats it: 'changed' when the value is not the default, or 'never'. Default: 'changed'. */
  readonly again?: 'changed' | 'never'
}

/** Every setting of a run, in the order of --help. A new one is its entry here and the place that uses it. */
export const SETTINGS = {
  receiver: {
    flag: '--receiver <name>',
    schema: z.string().min(1).default('raw-http'),
    help: 'takes the requests',
    names: 'receiver',
  },
  queue: {
    flag: '--queue <name>',
    schema: z.string().min(1).default('embedded'),
    help: 'holds what was accepted until it is processed',
    names: 'queue',
  },
  ledger: {
    flag: '--ledger <name>',
    schema: z.string().min(1).default('lmdb'),
    help: 'holds effects, marks and dead letters',
    names: 'ledger',
  },
  target: {
    flag: '--target <url>',
    schema: target().optional(),
    help: 'a server that is not ours takes the requests: https://host/path, where {provider} stands for the name of each sender',
    unset: 'the stack of receiver, queue and ledger',
    outside: true,
  },
  effects: {
    flag: '--effects <from>',
    schema: z.string().min(1).optional(),
    help: 'where the target tells of its effects: an address, a file, or - for the standard input; docs/target.md says how',
    unset: 'what becomes of accepted events is not known',
    outside: true,
  },
  provider: {
    flag: '--provider <name>',
    schema: z.string().min(1).optional(),
    help: "sends all of the events, instead of the scenario's mix",
    names: 'provider',
    unset: "the scenario's own",
  },
  ratePerS: {
    flag: '--rate <events/s>',
    schema: perS('events', 1, RATE_MAX).optional(),
    help: "base rate, which the scenario's shape multiplies; 300, 3k or 3000/s",
    unset: "the scenario's own, or the mean of --shape",
  },
  durationMs: {
    flag: '--duration <time>',
    schema: time('s', SECOND_MS, DAY_MS).optional(),
    help: 'time of sending; 30s, 5m or 1h, a bare number is in seconds',
    unset: "the scenario's own",
    text: timeText,
  },
  shape: {
    flag: '--shape <file>',
    schema: z.string().min(1).optional(),
    help: "your own arrivals instead of the scenario's shape: lines of second,count, of a count or of a time, or an access log",
    unset: "the scenario's own",
  },
  spike: {
    flag: '--spike <factor>',
    schema: factor(1, 1_000).optional(),
    help: "the peak of the scenario's shape, as a multiple of the base rate",
    unset: "the scenario's own",
  },
  seed: {
    flag: '--seed <number>',
    schema: count(0, 2 ** 32 - 1).default(1),
    help: 'the same seed plans the same run; a whole number',
  },
  quick: {
    flag: '--quick',
    schema: z.boolean().default(false),
    help: 'a shorter run that keeps the meaning',
  },
  processes: {
    flag: '--processes <count>',
    schema: count(1, 64).default(1),
    help: 'receiver processes, and as many processor processes, where queue and ledger are shared',
  },
  queueUrl: {
    flag: '--queue-url <url>',
    schema: z.string().min(1).optional(),
    help: "address of the queue's server, or kafka-cluster: three brokers that the run starts; FLOODMARK_QUEUE_URL in the environment is the same, and keeps a password out of the command",
    unset: 'one is found or started',
    secret: 'FLOODMARK_QUEUE_URL',
  },
  ledgerUrl: {
    flag: '--ledger-url <url>',
    schema: z.string().min(1).optional(),
    help: "address of the ledger's server; FLOODMARK_LEDGER_URL in the environment is the same",
    unset: 'one is found or started',
    secret: 'FLOODMARK_LEDGER_URL',
  },
  fsync: {
    flag: '--fsync <when>',
    schema: z.enum(['always', 'everysec']).default('always'),
    help: 'when a server that the run starts writes to its disk: always (before each answer) or everysec',
  },
  senders: {
    flag: '--senders <count>',
    schema: count(1, 64).default(1),
    help: 'sender processes',
  },
  connectionsMax: {
    flag: '--connections-max <count>',
    schema: count(1, 20_000).default(8_000),
    help: 'open connections of a sender; an event that would need one more is not sent, and the stack has failed',
  },
  inFlightMax: {
    flag: '--in-flight-max <count>',
    schema: count(1, 1_000_000).default(SERVICE_DEFAULTS.inFlightMax),
    help: 'requests that a receiver has in progress; beyond it, it answers 503 at once (load shedding)',
  },
  publishDeadlineMs: {
    flag: '--publish-deadline <time>',
    schema: time('ms', 1, HOUR_MS).default(SERVICE_DEFAULTS.publishDeadlineMs),
    help: 'how long a receiver waits for the queue before it answers 503; 200ms or 5s, a bare number is in ms',
    text: timeText,
  },
  capacityPerS: {
    flag: '--capacity <events/s>',
    schema: perS('events', 1, RATE_MAX).optional(),
    help: 'the most that all receivers together can publish: a stack of that size; 280, 3k or 3000/s',
    unset: 'as much as they can',
  },
  acceptP99Ms: {
    flag: '--p99 <time>',
    schema: time('ms', 1, HOUR_MS).optional(),
    help: 'pass mark for the p99 of accepted first attempts; 200ms or 1.5s, a bare number is in ms',
    unset: "the scenario's own",
    text: timeText,
  },
  tag: {
    flag: '--tag <name>',
    schema: z
      .string()
      .regex(/^[\w.-]{1,60}$/, { error: "is no tag: write letters, digits, '.', '_' and '-'" })
      .optional(),
    help: 'a name by which this run, or several, is found again: npm run compare -- <tag> <tag>',
    unset: 'none',
    again: 'never',
  },
  out: {
    flag: '--out <folder>',
    schema: z.string().min(1).optional(),
    help: "a new folder for the run's records and report",
    unset: 'one of its own in reports/',
    again: 'never',
  },
} as const satisfies Readonly<Record<string, Setting>>

type SettingsTable = typeof SETTINGS
type SettingName = keyof SettingsTable
/** By their names in the table; one without a default may be unset. `scenario`: the name or path that the run was asked for. */
export type RunSettings = { readonly scenario: string } & {
  readonly [name in SettingName]: z.output<SettingsTable[name]['schema']>
} & {
  /** Those that a flag, the environment or the config has set, be it to the default. Not recorded. */
  readonly given?: readonly string[]
  /** What the target verifies with, by the names of the providers. Not recorded. */
  readonly signing?: Readonly<Record<string, string>>
  /** The providers in `signing`, as they are recorded: the names, and nothing of a secret. Absent: none. */
  readonly signed?: readonly string[] | undefined
}

type Camel<T> = T extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}` : T
type WrittenName<T> = T extends `--${infer Name} <${string}>`
  ? Camel<Name>
  : T extends `--${infer Name}`
    ? Camel<Name>
    : never
/** What floodmark.config.ts may hold, by the names of the flags in camelCase. */
export type RunConfig = {
  readonly [name in SettingName as WrittenName<SettingsTable[name]['flag']>]?: z.input<SettingsTable[name]['schema']>
}

export const everySetting = Object.entries(SETTINGS) as readonly (readonly [SettingName, Setting])[]

/** `--in-flight-max` of `--in-flight-max <count>`. */
export function flagOf({ flag }: Pick<Setting, 'flag'>): string {
  return flag.split(' ')[0]!
}

/** The same as the config has it, and commander's options: inFlightMax. */
export function writtenName(setting: Pick<Setting, 'flag'>): string {
  return flagOf(setting)
    .slice(2)
    .replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

const MASKED = 'is a masked copy of an address: *** stands where something may be secret, so put it back'

/** Values as people write them, checked, over the defaults; every mistake by its setting, in words that follow its name. */
export function settingsOf(
  scenario: string,
  given: RunConfig,
): { readonly settings: RunSettings; readonly mistakes: readonly (readonly [Setting, string])[] } {
  const settings: Record<string, unknown> = { scenario }
  const mistakes: [Setting, string][] = []
  for (const [name, setting] of everySetting) {
    const value = (given as Readonly<Record<string, unknown>>)[writtenName(setting)]
    const { data, error } = setting.schema.safeParse(value, { error: plainWords })
    if (error) mistakes.push([setting, error.issues[0]!.message])
    else if ((setting.secret || setting.outside) && String(data).includes('***')) mistakes.push([setting, MASKED])
    else settings[name] = data
  }
  const names = everySetting.filter(([, setting]) => Object.hasOwn(given, writtenName(setting))).map(([name]) => name)
  return { settings: { ...settings, given: names } as unknown as RunSettings, mistakes }
}

/** undefined: the setting has no default. */
export function defaultOf({ schema }: Pick<Setting, 'schema'>): unknown {
  return schema.parse(undefined)
}

/** A value as the flag takes it, without a secret. */
export function textOf({ text = String, secret, outside }: Setting, value: unknown): string {
  const written = (text as (value: unknown) => string)(value)
  return secret || outside ? shownUrl(written) : written
}

/** The settings as they may be written down and shown: no password is left in an address. */
export function recorded(settings: RunSettings): RunSettings {
  const shown = everySetting.map(([name, setting]) => {
    const value = settings[name]
    return [name, (setting.secret || setting.outside) && value !== undefined ? textOf(setting, value) : value]
  })
  return { scenario: settings.scenario, ...Object.fromEntries(shown), signed: signedOf(settings) }
}

/** The providers whose requests to a target are signed with a secret that a person gave; undefined: none. */
export function signedOf({ target, signing, signed }: RunSettings): readonly string[] | undefined {
  const names = target === undefined ? [] : Object.keys(signing ?? {}).toSorted()
  return names.length > 0 ? names : signed
}

/** The environment variable with the secret of a provider at a target. */
export const secretVariable = (provider: string) => `FLOODMARK_SECRET_${provider.toUpperCase().replaceAll('-', '_')}`

/** Settings as run.json and report.json hold them. */
export const recordedSettings = z.object({
  scenario: z.string(),
  ...Object.fromEntries(everySetting.map(([name, { schema }]) => [name, outputOf(schema)])),
  signed: z.array(z.string()).optional(),
}) as unknown as z.ZodType<RunSettings, RunSettings>

/** The schema of what a setting's schema gives. */
function outputOf(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional) return outputOf(schema.unwrap() as z.ZodType).optional()
  if (schema instanceof z.ZodDefault) return outputOf(schema.unwrap() as z.ZodType)
  return schema instanceof z.ZodPipe ? (schema.out as z.ZodType) : schema
}
