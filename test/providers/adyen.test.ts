import { describe, expect, it, vi } from 'vitest'
import adyen from '../../providers/adyen.ts'
import { AT_MS, codeOf, incoming, providerContract, signer } from '../contract/provider.ts'
import { oracle, withOracles } from '../oracles/oracle.ts'
import { expectSizes } from './sizes.ts'

interface Official {
  readonly default: new () => {
    validateHMAC(item: Item, key: string): boolean
    calculateHmac(item: Item, key: string): string
  }
}
type Item = Record<string, unknown>
const read = (body: Uint8Array): Item[] =>
  JSON.parse(Buffer.from(body).toString()).notificationItems.map((one: Item) => one.NotificationRequestItem)
const write = (items: unknown[]) =>
  Buffer.from(JSON.stringify({ notificationItems: items.map((item) => ({ NotificationRequestItem: item })) }))
const change = (body: Buffer, fields: Item) => write(read(body).map((item) => ({ ...item, ...fields })))

const SIGNED = {
  pspReference: 'run1-3',
  originalReference: 'a',
  merchantAccountCode: 'OtherMerchant',
  merchantReference: 'k8',
  amount: { currency: 'EUR', value: 1 },
  eventCode: 'REFUND',
  success: 'false',
}
const forge = (body: Buffer) => Object.entries(SIGNED).map(([name, value]) => change(body, { [name]: value }))
providerContract(adyen, { forge })

const { secret, sign, make } = signer(adyen)
const verdict = (body: Uint8Array, secrets = [secret]) => codeOf(() => adyen.verify(incoming({}, body), secrets))
const withSignature = (body: Buffer, hmacSignature: unknown) =>
  write(read(body).map((item) => ({ ...item, additionalData: { ...(item.additionalData as Item), hmacSignature } })))
const signatureOf = (body: Buffer) => (read(body)[0]!.additionalData as { hmacSignature: string }).hmacSignature
/** Genuine items of the same key, with these fields in place of the sample's. */
const sealed = (...items: Item[]) => {
  const sample = read(make(1).body)[0]
  return sign(write(items.map((fields) => ({ ...sample, ...fields }))), { id: '', type: '', atMs: AT_MS }).body
}

