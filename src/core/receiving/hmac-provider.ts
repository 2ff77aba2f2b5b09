import { createHmac, hash } from 'node:crypto'
import { jsonBody, keyAt, parseBody, textAt } from '../base/json-body.ts'
import { FloodmarkError } from '../contracts/errors.ts'
import type { Incoming } from '../contracts/incoming.ts'
import type { Provider, RetryPolicy, Secret, SignOptions } from '../contracts/provider.ts'
import { USUAL_DELIVERY } from './completed.ts'
import {
  decodeSignature,
  noMatch,
  requireFresh,
  sameBytes,
  schemeItems,
  signedHeader,
  TIMESTAMP_TOLERANCE_S,
  textSecret,
} from './signature.ts'

/** Where a request has a value: a header, or a field of its JSON body by its path. */
export type RequestPlace = { readonly header: string } | { readonly body: string }

export interface HmacOptions {
  /** The provider's name, and its events' source unless the route has one. */
  readonly name: string
  /** The header with the signature. */
  readonly header: string
  /** Default: sha256. */
  readonly algorithm?: 'sha256' | 'sha512' | 'sha1'
  /** How the signature is written. Default: hex. */
  readonly encoding?: 'hex' | 'base64'
  /** What stands before the signature in its header: 'sha256='. Default: nothing. */
  readonly prefix?: string
  /**
   * The header has several items, `t=1,v1=ab,v1=cd` or `ts=1; h1=ab`: any of this name may be the signature. Takes the place
   * of `prefix`.
   */
  readonly item?: string
  /** When it was signed, in Unix seconds: a header, or an item of the signature's own. Default: no time is signed. */
  readonly timestamp?: { readonly header: string } | { readonly item: string }
  /** The signed time may be off by so many seconds. Default: 300. */
  readonly toleranceS?: number
  /** What is signed, with {id}, {timestamp} and {body} in it. Default: '{timestamp}.{body}' where a time is signed, else '{body}'. */
  readonly signed?: string
  /** The sender's own id of the event. Default: a hash of the body, so that copies are known while they are the same. */
  readonly id?: RequestPlace
  /** The ordering key. Default, and where it is missing: the id. */
  readonly key?: RequestPlace
  /** The event's type. Default, and where it is missing: 'unknown'. */
  readonly type?: RequestPlace
  /** Default: JSON, and then a body that is none is refused however well it is signed. */
  readonly contentType?: string
  /** How it sends again. Default: eight attempts in three days. */
  readonly delivery?: RetryPolicy
}

/** A provider of your own by configuration: HMAC over the raw body. @throws FloodmarkError 'misuse' where the options make none. */
export function hmac(options: HmacOptions): Provider {
  checkOptions(options)
  const { name, id, key, type, timestamp, contentType, delivery = USUAL_DELIVERY } = options
  const scheme = new HmacScheme(options)
  const kept = [id, key, type].flatMap((place) => (place && 'header' in place ? [place.header.toLowerCase()] : []))
  const stated = timestamp && 'header' in timestamp ? [timestamp.header.toLowerCase()] : []
  return {
    name,
    module: '',
    signatureHeaders: [options.header.toLowerCase(), ...stated, ...(scheme.signsId ? idHeaders(id) : [])],
    contextHeaders: [...new Set(kept)],
    ...(timestamp && { staleAfterMs: scheme.toleranceS * 1_000 }),
    ...(contentType !== undefined && { contentType }),
    delivery,
    secret: (text) => textSecret(name, text),
    verify: (request, secrets) => scheme.verify(request, secrets),
    sign: (body, secret, about) => scheme.sign(body, secret, about),
    identify(request) {
      const body = contentType === undefined ? jsonBody(request.raw) : parseBody(request.raw)
      const found = id ? textIn(id, request, body) : hash('sha256', request.raw)
      if (!found) throw new FloodmarkError('bad-request', `the event has no id in ${wordsFor(id!)}: send it`)
      return {
        id: found,
        key: (key && keyIn(key, request, body)) ?? found,
        type: (type && textIn(type, request, body)) ?? 'unknown',
      }
    },
    sample(random, about) {
      const body: Record<string, unknown> = { amount: Math.floor(random() * 1e6), id: about.id, key: about.key }
      for (const [place, value] of [
        [id, about.id],
        [key, about.key],
        [type, 'sample'],
      ] as const) {
        if (place && 'body' in place) put(body, place.body.split('.'), value)
      }
      return { type: type && 'body' in type ? 'sample' : 'unknown', body: Buffer.from(JSON.stringify(body)) }
    },
  }
}

class HmacScheme {
  readonly toleranceS: number
  readonly signsId: boolean
  readonly #options: HmacOptions
  readonly #parts: readonly string[]

  constructor(options: HmacOptions) {
    this.#options = options
    this.toleranceS = options.toleranceS ?? TIMESTAMP_TOLERANCE_S
    const signed = options.signed ?? (options.timestamp ? '{timestamp}.{body}' : '{body}')
    this.#parts = signed.split(/(\{[a-z]+\})/).filter((part) => part !== '')
    this.signsId = this.#parts.includes('{id}')
  }

