import { createHash } from 'node:crypto'
import { isJsonType } from '../../core/base/json-body.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Provider } from '../../core/contracts/provider.ts'
import { hash32, type Random, seeded } from '../../core/contracts/random.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** What the plan has in store for the bodies of events: functions of the seed and an event's number alone. */

type Sizes = { readonly min: number; readonly max: number }
type Contents = Pick<Scenario, 'longBodies' | 'claimCheck'>

/** One in so many long bodies is exactly as long as is allowed: limits are wrong at their edge first. */
const AT_MAX_IN = 20
/** Any text of this period; each event begins it elsewhere. */
const FILLER = filler(64 * 1024)

/** The content that an event refers to instead of carrying it. */
export interface ContentClaim {
  readonly bytes: number
  /** The store answers with 503 first. */
  readonly unavailableOnce: boolean
  /** The store holds something else than was announced: the event must end as a dead letter. */
  readonly altered: boolean
}

/** undefined: the event carries its content itself. */
export function claimOf(seed: number, seq: number, { claimCheck }: Contents): ContentClaim | undefined {
  if (!claimCheck) return undefined
  const random = seeded(hash32(hash32(seed, 107), seq))
  if (random() >= claimCheck.share) return undefined
  const bytes = drawBytes(random, claimCheck.bytes)
  const fate = random()
  const altered = fate < claimCheck.altered
  return { bytes, altered, unavailableOnce: !altered && fate < claimCheck.altered + claimCheck.unavailableOnce }
}

/** What the store holds as content of an event whose sender knows it by `id`. */
export function claimedContent(id: string, seq: number, bytes: number): Buffer {
  const content = Buffer.allocUnsafe(bytes)
  const named = content.write(`${id} `, 'latin1')
  return content.fill(FILLER.subarray(seq % (FILLER.length / 2)), Math.min(named, bytes))
}

export const claimPath = (seq: number) => `/contents/${seq}`

/** The sample with what the plan adds to its JSON: a reference to its content, or padding. Before anything is signed. */
export function withContent(sample: Uint8Array, id: string, seq: number, seed: number, of: Contents): Uint8Array {
  const claim = claimOf(seed, seq, of)
  if (claim) {
    const sha256 = createHash('sha256')
      .update(claimedContent(id, seq, claim.bytes))
      .digest('hex')
    const reference = { url: claimPath(seq), bytes: claim.bytes, sha256 }
    return withMember(sample, Buffer.from(`,"content":${JSON.stringify(reference)}}`))
  }
  const bytes = paddedBytes(seed, seq, of)
  return bytes === undefined ? sample : padded(sample, seq, bytes)
}

/** How long the body is to be; undefined: as long as it is. */
function paddedBytes(seed: number, seq: number, { longBodies }: Contents): number | undefined {
  if (!longBodies) return undefined
  const random = seeded(hash32(hash32(seed, 109), seq))
  if (random() >= longBodies.share) return undefined
  return random() < 1 / AT_MAX_IN ? longBodies.bytes.max : drawBytes(random, longBodies.bytes)
}

/** Log-uniform: as many between 10 and 100 kB as between 100 kB and 1 MB. */
function drawBytes(random: Random, { min, max }: Sizes): number {
  return Math.round(min * (max / min) ** random())
}

function padded(sample: Uint8Array, seq: number, bytes: number): Uint8Array {
  const start = ',"padding":"'
  const room = bytes - sample.length - start.length - 1
  if (room < 0) return sample
  const more = Buffer.allocUnsafe(start.length + room + 2)
  more.write(start, 'latin1')
  more.fill(FILLER.subarray(seq % (FILLER.length / 2)), start.length, start.length + room)
  more.write('"}', start.length + room, 'latin1')
  return withMember(sample, more)
}

/** Writes a member in place of the last brace. */
function withMember(sample: Uint8Array, more: Buffer): Uint8Array {
  const end = sample.lastIndexOf(0x7d)
  return Buffer.concat([sample.subarray(0, end), more, sample.subarray(end + 1)])
}

/** @throws FloodmarkError 'misuse' where a provider's bodies cannot take what the scenario adds. */
export function requireRoom({ longBodies, claimCheck }: Contents, provider: Provider): void {
  if (!(longBodies || claimCheck) || (isJsonType(provider.contentType) && !provider.seal)) return
  const what = `'${provider.name}' sends no plain JSON, which longBodies and claimCheck are put into`
  throw new FloodmarkError('misuse', `${what}: leave it out of the scenario's mix`)
}

/** Letters and digits: the same in JSON, in UTF-8 and in any text protocol. */
function filler(bytes: number): Buffer {
  const random = seeded(1)
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
  return Buffer.from(Array.from({ length: bytes }, () => letters[Math.floor(random() * letters.length)]).join(''))
}
