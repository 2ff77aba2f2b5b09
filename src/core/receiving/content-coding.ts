import { promisify } from 'node:util'
import { gunzip, type InputType, inflate, inflateRaw, type ZlibOptions } from 'node:zlib'
import { FloodmarkError } from '../contracts/errors.ts'
import type { BodyRoom, Incoming } from '../contracts/incoming.ts'
import type { Route } from '../contracts/provider.ts'
import type { Reply } from '../contracts/reply.ts'
import { HELD_TOO_MUCH, NO_CODING, OTHER_CODING } from './replies.ts'

/** Bodies that are decoded at one time: it takes memory before it is counted. Node has as many threads for it. */
const DECODING_MAX = 4

type Decode = (raw: Uint8Array, options: ZlibOptions) => Promise<unknown>
const unzipped: Decode = promisify<InputType, ZlibOptions, unknown>(gunzip)
const withHeader: Decode = promisify<InputType, ZlibOptions, unknown>(inflate)
const withoutHeader: Decode = promisify<InputType, ZlibOptions, unknown>(inflateRaw)
/** Senders differ in what deflate is: RFC 9110 has it with the header of zlib, whose first byte ends in an 8, others leave that out. */
const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: unzipped,
  'x-gzip': unzipped,
  deflate: (raw, options) => (((raw[0] ?? 0) & 0x0f) === 8 ? withHeader : withoutHeader)(raw, options),
}

/** The codings of a Content-Encoding in one text, in lower case; '' where there is none. Of several, the first was applied first. */
export function codingOf(header: string | undefined): string {
  if (header === undefined) return ''
  return header
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
    .join()
}

/** Takes requests whose body is in a content coding. */
export class CodedBodies {
  readonly #store: (route: Route, request: Incoming) => Promise<Reply>
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(store: (route: Route, request: Incoming) => Promise<Reply>) {
    this.#store = store
  }

  /** What was signed is what came, or what it is once decoded. @throws FloodmarkError as `verified` and the store do, and as a decoded body. */
  async take(
    route: Route,
    request: Incoming,
    coding: string,
    verified: (route: Route, request: Incoming) => Promise<void> | void,
  ): Promise<Reply> {
    const { compressed } = route
    const { room } = request
    if (!compressed || !room) return NO_CODING
    if (!Object.hasOwn(DECODERS, coding)) return OTHER_CODING
    if (compressed === 'before-signing') await verified(route, request)
    const bytesMax = Math.min(room.bytesMax, route.bodyBytesMax ?? room.bytesMax)
    const raw = await this.#decoded(coding, request.raw, { bytesMax })
    if (!room.hold(raw.length)) return HELD_TOO_MUCH
    const decoded = { ...request, raw }
    if (compressed === 'after-signing') await verified(route, decoded)
    return this.#store(route, decoded)
  }

  /** @throws FloodmarkError 'bad-request' where it is not of that coding, 'too-large' where it grows beyond the room. */
  async #decoded(coding: string, raw: Uint8Array, { bytesMax }: Pick<BodyRoom, 'bytesMax'>): Promise<Buffer> {
    if (this.#running >= DECODING_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running++
    try {
      const { buffer, engine } = (await DECODERS[coding]!(raw, { maxOutputLength: bytesMax, info: true })) as {
        readonly buffer: Buffer
        readonly engine: { readonly bytesWritten: number }
      }
      // Node drops what follows the last part. Nobody knows what it is.
      if (engine.bytesWritten !== raw.length) throw new Error('it goes on behind its end')
      return buffer
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
        throw new FloodmarkError('too-large', `the body is longer than ${bytesMax} bytes once decoded`, { cause })
      }
      throw new FloodmarkError('bad-request', `the body is not in the ${coding} that its header names`, { cause })
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }
}