describe('adyen', () => {
  it('and the official package verify each other', withOracles, () => {
    // This one file alone: the package’s index loads the clients of every API.
    const official = new (oracle<Official>('@adyen/api-library/lib/src/utils/hmacValidator.js').default)()
    const pair = adyen.newSecret!().signing
    const key = adyen.secret(pair)
    for (let seed = 0; seed < 20; seed++) {
      const { type, body } = adyen.sample(() => seed / 20, { id: `run1-${seed}`, key: 'k7' })
      const item = read(adyen.seal!(body, key, { id: `run1-${seed}`, type, atMs: AT_MS }))[0]!
      expect(official.validateHMAC(item, pair)).toBe(true)
      expect(official.validateHMAC({ ...item, success: 'false' }, pair)).toBe(false)
      const theirs = official.calculateHmac(read(body)[0]!, pair)
      expect(verdict(withSignature(Buffer.from(body), theirs), [key])).toBe('passed')
    }
  })

  it('refuses every malformed signature, and a body without one', () => {
    const { body } = make(3)
    const right = signatureOf(body)
    const hex = Buffer.from(right, 'base64').toString('hex')
    for (const wrong of [
      '',
      right.slice(0, -1),
      `${right}=`,
      `${right} `,
      right + right,
      hex,
      'A'.repeat(43),
      '😀',
      7,
    ]) {
      expect(verdict(withSignature(body, wrong)), String(wrong)).toBe('bad-signature')
    }
    expect(verdict(change(body, { additionalData: undefined }))).toBe('bad-signature')
    for (const text of ['', '{', 'null', '7', '[]', '{}', '{"notificationItems":{}}', '{"notificationItems":[]}']) {
      expect(verdict(Buffer.from(text)), text).toBe('bad-signature')
    }
    for (const item of [null, 7, 'text', [], {}])
      expect(verdict(write([item])), JSON.stringify(item)).toBe('bad-signature')
  })

  it('refuses a request in which one item of several is not genuine, wherever it stands', () => {
    const items = read(sealed({ pspReference: 'p-1' }, { pspReference: 'p-2' }, { pspReference: 'p-3' }))
    expect(verdict(write(items))).toBe('passed')
    for (const at of items.keys()) {
      expect(verdict(write(items.with(at, { ...items[at], pspReference: 'p-4' })))).toBe('bad-signature')
    }
  })

  it('knows an item again in the company of others, and by other fields than the signed ones not at all', () => {
    const digests = (...items: Parameters<typeof sealed>) =>
      adyen.identifyAll!(incoming({}, sealed(...items))).map(({ digest }) => digest)
    const [alone] = digests({ pspReference: 'p-1' })
    expect(digests({ pspReference: 'p-0' }, { pspReference: 'p-1', reason: 'sent again' })[1]).toBe(alone)
    expect(digests({ pspReference: 'p-1', amount: { currency: 'EUR', value: 1 } })[0]).not.toBe(alone)
  })

  it('names every item, and tells what happens to one payment apart', () => {
    const body = sealed(
      { pspReference: 'p-1', eventCode: 'AUTHORISATION' },
      { pspReference: 'p-1', eventCode: 'CHARGEBACK' },
      { pspReference: 'p-1', eventCode: 'CHARGEBACK', success: 'false' },
      { pspReference: 'p-2', eventCode: 'REFUND', merchantReference: '', originalReference: 'p-1' },
    )
    expect(adyen.identifyAll!(incoming({}, body))).toMatchObject([
      { id: 'AUTHORISATION:true:p-1', key: 'k7', type: 'AUTHORISATION' },
      { id: 'CHARGEBACK:true:p-1', key: 'k7', type: 'CHARGEBACK' },
      { id: 'CHARGEBACK:false:p-1', key: 'k7', type: 'CHARGEBACK' },
      { id: 'REFUND:true:p-2', key: 'p-1', type: 'REFUND' },
    ])
  })

  it('refuses fields shifted over a colon, and takes a merchant’s reference with one', () => {
    const body = sealed({ originalReference: '', merchantAccountCode: 'shop', merchantReference: 'a:b' })
    expect(verdict(body)).toBe('passed')
    expect(verdict(change(body, { merchantAccountCode: 'shop:a', merchantReference: 'b' }))).toBe('bad-signature')
    expect(
      verdict(change(body, { originalReference: ':shop', merchantAccountCode: 'a', merchantReference: 'b' })),
    ).toBe('bad-signature')
  })

  /** Items of types that Adyen's documents do not have, and that its package signs by their text. */
  const odd: Item[] = [
    { success: true },
    { success: false, amount: { currency: 'EUR', value: '100' } },
    { amount: { value: 100 } },
    { amount: { currency: null } },
    { originalReference: undefined, merchantReference: null },
    { merchantReference: 7, eventCode: 'REPORT_AVAILABLE' },
  ]
  it.each(odd)('takes %j as the official package signs it', withOracles, (fields) => {
    const official = new (oracle<Official>('@adyen/api-library/lib/src/utils/hmacValidator.js').default)()
    const pair = adyen.newSecret!().signing
    const item = { ...read(make(1).body)[0]!, ...fields }
    const theirs = official.calculateHmac(item, pair)
    expect(verdict(withSignature(write([item]), theirs), [adyen.secret(pair)])).toBe('passed')
  })

  it('takes a field for its text, whatever its type, and names the event alike', () => {
    const texts = sealed({ amount: { currency: 'EUR', value: '100' }, success: 'true', originalReference: '' })
    const types = change(texts, { amount: { currency: 'EUR', value: 100 }, success: true, originalReference: null })
    expect([verdict(texts), verdict(types)]).toEqual(['passed', 'passed'])
    const identify = (body: Buffer) => adyen.identifyAll!(incoming({}, body))
    expect(identify(types)).toEqual(identify(texts))
    for (const wrong of [
      { amount: 7 },
      { amount: null },
      { success: {} },
      { pspReference: ['a'] },
      { amount: { value: 1e300 } },
    ]) {
      expect(verdict(change(texts, wrong)), JSON.stringify(wrong)).toBe('bad-signature')
    }
  })

  it('refuses more items than it would verify', () => {
    const items = Array.from({ length: 65 }, (_, at) => ({ pspReference: `p-${at}` }))
    const body = sealed(...items.slice(1))
    expect(verdict(body)).toBe('passed')
    expect(verdict(write([...read(body), read(body)[0]]))).toBe('bad-signature')
  })

  it('parses nothing dear before it knows the sender, and takes 64 items of 4 kB', () => {
    const parse = vi.spyOn(JSON, 'parse')
    const filled = (text: string, bytes = 200_000) => `{"notificationItems":[${text.repeat(bytes / text.length)}1]}`
    const dear = ['['.repeat(1_000_000), filled('[],'), filled('{},'), filled('"long",', 300_000), '['.repeat(5_000)]
    for (const text of dear) expect(verdict(Buffer.from(text))).toBe('bad-signature')
    expect(parse).not.toHaveBeenCalled()
    vi.restoreAllMocks()
    const reason = 'r'.repeat(3_400)
    expect(verdict(sealed(...Array.from({ length: 64 }, (_, at) => ({ pspReference: `p-${at}`, reason }))))).toBe(
      'passed',
    )
  })

  it('refuses keys that are not 64 hex digits', () => {
    for (const text of ['ab', '0'.repeat(63), 'zz'.repeat(32), '0'.repeat(66)]) {
      expect(codeOf(() => adyen.secret(text))).toBe('misuse')
    }
  })

  it('sends items of the size of recorded ones', () => {
    expectSizes(adyen, { AUTHORISATION: [420, 560], CAPTURE: [350, 450] })
  })
})
