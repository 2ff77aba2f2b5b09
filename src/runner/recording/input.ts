import { closeSync, createReadStream, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileWords } from '../../core/base/kit/file-refusal.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { decodeText, encodingOf, type TextEncoding, withoutMark } from '../scenario/text-file.ts'
import { type Unwrapped, unwrap, unwrapAll } from './envelopes.ts'
import { behindPrefix, documentsIn, isList, LINE, parsedText, plainOf, quotedIn } from './json-shape.ts'
import { rowsIn } from './table.ts'
import type { Recorded } from './template.ts'
import { requestsOnTheWire } from './wire.ts'

/** One request of the input, and where it stands there. */
export interface FoundRequest {
  readonly where: string
  /** What it was found in. */
  readonly form: string
  /** A text says why it cannot be used. */
  readonly taken: Recorded | string
}

/** A file that is no list of lines is read whole, up to so many bytes. */
const WHOLE_BYTES_MAX = 256 * 1024 * 1024
const START_BYTES = 64 * 1024

/**
 * Every request of a file, or of the files of a folder: of JSON lines, of JSON documents one after the other, or of a list;
 * each of them a body, a request, or what people keep requests in. `tell` hears how the file is written, where that is odd.
 * @throws FloodmarkError 'misuse' where there is none of these, in one line.
 */
export async function* requestsIn(path: string, tell: (what: string) => void): AsyncGenerator<FoundRequest> {
  if (isFolder(path)) return yield* requestsInFolder(path)
  const { text, encoding } = startOf(path)
  if (encoding === 'utf16le') tell('it is UTF-16')
  if (text.startsWith('\ufeff')) tell('it begins with a byte order mark, which is left out')
  if (/^[^\n]*\r\n/.test(text)) tell('its lines end in CR LF')
  if (isOfLines(text)) return yield* linesOf(path, encoding)
  if (statSync(path).size > WHOLE_BYTES_MAX) {
    throw new FloodmarkError(
      'misuse',
      `${path}: longer than ${WHOLE_BYTES_MAX} bytes and not of lines: jq -c . makes lines of it`,
    )
  }
  const bytes = readFileSync(path)
  const documents = documentsIn(decodeText(bytes, path))
  if (documents) return yield* ofDocuments(documents)
  const wire = requestsOnTheWire(bytes)
  if (wire.length > 0) return yield* requestsOf('', { form: 'requests', found: wire })
  const rows = rowsIn(decodeText(bytes, path))
  if (rows) return yield* ofRows(rows)
  let isAnyJson = false
  const kept: FoundRequest[] = []
  for await (const found of linesOf(path, encoding)) {
    isAnyJson ||= found.form !== NO_JSON
    kept.push(found)
  }
  if (kept.length > 0 && !isAnyJson) throw new FloodmarkError('misuse', `${path} is not JSON: ${whatElse(text)}`)
  yield* kept
}

const NO_JSON = 'not JSON'

function whatElse(text: string): string {
  if (/"[A-Z]+ \S+ HTTP\/\d/.test(text)) return 'an access log holds no bodies. It can serve as --shape'
  if (/^(config|phases|scenarios|execution):/m.test(text)) {
    return `a script of a load test holds none that came. Its phases can serve as --shape. Here, give lines of ${LINE}`
  }
  if (/^\s*</.test(text)) return `XML and HTML are not read. Give lines of ${LINE}`
  return `give one JSON object a line, ${LINE}`
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (cause) {
    throw new FloodmarkError('misuse', `${path} cannot be read: ${fileWords(cause)}`, { cause })
  }
}

function startOf(path: string): { text: string; encoding: TextEncoding } {
  const bytes = Buffer.alloc(START_BYTES)
  const file = openSync(path, 'r')
  try {
    const count = readSync(file, bytes, 0, START_BYTES, 0)
    const encoding = encodingOf(bytes.subarray(0, count), path)
    return { text: bytes.toString(encoding, 0, count), encoding }
  } finally {
    closeSync(file)
  }
}

/** Whether the first line is JSON by itself, and another one follows. */
function isOfLines(text: string): boolean {
  const [first, ...more] = withoutMark(text).trimStart().split('\n')
  return parsedText(first) !== undefined && more.some((line) => line.trim() !== '')
}

async function* linesOf(path: string, encoding: TextEncoding): AsyncGenerator<FoundRequest> {
  let number = 0
  const input = createReadStream(path, { encoding })
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    const text = number === 1 ? withoutMark(line) : line
    if (/[^\s[\],]/.test(text)) yield* requestsOf(`line ${number}`, ofText(text))
  }
}

function* ofDocuments(documents: readonly string[]): Generator<FoundRequest> {
  for (const [at, text] of documents.entries()) {
    const value = parsedText(text)
    // A list that is all of a file is a list of requests. Any other one may be the body that a sender sent.
    const isWhole = documents.length === 1 && isList(value)
    const where = documents.length === 1 ? '' : `document ${at + 1}`
    yield* requestsOf(where, isWhole ? unwrapAll(value, 'list') : ofText(text))
  }
}

function ofText(line: string): Unwrapped {
  const text = line.replace(/,\s*$/, '')
  const plain = plainOf(text)
  for (const one of [text, plain]) {
    const value = parsedText(one)
    if (value !== undefined) return unwrap(value, Buffer.from(one))
  }
  const behind = behindPrefix(plain) ?? quotedIn(plain)
  if (behind === undefined) return { form: NO_JSON, found: ['not JSON'] }
  return { form: 'lines of a log', found: unwrap(parsedText(behind), Buffer.from(behind)).found }
}

function* ofRows(rows: readonly Readonly<Record<string, string>>[]): Generator<FoundRequest> {
  for (const [at, row] of rows.entries()) {
    const { found } = unwrap(row, Buffer.from(JSON.stringify(row)))
    yield* requestsOf(`row ${at + 1}`, { form: 'rows of a table', found })
  }
}

function* requestsOf(where: string, { form, found }: Unwrapped): Generator<FoundRequest> {
  for (const [at, taken] of found.entries()) {
    const item = found.length === 1 ? '' : `item ${at + 1}`
    yield { where: [where, item].filter(Boolean).join(', ') || 'the document', form, taken }
  }
}

function* requestsInFolder(path: string): Generator<FoundRequest> {
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()) {
    const file = join(path, name)
    if (!/(^|\/)\./.test(name) && statSync(file).isFile()) yield* requestsOf(name, ofFile(file, name))
  }
}

/** A file of a folder: one body or request of any kind, and where it is JSON in an envelope, what is in that. */
function ofFile(path: string, name: string): Unwrapped {
  const bytes = readFileSync(path)
  try {
    const text = decodeText(bytes, name)
    const wire = requestsOnTheWire(bytes)
    if (wire.length > 0) return { form: 'requests', found: wire }
    const body = encodingOf(bytes, name) === 'utf8' ? bytes : Buffer.from(text)
    const value = parsedText(text)
    return value === undefined ? { form: 'bodies', found: [{ headers: {}, body }] } : unwrap(value, body)
  } catch (error) {
    return { form: NO_JSON, found: [messageOf(error)] }
  }
}
