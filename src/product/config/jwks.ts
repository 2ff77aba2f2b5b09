import { hash } from 'node:crypto'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateFolder, writePrivate } from '../../core/base/private-files.ts'
import { type Clock, systemClock } from '../../core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Secret } from '../../core/contracts/provider.ts'
import { ed25519Keys } from '../../core/receiving/signature-ed25519.ts'

/** The least time between two fetches of one address. Forged requests with ids of unknown keys cause no more fetches than that. */
export const FETCH_FLOOR_MS = 30_000
/** A key that its owner takes out is refused after so long, also where nobody asks for a new one. */
const FETCH_EVERY_MS = 600_000
const FETCH_MS = 3_000
const BYTES_MAX = 256 * 1024

/** The Ed25519 keys that a sender publishes at an address (RFC 7517). While it is away, the keys before it stay. */
export class Jwks {
  readonly url: string
  readonly #clock: Clock
  readonly #file: string | undefined
  readonly #folder: string | undefined
  #keys: readonly Secret[] = []
  #text = ''
  #askedAtMs = Number.NEGATIVE_INFINITY
  #fetching: Promise<boolean> | undefined

  /** `folder`: the keys of the last fetch are kept there, for a start while their address is away. */
  constructor(url: string, clock: Clock = systemClock, folder?: string) {
    this.url = url
    this.#clock = clock
    this.#folder = folder
    this.#file = folder && join(folder, `jwks-${hash('sha256', url).slice(0, 16)}.json`)
  }

  get keys(): readonly Secret[] {
    return this.#keys
  }

  /** The keys as text: another text is a change. */
  get text(): string {
    return this.#text
  }

  /** Whether it is time for a fetch that nobody asks for. */
  get isDue(): boolean {
    return this.#clock.monotonic() - this.#askedAtMs >= FETCH_EVERY_MS
  }

  /**
   * Fetches them, or joins whoever does. Resolves to whether they have changed. undefined: it was asked too short a time ago.
   * Rejects with FloodmarkError 'unavailable' where they cannot be had.
   */
  renew(): Promise<boolean> | undefined {
    if (this.#fetching) return this.#fetching
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#askedAtMs < FETCH_FLOOR_MS) return undefined
    this.#askedAtMs = nowMs
    this.#fetching = this.#fetch().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  /** Takes the keys of the last fetch, of any process. False: there are none. */
  takeKept(): boolean {
    if (this.#file === undefined) return false
    try {
      const text = readFileSync(this.#file, 'utf8')
      const keys = ed25519Keys(text)
      if (!keys?.length) return false
      this.#keys = keys
      this.#text = text
      return true
    } catch {
      return false
    }
  }

  /** Whole or not at all: another process may read it now. */
  #keep(text: string): void {
    if (this.#file === undefined) return
    try {
      const made = `${this.#file}.${process.pid}`
      makePrivateFolder(this.#folder!)
      writePrivate(made, text)
      renameSync(made, this.#file)
    } catch {
      // The keys are in use all the same. A later start has to fetch them.
    }
  }

  async #fetch(): Promise<boolean> {
    try {
      const text = await textAt(this.url)
      const keys = ed25519Keys(text)
      if (!keys?.length) throw new Error('it is no JWKS with an Ed25519 key')
      const isNew = text !== this.#text
      this.#keys = keys
      this.#text = text
      if (isNew) this.#keep(text)
      return isNew
    } catch (cause) {
      const what = `the keys at ${this.url} cannot be had: ${messageOf(cause)}`
      throw new FloodmarkError('unavailable', `${what}. See that the address is right and reached`, { cause })
    }
  }
}

async function textAt(url: string): Promise<string> {
  const headers = { accept: 'application/json' }
  const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(FETCH_MS) })
  if (!response.ok) throw new Error(`it answers ${response.status}`)
  let text = ''
  const decoder = new TextDecoder()
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece, { stream: true })
    if (text.length > BYTES_MAX) throw new Error(`it is longer than ${BYTES_MAX} bytes`)
  }
  return text
}
