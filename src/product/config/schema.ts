import { z } from 'zod'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Observer } from '../../core/contracts/observer.ts'
import { runStartOf } from '../../runner/plan/run-namespace.ts'
import { everySetting, SETTINGS, writtenName } from '../../runner/plan/settings.ts'
import { didYouMean } from '../../runner/scenario/nearest.ts'
import { mistakesOf, plainWords, quoted } from '../../runner/scenario/plain-words.ts'
import type { ServiceConfig } from './config.ts'
import { checkLimits } from './limits.ts'

const text = z.string().min(1)

/** A text that the config may not hold itself. `what` it is, for who wrote it there. */
function elsewhere(what: string, more: readonly string[] = []) {
  const wrong = `give ${what} by its place, { env: 'NAME' } or { file: 'path' }`
  return z.custom<object>(
    (value) => {
      if (typeof value !== 'object' || value === null) return false
      const { env, file } = value as { env?: unknown; file?: unknown }
      const isOne = [env, file].filter((one) => typeof one === 'string' && one !== '').length === 1
      return isOne && Object.keys(value).every((name) => ['env', 'file', ...more].includes(name))
    },
    // Never quoted: it may be the secret itself.
    { error: () => wrong },
  )
}

const JWKS = /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/])/i

const secret = z
  .union(
    [
      elsewhere('a secret', ['until']),
      z.strictObject({
        jwks: z
          .string()
          .regex(JWKS, 'must be an address with https://: whoever changes the keys on their way can send')
          .refine(URL.canParse),
        until: z.unknown().optional(),
      }),
    ],
    {
      error: () => "give a secret by its place, { env: 'NAME' }, { file: 'path' } or { jwks: 'https://…' }",
    },
  )
  .check(({ value, issues }) => {
    const { until } = value as { until?: unknown }
    if (until === undefined || (typeof until === 'string' && Number.isFinite(Date.parse(until)))) return
    issues.push({ code: 'custom', input: value, message: `until must be an ISO time, not ${quoted(until)}` })
  })

const rate = z.strictObject({ perS: z.number().positive(), burst: z.number().positive().optional() })

const route = z.strictObject({
  provider: z.custom<string | object>(isTextOr('object'), {
    error: ({ input }) => `must be the name, the path or the object of a provider, not ${quoted(input)}`,
  }),
  source: text.optional(),
  secrets: z.preprocess((given) => (Array.isArray(given) ? given : [given]), z.array(secret).min(1)),
  orderBy: text.optional(),
  bodyBytesMax: z.int().min(1).optional(),
  compressed: z.enum(['after-signing', 'before-signing']).optional(),
  replies: z.custom<object>((value) => typeof value === 'object' && value !== null, 'must be an object').optional(),
  tellsReasons: z.boolean().optional(),
  allowFrom: z.array(text).min(1).optional(),
  rate: z.strictObject({ all: rate.optional(), each: rate.optional() }).optional(),
  schemas: z.custom<object>((value) => typeof value === 'object' && value !== null, 'must be an object').optional(),
  address: z
    .custom<string>((value) => URL.canParse(String(value)) && /^https?:/.test(String(value)), {
      error: ({ input }) =>
        `must be the whole address, https://hooks.example.com/webhooks/twilio, not ${quoted(input)}`,
    })
    .optional(),
})

const url = z.union([text, elsewhere('an address')])

/** A name alone stands for a store without an address. */
function store<T extends z.core.$ZodShape>(usual: string, more: T) {
  const whole = z.strictObject({ use: text, url: url.optional(), ...more })
  return z
    .preprocess((given) => (typeof given === 'string' ? { use: given } : given), whole)
    .default({ use: usual } as never)
}

const count = z.int().min(1).optional()
/** Which of them go together, the address says. */
const kafka = z.strictObject({
  topic: text.optional(),
  group: text.optional(),
  partitions: count,
  replication: count,
  compression: text.optional(),
  acks: text.optional(),
  lingerMs: z.int().min(0).optional(),
  mechanism: text.optional(),
  ca: text.optional(),
})

/** The fields of a service, by their names in the config. The settings of runs stand beside them. */
const SHAPE = {
  routes: z.record(text, route),
  handlers: z.custom<string | object>(isTextOr('object', 'function'), {
    error: ({ input }) =>
      input === undefined
        ? 'is missing: give the path of the file that exports them by default'
        : `must be the path of a file, or the handlers themselves, not ${quoted(input)}`,
  }),
  receiver: SETTINGS.receiver.schema,
  queue: store('embedded', { kafka: kafka.optional() }),
  ledger: store('lmdb', { rememberForMs: z.number().min(1).optional() }),
  namespace: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'must be 1-64 of a-z, 0-9 and -')
    .refine((name) => runStartOf(name) === undefined, 'is the name of a run: brokers sweep would delete its data')
    .default('floodmark'),
  trustedProxies: z.array(text).default([]),
  data: text.default('data'),
  listen: z
    .strictObject({
      host: text.default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(8080),
      tls: z.strictObject({ cert: text, key: text, clientCa: text.optional() }).optional(),
    })
    .prefault({}),
  admin: z.strictObject({ host: text.default('127.0.0.1'), port: z.int().min(0).max(65_535) }).optional(),
  observer: z.custom<Observer>(isObserver, 'must be an object of functions, answered, refused and settled').optional(),
  limits: z.record(z.string(), z.unknown()).default({}),
  ceilingPerS: z.number().positive().optional(),
  noticeMs: z.number().min(0).max(600_000).default(5_000),
}
const schema = z.object({
  ...SHAPE,
  processes: SETTINGS.processes.schema.unwrap().optional(),
  inFlightMax: SETTINGS.inFlightMax.schema.unwrap().optional(),
  publishDeadline: SETTINGS.publishDeadlineMs.schema.unwrap().optional(),
})

/** What a config may hold: settings of runs, and the service. */
const NAMES: readonly string[] = [
  ...everySetting.map(([, setting]) => writtenName(setting)),
  ...(Object.keys(SHAPE) as readonly (keyof ServiceConfig)[]),
]

/** Nobody reads a field of another name: what it should bring about would be missing without a word. @throws FloodmarkError 'misuse'. */
export function checkNames(config: object, file: string): void {
  const unknown = Object.keys(config).filter((name) => !NAMES.includes(name))
  if (unknown.length === 0) return
  const said = unknown.map((name) => `has no setting '${name}'${didYouMean(name, NAMES)}`)
  throw new FloodmarkError('misuse', `${file} ${said.join('; ')}`)
}

export type CheckedConfig = z.output<typeof schema>

/** @throws FloodmarkError 'misuse' that names every mistake, in one line. */
export function checkedConfig(given: object, file: string): CheckedConfig {
  checkNames(given, file)
  const { data, error } = schema.safeParse(given, { error: plainWords })
  if (error) throw new FloodmarkError('misuse', `${file}: ${mistakesOf(error)}`)
  try {
    checkLimits(data.limits)
  } catch (cause) {
    throw new FloodmarkError('misuse', `${file}: limits: ${(cause as Error).message}`, { cause })
  }
  return data
}

function isTextOr(...kinds: readonly string[]) {
  return (value: unknown) =>
    typeof value === 'string' ? value !== '' : value !== null && kinds.includes(typeof value) && !Array.isArray(value)
}

function isObserver(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const names = Object.keys(value)
  return (
    names.every((name) => ['answered', 'refused', 'settled'].includes(name)) && Object.values(value).every(isFunction)
  )
}

const isFunction = (value: unknown) => typeof value === 'function'
