import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Provider } from '../../core/contracts/provider.ts'
import type { DriftKind } from './scenario.ts'

type Sample = ReturnType<Provider['sample']>
type Json = Record<string, unknown>

/** What can change in a provider's bodies without touching the id and the key by which events are known. */
interface Way {
  readonly renamed: { readonly path: readonly string[]; readonly to: string }
  readonly missing: readonly string[]
  /** Where a body says its version, and which one is new. */
  readonly version: { readonly name: string; readonly to: string }
  readonly type: { readonly name?: string; readonly to: string }
  /** Spaces a level in the sender's own JSON. */
  readonly indent?: number
}

const WAYS: Readonly<Record<string, Way>> = {
  stripe: {
    renamed: { path: ['data', 'object', 'currency'], to: 'currency_code' },
    missing: ['data', 'object', 'status'],
    version: { name: 'api_version', to: '2027-03-31.clover' },
    type: { name: 'type', to: 'settlement.created' },
    indent: 2,
  },
  razorpay: {
    renamed: { path: ['payload', 'payment', 'entity', 'amount'], to: 'amount_minor' },
    missing: ['payload', 'payment', 'entity', 'currency'],
    version: { name: 'version', to: '2' },
    type: { name: 'event', to: 'settlement.processed' },
  },
  generic: {
    renamed: { path: ['data', 'order', 'amount'], to: 'amountMinor' },
    missing: ['data', 'order', 'status'],
    version: { name: 'version', to: '2' },
    type: { name: 'type', to: 'order.split' },
  },
  github: {
    renamed: { path: ['repository', 'default_branch'], to: 'main_branch' },
    missing: ['repository', 'visibility'],
    version: { name: 'version', to: '2' },
    // Its type travels in a header.
    type: { to: 'merge_group' },
  },
}

/** Providers whose bodies can change; those of others would need a way here and schemas (./schemas.ts). */
export const DRIFTING = Object.keys(WAYS)

/** A sample with one change, before it is signed. @throws FloodmarkError 'misuse' for a provider that is not in DRIFTING. */
export function drifted(provider: string, kind: DriftKind, { type, body }: Sample): Sample {
  const way = WAYS[provider]
  if (!way) throw new FloodmarkError('misuse', `the bodies of ${provider} cannot drift: use ${DRIFTING.join(', ')}`)
  const json: Json = JSON.parse(Buffer.from(body).toString())
  change(json, kind, way)
  const text = JSON.stringify(json, null, way.indent)
  return { type: kind === 'unknownType' ? way.type.to : type, body: Buffer.from(text) }
}

function change(json: Json, kind: DriftKind, { renamed, missing, version, type }: Way): void {
  if (kind === 'added') json.settlement_hint = { batch: 'next-day' }
  else if (kind === 'newVersion') json[version.name] = version.to
  else if (kind === 'missing') delete parentOf(json, missing)[missing.at(-1)!]
  else if (kind === 'renamed') {
    const parent = parentOf(json, renamed.path)
    const name = renamed.path.at(-1)!
    parent[renamed.to] = parent[name]
    delete parent[name]
  } else if (type.name) json[type.name] = type.to
}

function parentOf(json: Json, path: readonly string[]): Json {
  return path.slice(0, -1).reduce((at, name) => at[name] as Json, json)
}
