import { createSecretKey, randomBytes } from 'node:crypto'
import { digestOfParts } from '../src/core/base/copy-digest.ts'
import { parseBody, textAt } from '../src/core/base/json-body.ts'
import { jsonTemplate } from '../src/core/base/json-template.ts'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import type { Incoming } from '../src/core/contracts/incoming.ts'
import type { Identity, Provider, Secret } from '../src/core/contracts/provider.ts'
import { decodeSignature, hmacBase64, requireHmac, secretText } from '../src/core/receiving/signature.ts'

/**
 * Adyen's payment webhooks. One body carries several items, each with its signature in `additionalData.hmacSignature`:
 * base64 HMAC-SHA256 over eight fields of the item, joined by ':'. The key is in hex. Nothing else is signed: the holder of a
 * genuine request can change `live`, `eventDate`, `reason` and the rest of `additionalData`. So act on the signed eight
 * alone, and keep the route behind TLS. There is no timestamp: the ledger's memory of ids stops replays. Any 2xx is taken for a
 * receipt. Where an older webhook of yours still wants a body, set the route's `replies: { accepted: { body: '[accepted]' } }`.
 */

/** A body with more items is refused: each item costs an HMAC for each secret. */
const ITEMS_MAX = 64
/** Limits of the parsing before the sender is known: 64 items of 4 kB, and no more objects and arrays than they need. */
const BODY_BYTES_MAX = 256 * 1024
const OPENINGS_MAX = 4_096
const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000]

/** Waits in ms before attempts 2 to 13: at 9, 18 and 27 s, then 2 min, 5 min and on to 8 h. Every further wait is 8 h. */
const WAITS_MS = [
  ...[9, 9, 9].map((seconds) => seconds * SECOND_MS),
  ...[2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 4, 8].map((hours) => hours * HOUR_MS),
]
/** The 87 further attempts end just under 30 days after the event. */
const FURTHER_WAITS = 87

function template(eventCode: string, originalReference: string, additionalData: Record<string, string>) {
  const item = {
    additionalData,
    amount: { currency: 'EUR', value: '<#amount>' },
    eventCode,
    eventDate: '2026-09-01T08:30:00+02:00',
    merchantAccountCode: 'ExampleMerchant',
    merchantReference: '<key>',
    originalReference,
    paymentMethod: 'visa',
    pspReference: '<id>',
    reason: '',
    success: 'true',
  }
  const notificationItems = [{ NotificationRequestItem: item }]
  return { type: eventCode, body: jsonTemplate({ live: 'false', notificationItems }) }
}
const AUTHORISATION = template('AUTHORISATION', '', {
  authCode: '<number>',
  cardSummary: '7777',
  expiryDate: '03/2030',
  recurringProcessingModel: 'Subscription',
})
const CAPTURE = template('CAPTURE', '8<number>', {})

/** Whether parsing is cheap. Each array or object costs a hundred times as much as a byte of text. */
function isCheap(raw: Uint8Array): boolean {
  if (raw.length > BODY_BYTES_MAX) return false
  let openings = 0
  for (const byte of raw) if (byte === 0x5b || byte === 0x7b) openings++
  return openings <= OPENINGS_MAX
}

/** The items of a body; undefined where the body is not Adyen's. */
function itemsOf(raw: Uint8Array): unknown[] | undefined {
  if (!isCheap(raw)) return undefined
  const items = (parseBody(raw) as { notificationItems?: unknown } | null | undefined)?.notificationItems
  if (!Array.isArray(items) || items.length === 0 || items.length > ITEMS_MAX) return undefined
  return items.map((item) => item?.NotificationRequestItem)
}

/**
 * A field as Adyen's own libraries sign it: a text, a number or a boolean as it is written, '' where it is absent; undefined
 * for a value of another type. Adyen's documents have texts for all, but amounts and booleans come in both forms.
 */
function fieldOf(of: unknown, name: string): string | undefined {
  const value = (of as Record<string, unknown>)[name] ?? ''
  if (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)) return String(value)
  return undefined
}

/**
 * The signed text; undefined where it is ambiguous. Only the merchant's reference may have colons: with two such fields, text
 * could move between them.
 */
