import { isDeepStrictEqual } from 'node:util'
import { type Clock, sleep } from '../../core/contracts/clock.ts'
import { messageOf } from '../../core/contracts/errors.ts'
import type { TlsMaterial, TlsSource } from '../../core/contracts/receiver.ts'
import type { TlsFiles } from '../config/config.ts'
import { readTls } from '../config/tls.ts'

/** Certificates change rarely, and are renewed long before they end. */
const READ_EVERY_MS = 10_000

/** The files of TLS as they are. A change that cannot be used, as of one file before the other, is told, and what was before it stays. */
export class TlsWatch implements TlsSource {
  readonly #files: TlsFiles
  readonly #folder: string
  readonly #say: (line: string) => void
  readonly #listeners: ((material: TlsMaterial) => void)[] = []
  #material: TlsMaterial
  #told = ''

  /** @throws FloodmarkError 'misuse' where they cannot be used. */
  constructor(files: TlsFiles, folder: string, say: (line: string) => void) {
    this.#files = files
    this.#folder = folder
    this.#say = say
    this.#material = readTls(files, folder)
  }

  get material(): TlsMaterial {
    return this.#material
  }

  onChange(listener: (material: TlsMaterial) => void): void {
    this.#listeners.push(listener)
  }

  async start(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(clock, READ_EVERY_MS, signal)
      if (!signal.aborted) this.look()
    }
  }

  look(): void {
    try {
      const material = readTls(this.#files, this.#folder)
      this.#told = ''
      if (isDeepStrictEqual(material, this.#material)) return
      this.#material = material
      for (const listener of this.#listeners) listener(material)
      this.#say('listen.tls has a new certificate')
    } catch (error) {
      const line = `${messageOf(error)}. The certificate before it stays in use`
      if (this.#told !== line) this.#say(line)
      this.#told = line
    }
  }
}
