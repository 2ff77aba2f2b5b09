import { FloodmarkError } from '../../src/core/contracts/errors.ts'

/** What Signature-Input, Signature and Content-Digest use of structured fields (RFC 8941). Anything else is malformed. */

/** A member of an inner list: a string, and its parameters as they are written in the signature base. */
export interface SignedItem {
  readonly name: string
  readonly params: string
}

/** A member of Signature-Input. */
export interface SignedList {
  readonly items: readonly SignedItem[]
  /** The parameters by name. Each value is as it is written: a string has its quotes. */
  readonly params: ReadonlyMap<string, string>
  /** As RFC 8941 writes it, which is what is signed. */
  readonly text: string
}

/** One header may have so many members. */
const MEMBERS_MAX = 8
const ITEMS_MAX = 32

const KEY = /[a-z*][a-z0-9_.*-]*/y
const STRING = /"(?:[ !#-[\]-~]|\\["\\])*"/y
const BYTES = /:([A-Za-z0-9+/]*=*):/y
/** A string, a whole number, a token or a boolean, each in the one way in which it is written. */
const BARE = /"(?:[ !#-[\]-~]|\\["\\])*"|-?(?:0|[1-9]\d{0,14})(?![\d.])|[A-Za-z*][!#$%&'*+.^_`|~\w:/-]*|\?[01]/y

class FieldReader {
  readonly #text: string
  readonly #name: string
  #at = 0

  constructor(text: string, name: string) {
    this.#text = text
    this.#name = name
  }

  malformed(): FloodmarkError {
    const what = `header ${this.#name} is malformed at character ${this.#at + 1}`
    return new FloodmarkError('bad-signature', `${what}: write it as RFC 9421 has it`, { reason: 'malformed' })
  }

  takes(mark: string): boolean {
    if (!this.#text.startsWith(mark, this.#at)) return false
    this.#at += mark.length
    return true
  }

  expect(mark: string): void {
    if (!this.takes(mark)) throw this.malformed()
  }

  /** True when there was a blank at least. */
  blanks(): boolean {
    const from = this.#at
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++
    return this.#at > from
  }

  match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (!found) throw this.malformed()
    this.#at = pattern.lastIndex
    return found
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  params(): Map<string, string> {
    const params = new Map<string, string>()
    while (this.takes(';')) {
      while (this.takes(' '));
      const [name] = this.match(KEY)
      if (params.has(name)) throw this.malformed()
      params.set(name, this.takes('=') ? this.match(BARE)[0] : '?1')
    }
    return params
  }

  /** The members of a dictionary, each of which `read` reads behind its name. */
  dictionary<T>(read: () => T): Map<string, T> {
    const members = new Map<string, T>()
    this.blanks()
    for (;;) {
      const [name] = this.match(KEY)
      this.expect('=')
      if (members.has(name) || members.size === MEMBERS_MAX) throw this.malformed()
      members.set(name, read())
      this.blanks()
      if (this.isAtEnd) return members
      this.expect(',')
      this.blanks()
    }
  }
}

function written(params: ReadonlyMap<string, string>): string {
  return [...params].map(([name, value]) => (value === '?1' ? `;${name}` : `;${name}=${value}`)).join('')
}

/** Lists of strings by their labels. @throws FloodmarkError 'bad-signature' where it is malformed. */
export function signedLists(text: string, name: string): Map<string, SignedList> {
  const reader = new FieldReader(text, name)
  return reader.dictionary(() => {
    const items: SignedItem[] = []
    reader.expect('(')
    reader.blanks()
    while (!reader.takes(')')) {
      const [quoted] = reader.match(STRING)
      if (items.length === ITEMS_MAX) throw reader.malformed()
      items.push({ name: quoted.slice(1, -1), params: written(reader.params()) })
      if (!reader.blanks()) {
        reader.expect(')')
        break
      }
    }
    const params = reader.params()
    const list = items.map((item) => `"${item.name}"${item.params}`).join(' ')
    return { items, params, text: `(${list})${written(params)}` }
  })
}

/** Bytes by their labels, in base64. @throws FloodmarkError 'bad-signature' where it is malformed. */
export function byteItems(text: string, name: string): Map<string, string> {
  const reader = new FieldReader(text, name)
  return reader.dictionary(() => {
    const [, bytes = ''] = reader.match(BYTES)
    reader.params()
    return bytes
  })
}