function signedText(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  const { amount } = item as { amount?: unknown }
  if (typeof amount !== 'object' || amount === null) return undefined
  const reference = fieldOf(item, 'merchantReference')
  const before = ['pspReference', 'originalReference', 'merchantAccountCode'].map((name) => fieldOf(item, name))
  const after = [
    fieldOf(amount, 'value'),
    fieldOf(amount, 'currency'),
    fieldOf(item, 'eventCode'),
    fieldOf(item, 'success'),
  ]
  const clean = [...before, ...after].every((text) => text !== undefined && !text.includes(':'))
  return clean && reference !== undefined ? [...before, reference, ...after].join(':') : undefined
}

function identityOf(item: unknown): Identity {
  const [reference, type, success] = ['pspReference', 'eventCode', 'success'].map((name) => fieldOf(item, name))
  if (!reference || !type) throw new FloodmarkError('bad-request', 'an item has no pspReference and eventCode')
  // One pspReference serves a payment's AUTHORISATION and its CHARGEBACK alike.
  const id = `${type}:${success ?? ''}:${reference}`
  // A later event of a payment has its own pspReference, but the payment's merchant reference.
  const key = textAt(item, 'merchantReference') ?? textAt(item, 'originalReference') ?? reference
  // A body holds several events, and not always the same ones. What is signed is the event's own.
  return { id, key, type, digest: digestOfParts(signedText(item) ?? '') }
}

function identifyAll(request: Incoming): Identity[] {
  const items = itemsOf(request.raw)
  if (!items) throw new FloodmarkError('bad-request', `the body must have 1 to ${ITEMS_MAX} notificationItems`)
  return items.map(identityOf)
}

function importKey(text: string): Secret {
  if (!/^[0-9a-f]{64}$/i.test(secretText('adyen', text))) {
    throw new FloodmarkError('misuse', 'the adyen HMAC key is not 64 hex digits: copy it from the Customer Area anew')
  }
  return createSecretKey(Buffer.from(text, 'hex'))
}

const adyen: Provider = {
  name: 'adyen',
  module: import.meta.url,
  signatureHeaders: [],
  contextHeaders: [],
  delivery: {
    attemptsMax: 1 + WAITS_MS.length + FURTHER_WAITS,
    timeoutMs: 10_000,
    waitMs: (attempt) => WAITS_MS[Math.min(attempt - 2, WAITS_MS.length - 1)]!,
    resendsForMs: 30 * 24 * HOUR_MS,
    model: true, // two versions of Adyen's page differ in the first three waits, and neither names the waits after the 8 h
  },

  secret: importKey,

  newSecret() {
    const text = randomBytes(32).toString('hex')
    return { signing: text, verifying: text }
  },

  verify(request, secrets) {
    const items = itemsOf(request.raw)
    if (!items) throw new FloodmarkError('bad-signature', 'the body has no notificationItems, where signatures are')
    for (const item of items) {
      const text = signedText(item)
      const claim = decodeSignature(textAt(item, 'additionalData', 'hmacSignature') ?? '', 'base64')
      requireHmac(claim && text !== undefined ? [claim] : [], secrets, '', Buffer.from(text ?? ''))
    }
  },

  seal(body, secret) {
    const envelope = parseBody(body) as { notificationItems: { NotificationRequestItem: Record<string, unknown> }[] }
    for (const { NotificationRequestItem: item } of envelope.notificationItems) {
      const hmacSignature = hmacBase64(secret, '', Buffer.from(signedText(item)!))
      item.additionalData = { ...(item.additionalData as object), hmacSignature }
    }
    return Buffer.from(JSON.stringify(envelope))
  },

  sign: () => ({}),

  identify: (request) => identifyAll(request)[0]!,
  identifyAll,

  sample(random, { id, key }) {
    const { type, body } = random() < 0.6 ? AUTHORISATION : CAPTURE
    const number = 100_000 + Math.floor(random() * 900_000)
    return { type, body: body({ id, key, number, amount: 100 + Math.floor(random() * 99_900) }) }
  },
}

export default adyen
