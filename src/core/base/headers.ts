import { FloodmarkError } from '../contracts/errors.ts'

/** Reads headers from a flat list of names and values as they came. Linear: only the header that is asked for is looked at. */
export function headerReader(rawHeaders: readonly string[]): (name: string) => string | undefined {
  return (name) => {
    let value: string | undefined
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const found = rawHeaders[at]!
      if (found.length !== name.length || (found !== name && found.toLowerCase() !== name)) continue
      // Two values for one header: a proxy and we might believe different ones.
      if (value !== undefined) throw new FloodmarkError('bad-request', `the header ${name} is given twice`)
      value = rawHeaders[at + 1]!
    }
    return value
  }
}

/** How many lines name a Host. With two a proxy and we might believe different ones: node takes the first. */
export function hostsIn(rawHeaders: readonly string[]): number {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts
}

/** Header of an event whose sender numbers its events: the provider read it from what is signed (Identity.sequence). */
export const SEQUENCE_HEADER = 'x-floodmark-sequence'
/** So the names of headers begin that the kit itself adds to an event. No sender can set them. */
export const OWN_HEADERS = 'x-floodmark-'
