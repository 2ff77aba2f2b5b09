import { fileURLToPath } from 'node:url'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Ledger, LedgerDriver } from '../../core/contracts/ledger.ts'
import type { Provider } from '../../core/contracts/provider.ts'
import type { Queue, QueueDriver } from '../../core/contracts/queue.ts'
import type { Receiver } from '../../core/contracts/receiver.ts'
import { completed, type ReceivingProvider } from '../../core/receiving/completed.ts'
import { quoted } from './plain-words.ts'
import { isOurs, moduleOf } from './registry.ts'

/** What each kind of plug-in exports by default. */
export interface Plugins {
  readonly receiver: Receiver
  readonly queue: QueueDriver
  readonly ledger: LedgerDriver
  readonly provider: Provider
}

type MemberKind = 'function' | 'string' | 'number' | 'boolean' | 'object' | 'texts'
/** Members by name; a name that ends with ? may be absent. */
type Members = Readonly<Record<string, MemberKind>>

const DRIVER: Members = { open: 'function', drop: 'function', 'server?': 'string' }
const MEMBERS: Readonly<Record<Exclude<keyof Plugins, 'receiver'>, Members>> = {
  queue: DRIVER,
  ledger: DRIVER,
  provider: {
    name: 'string',
    module: 'string',
    signatureHeaders: 'texts',
    contextHeaders: 'texts',
    'staleAfterMs?': 'number',
    'bodyBytesMax?': 'number',
    'takesJwks?': 'boolean',
    'contentType?': 'string',
    'acceptedStatus?': 'number',
    secret: 'function',
    verify: 'function',
    'newSecret?': 'function',
    'seal?': 'function',
    sign: 'function',
    identify: 'function',
    'identifyAll?': 'function',
    'handshake?': 'function',
    'preflight?': 'function',
    delivery: 'object',
    sample: 'function',
  },
}
const DELIVERY: Members = { attemptsMax: 'number', timeoutMs: 'number', waitMs: 'function', model: 'boolean' }
const OPENED: Readonly<Record<'queue' | 'ledger', Members>> = {
  queue: {
    traits: 'object',
    publish: 'function',
    consume: 'function',
    probe: 'function',
    depth: 'function',
    close: 'function',
  },
  ledger: {
    traits: 'object',
    claim: 'function',
    settle: 'function',
    probe: 'function',
    buried: 'function',
    exhume: 'function',
    forget: 'function',
    keepCopy: 'function',
    keptCopies: 'function',
    read: 'function',
    scan: 'function',
    items: 'function',
    close: 'function',
  },
}
const EXPORTS: Readonly<Record<keyof Plugins, string>> = {
  receiver: 'a function of ReceiverOptions',
  queue: 'a driver { open, drop }',
  ledger: 'a driver { open, drop }',
  provider: 'a provider { name, verify, sign, … }',
}

/**
 * The receiver, queue, ledger or provider behind a name or a path, checked.
 * `use`: a service needs less of a provider than a run.
 * @throws FloodmarkError 'misuse' when it cannot be loaded, or lacks what its contract asks for; the message names the file.
 */
export async function load<K extends keyof Plugins>(
  kind: K,
  name: string,
  use: 'run' | 'service' = 'run',
): Promise<Plugins[K]> {
  const module = moduleOf(kind, name)
  const wrong = (what: string, cause?: unknown) => new FloodmarkError('misuse', `${name}: ${what}`, { cause })
  let made: unknown
  try {
    made = (await import(module)).default
  } catch (cause) {
    // Ours are right: a package that one of them needs is not installed, and the caller says how to get it.
    if (isOurs(kind, name)) throw cause
    throw wrong(`cannot be loaded: ${lineOf(cause)}`, cause)
  }
  const isToComplete = kind === 'provider' && use === 'service' && typeof made === 'object' && made !== null
  const whole = isToComplete ? completed(made as ReceivingProvider) : made
  const mistake = mistakeIn(kind, whole)
  if (mistake) throw wrong(mistake)
  return whole as Plugins[K]
}

/** What is wrong with the default export of a plug-in's file, in words; undefined when nothing is. */
export function mistakeIn(kind: keyof Plugins, made: unknown): string | undefined {
  if (made === undefined) return `no default export: a ${kind} is exported as default, ${EXPORTS[kind]}`
  if (kind === 'receiver') {
    return typeof made === 'function' ? undefined : `the default export must be ${EXPORTS[kind]}, not ${quoted(made)}`
  }
  if (typeof made !== 'object' || made === null) {
    return `the default export must be ${EXPORTS[kind]}, not ${quoted(made)}`
  }
  const mistake = firstMistake(made, MEMBERS[kind])
  if (mistake || kind !== 'provider') return mistake
  const inDelivery = firstMistake((made as Provider).delivery, DELIVERY)
  return inDelivery && `delivery.${inDelivery}`
}

/** What a driver's open() gave, checked. `module`: the driver's file URL. @throws FloodmarkError 'misuse' that names the file. */
export function opened<T extends Queue | Ledger>(kind: 'queue' | 'ledger', made: T, module: string): T {
  const mistake = typeof made === 'object' && made !== null ? firstMistake(made, OPENED[kind]) : `it is ${quoted(made)}`
  if (!mistake) return made
  throw new FloodmarkError('misuse', `${fileURLToPath(module)}: what open() resolves to is not a ${kind}: ${mistake}`)
}

function firstMistake(made: object, members: Members): string | undefined {
  for (const [written, kind] of Object.entries(members)) {
    const name = written.replace('?', '')
    const value: unknown = (made as Record<string, unknown>)[name]
    if (value === undefined && written.endsWith('?')) continue
    if (value === undefined) return `${name} is missing: it must be ${WORDS[kind]}`
    if (!isA(kind, value)) return `${name} must be ${WORDS[kind]}, not ${quoted(value)}`
  }
  return undefined
}

const WORDS: Readonly<Record<MemberKind, string>> = {
  function: 'a function',
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  texts: 'a list of texts',
}

function isA(kind: MemberKind, value: unknown): boolean {
  if (kind === 'texts') return Array.isArray(value) && value.every((one) => typeof one === 'string')
  return typeof value === kind && value !== null
}

/** The messages of Node's own loader may have several lines. */
export function lineOf(error: unknown): string {
  return messageOf(error).trim().split('\n')[0]!
}