  verify(request: Incoming, secrets: readonly Secret[]): void {
    const { header, id, timestamp, encoding = 'hex' } = this.#options
    const signature = signedHeader(request.header(header.toLowerCase()), header)
    const items = this.#hasItems ? itemsIn(signature) : []
    const at = timestamp && this.#timeIn(timestamp, request, items)
    if (at !== undefined) requireFresh(at, request.receivedAtMs, this.toleranceS)
    const claims = this.#claimsIn(signature, items).flatMap((text) => {
      return decodeSignature(text, encoding, this.#bytes) ?? []
    })
    if (claims.length === 0) {
      const how = 'sign as the route is configured'
      throw new FloodmarkError('bad-signature', `the signature is malformed: ${how}`, { reason: 'malformed' })
    }
    const signedId = this.signsId && id ? signedHeader(textIn(id, request, undefined), wordsFor(id)) : ''
    for (const secret of secrets) {
      const expected = this.#digest(secret, request.raw, signedId, at ?? '')
      if (claims.some((claim) => sameBytes(claim, expected))) return
    }
    throw noMatch()
  }

  sign(body: Uint8Array, secret: Secret, { id, type, atMs }: SignOptions): Record<string, string> {
    const { header, prefix = '', item, timestamp, encoding = 'hex' } = this.#options
    const at = timestamp ? String(Math.floor(atMs / 1_000)) : ''
    const text = this.#digest(secret, body, id, at).toString(encoding)
    const items = [
      timestamp && 'item' in timestamp && `${timestamp.item}=${at}`,
      item !== undefined && `${item}=${text}`,
    ]
    const headers: Record<string, string> = {}
    for (const [place, value] of [
      [this.#options.id, id],
      [this.#options.type, type],
    ] as const) {
      if (place && 'header' in place) headers[place.header.toLowerCase()] = value
    }
    if (timestamp && 'header' in timestamp) headers[timestamp.header.toLowerCase()] = at
    headers[header.toLowerCase()] = item === undefined ? prefix + text : items.filter(Boolean).join(',')
    return headers
  }

  get #hasItems(): boolean {
    return this.#options.item !== undefined
  }

  get #bytes(): number {
    return { sha1: 20, sha256: 32, sha512: 64 }[this.#options.algorithm ?? 'sha256']
  }

  #timeIn(
    place: NonNullable<HmacOptions['timestamp']>,
    request: Incoming,
    items: ReturnType<typeof schemeItems>,
  ): string {
    if ('header' in place) return signedHeader(request.header(place.header.toLowerCase()), place.header)
    return signedHeader(items.find(([name]) => name === place.item)?.[1], `${place.item} of ${this.#options.header}`)
  }

  #claimsIn(signature: string, items: ReturnType<typeof schemeItems>): readonly string[] {
    const { prefix = '', item } = this.#options
    if (item !== undefined) return items.filter(([name]) => name === item).map(([, text]) => text)
    return signature.startsWith(prefix) ? [signature.slice(prefix.length)] : []
  }

  #digest(secret: Secret, body: Uint8Array, id: string, at: string): Buffer {
    const mac = createHmac(this.#options.algorithm ?? 'sha256', secret)
    for (const part of this.#parts) {
      mac.update(part === '{body}' ? body : part === '{id}' ? id : part === '{timestamp}' ? at : part)
    }
    return mac.digest()
  }
}

/** Neither mark is in a time or a signature. */
function itemsIn(signature: string): ReturnType<typeof schemeItems> {
  return schemeItems(signature.replaceAll(';', ',')).map(([name, text]) => [name.trim(), text.trim()] as const)
}

function textIn(place: RequestPlace, request: Incoming, body: unknown): string | undefined {
  return 'header' in place ? request.header(place.header.toLowerCase()) : textAt(body, ...place.body.split('.'))
}

function keyIn(place: RequestPlace, request: Incoming, body: unknown): string | undefined {
  return 'header' in place ? request.header(place.header.toLowerCase()) : keyAt(body, ...place.body.split('.'))
}

function idHeaders(place: RequestPlace | undefined): readonly string[] {
  return place && 'header' in place ? [place.header.toLowerCase()] : []
}

function wordsFor(place: RequestPlace): string {
  return 'header' in place ? `header ${place.header}` : `${place.body} of the body`
}

function put(target: Record<string, unknown>, [name, ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) target[name!] = value
  else {
    const inner = (target[name!] ?? {}) as Record<string, unknown>
    target[name!] = typeof inner === 'object' ? inner : {}
    put(target[name!] as Record<string, unknown>, rest, value)
  }
}

function checkOptions({ name, header, prefix, item, timestamp, signed, id, toleranceS }: HmacOptions): void {
  const wrong = (what: string) => new FloodmarkError('misuse', `hmac ${name ?? ''}: ${what}`)
  if (!name || !/^[^:\p{Cc}]{1,64}$/u.test(name)) throw wrong('name is missing or has a colon: give it 1-64 characters')
  if (!header) throw wrong('header is missing: name the header with the signature')
  if (item !== undefined && prefix) throw wrong('item and prefix are both given: a header has either')
  if (timestamp && 'item' in timestamp && item === undefined)
    throw wrong('timestamp is an item: name the item of the signature')
  const parts: readonly string[] = (signed ?? (timestamp ? '{timestamp}{body}' : '{body}')).match(/\{[^}]*\}/g) ?? []
  const unknown = parts.find((part) => !['{id}', '{timestamp}', '{body}'].includes(part))
  if (unknown) throw wrong(`signed has ${unknown}: use {id}, {timestamp} and {body}`)
  if (parts.filter((part) => part === '{body}').length !== 1) throw wrong('signed must have {body} once')
  // A time that is not signed proves nothing, and is looked at as if it did.
  if (timestamp && !parts.includes('{timestamp}')) throw wrong('timestamp is not in what is signed: add {timestamp}')
  if (parts.includes('{timestamp}') && !timestamp) throw wrong('signed has {timestamp}: say where the request has it')
  if (parts.includes('{id}') && (!id || !('header' in id))) throw wrong('signed has {id}: name the header that has it')
  if (toleranceS !== undefined && !(toleranceS > 0)) throw wrong(`toleranceS is ${toleranceS}, give more than 0`)
}
