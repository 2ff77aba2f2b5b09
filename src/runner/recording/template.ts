import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Identity, Provider, Secret } from '../../core/contracts/provider.ts'
import { filler, type Template } from '../scenario/templates.ts'
import { documentOf } from './document.ts'

/** A request as somebody kept it; header names in lower case. */
export interface Recorded {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

const LEAVES_MAX = 5_000
/** A text that nobody sends. Where it turns up in an identity, it tells what the identity is made of. */
const MARKER = 'floodmark-marker'
const TRIAL = { id: 'trial0000-1', key: 'k1' }

/**
 * Makes a template of a recorded request. Where id, key and type stand is found by trying: each value is replaced once, and
 * the provider's own `identify` tells what that changes.
 * `keeps`: whether the value at a path of names stays as it is. @throws FloodmarkError 'bad-request' that says why it cannot be one, without quoting the body.
 */
export function templateOf(
  provider: Provider,
  { headers, body }: Recorded,
  keeps: (path: string) => boolean = () => false,
): Template {
  const document = documentOf(body, provider.contentType)
  if (!document) throw new FloodmarkError('bad-request', `the body is not ${provider.contentType ?? 'JSON'}`)
  if (document.leaves.length > LEAVES_MAX) throw new FloodmarkError('bad-request', `more than ${LEAVES_MAX} values`)
  const recorded = identifierOf(provider, headers)
  const { type } = recorded(body, TRIAL.id)
  const parts = document.leaves.map((leaf) => partOf(recorded, leaf.with(MARKER), type))
  const holes = { id: parts.findIndex((part) => part.id), key: parts.findIndex((part) => part.key) }
  const text = document.render((position) => {
    if (position === holes.id) return '<id>'
    if (position === holes.key) return '<key>'
    const { path, value } = document.leaves[position]!
    return parts[position]!.needed || keeps(path) ? value : undefined
  })
  const template = { type, body: text }
  // Of the recorded headers a run sends none: it must work without them.
  checkTemplate(template, identifierOf(provider, {}))
  return template
}

/** What the provider finds in it: its type, and whether it has an ordering key of its own; undefined where it is no event. */
export function knownOf(
  provider: Provider,
  { headers, body }: Recorded,
): { type: string; isKeyed: boolean } | undefined {
  try {
    const { id, key, type } = identifierOf(provider, headers)(body, TRIAL.id)
    return { type, isKeyed: key !== id }
  } catch {
    return undefined
  }
}

type Identify = (body: Uint8Array, id: string, type?: string) => Identity

/** Headers as the provider would send them, under those that were recorded. */
function identifierOf(provider: Provider, recorded: Recorded['headers']): Identify {
  const secret = secretOf(provider)
  const url = 'http://recorded.invalid/'
  return (body, id, type = 'unknown') => {
    const signed = Object.entries(provider.sign(body, secret, { id, type, atMs: 0, url }))
    const headers = new Map(signed.map(([name, value]) => [name.toLowerCase(), value]))
    for (const name of provider.contextHeaders) {
      const value = recorded[name]
      if (value !== undefined && value !== '') headers.set(name, value)
    }
    return provider.identify({ url, header: (name) => headers.get(name), raw: body, receivedAtMs: 0 })
  }
}

function partOf(recorded: Identify, body: Uint8Array, type: string) {
  try {
    const found = recorded(body, TRIAL.id)
    const changesType = found.type !== type
    return {
      id: !changesType && found.id.endsWith(MARKER),
      key: !changesType && found.key.endsWith(MARKER) && !found.id.endsWith(MARKER),
      needed: changesType,
    }
  } catch {
    return { id: false, key: false, needed: true }
  }
}

function checkTemplate(template: Template, identify: Identify): void {
  let found: Identity
  try {
    found = identify(filler(template)(TRIAL), TRIAL.id, template.type)
  } catch (error) {
    throw new FloodmarkError('bad-request', messageOf(error))
  }
  if (!found.id.endsWith(TRIAL.id)) throw new FloodmarkError('bad-request', 'no place for an id of its own was found')
  if (found.type !== template.type) throw new FloodmarkError('bad-request', 'its type is not found again')
}

/** One for each provider: a pair of RSA keys takes long to make. */
const secrets = new WeakMap<Provider, Secret>()
function secretOf(provider: Provider): Secret {
  let secret = secrets.get(provider)
  if (!secret) {
    secret = provider.secret(provider.newSecret?.().signing ?? 'c2VjcmV0LW9mLW5vYm9keS1mb3ItdHJpYWxzLW9ubHk=')
    secrets.set(provider, secret)
  }
  return secret
}
