import { withoutCoding } from './held-body.ts'
import type { Recorded } from './template.ts'

/** A request line; in the files of editors it may have no version behind a whole address. */
const REQUEST_LINE = /^[A-Z]{3,10} (?:\S+ HTTP\/[12](?:\.\d)?|https?:\/\/\S+)\r?$/gm
/** What stands behind a body in the files of editors and of traffic replayers. */
const BEHIND = /\s*^(?:###|\u{1f435}\u{1f648}\u{1f649})/mu
/** What may stand before the first request: comments, variables, and a replayer's line of kind, id and time. */
const PREFACE = /^(?:\s*|\s*(?:#|\/\/|@).*|1 \S+ \d+.*)$/

/** Requests as they go over the wire, one behind the other: `POST /hook HTTP/1.1`, headers, an empty line, the body. None where it is no such text. */
export function requestsOnTheWire(bytes: Buffer): Recorded[] {
  // One character a byte, so that lengths are those of the wire.
  const text = bytes.toString('latin1')
  const start = text.search(REQUEST_LINE)
  const before = text.slice(0, Math.max(start, 0)).split('\n')
  if (start === -1 || !before.every((line) => PREFACE.test(line.trimEnd()))) return []
  const lines = [...text.matchAll(REQUEST_LINE)]
  return lines.flatMap(({ index }, at) => {
    const found = requestIn(bytes.subarray(index, lines[at + 1]?.index ?? bytes.length))
    return found ? [found] : []
  })
}

function requestIn(bytes: Buffer): Recorded | undefined {
  const text = bytes.toString('latin1')
  const end = /\r?\n\r?\n/.exec(text)
  if (!end) return undefined
  const headers = headerLines(text.slice(text.indexOf('\n') + 1, end.index))
  const rest = bytes.subarray(end.index + end[0].length)
  const body = withoutCoding(bodyIn(rest, headers), headers)
  return body.length === 0 ? undefined : { headers, body }
}

function bodyIn(rest: Buffer, headers: Readonly<Record<string, string>>): Buffer {
  if (/chunked/i.test(headers['transfer-encoding'] ?? '')) return withoutChunks(rest) ?? rest
  const length = Number(headers['content-length'])
  if (length > 0 && length <= rest.length) return rest.subarray(0, length)
  const text = rest.toString()
  const behind = BEHIND.exec(text)
  return behind ? Buffer.from(text.slice(0, behind.index)) : rest
}

/** undefined where it is not in chunks, as after a proxy that noted the body alone. */
function withoutChunks(rest: Buffer): Buffer | undefined {
  const pieces: Buffer[] = []
  for (let at = 0; ; ) {
    const line = /^([0-9a-f]{1,8})(?:;[^\r\n]*)?\r?\n/i.exec(rest.toString('latin1', at, at + 1_024))
    if (!line) return undefined
    const [from, bytes] = [at + line[0].length, Number.parseInt(line[1]!, 16)]
    if (bytes === 0) return Buffer.concat(pieces)
    if (from + bytes > rest.length) return undefined
    pieces.push(rest.subarray(from, from + bytes))
    at = from + bytes + (rest[from + bytes] === 0x0d ? 2 : 1)
  }
}

/** By lower-case name, of lines `name: value`. The first of a name counts. */
export function headerLines(text: string): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [, name, value] of text.matchAll(/^([^\s:]+):[ \t]*(.*?)\r?$/gm)) headers[name!.toLowerCase()] ??= value!
  return headers
}
