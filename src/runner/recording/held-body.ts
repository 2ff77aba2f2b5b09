import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { isList, isObject, type JsonObject, parsedText } from './json-shape.ts'

/** An object with nothing but these holds a body and says how: proxies, mock servers, HAR and Postman write such. */
const HOLDERS: readonly string[] = [
  ...['type', 'mode', 'mimeType', 'contentType', 'charset', 'encoding', 'options', 'size', 'comment', 'truncated'],
  ...['text', 'raw', 'string', 'json', 'encoded', 'base64Bytes', 'rawBytes', 'params', 'urlencoded', 'formdata'],
  ...['file', 'files', 'binary', 'form', 'graphql', 'xml', 'parameters', 'body', '$content', '$content-type'],
]
/** These may be fields of somebody's webhook: alone they make no holder. */
const PLAIN: readonly string[] = [
  ...['type', 'text', 'body', 'comment', 'size', 'options', 'json', 'file', 'files', 'form', 'binary'],
]
const CONTENTS = ['text', 'raw', 'string', 'body'] as const
const BASE64_CONTENTS = ['encoded', 'base64Bytes', '$content'] as const
const DECODED_BYTES_MAX = 64 * 1024 * 1024

type Headers = Readonly<Record<string, string>>

/** The bytes of a body that was noted as a text, a list, an object, a form taken apart, or in parts; undefined where there is none. */
export function bodyOf(value: unknown, isBase64: boolean, headers: Headers): Buffer | undefined {
  const body = bytesOf(value, isBase64, /form-urlencoded/i.test(headers['content-type'] ?? ''))
  return body && body.length > 0 ? body : undefined
}

/** A form of a plain object of texts, as echo servers show it. */
export function formOf(value: unknown): Buffer | undefined {
  if (!isObject(value) || Object.keys(value).length === 0) return undefined
  return formBody(Object.entries(value).map(([name, text]) => ({ name, value: text })))
}

/** Some parameters are noted as they were sent, others decoded. One that is not to be sent counts for nothing. */
export function formBody(fields: readonly unknown[]): Buffer {
  const pairs = fields
    .filter(isObject)
    .filter(({ disabled, enabled }) => disabled !== true && enabled !== false)
    .map((field) => [String(field.name ?? field.key), String(field.value ?? '')] as const)
  const texts = pairs.flat()
  const isEncoded = texts.some((text) => /%[0-9a-f]{2}/i.test(text)) && !texts.some((text) => /[^!-~]|[&=]/.test(text))
  if (isEncoded) return Buffer.from(pairs.map((pair) => pair.join('=')).join('&'))
  return Buffer.from(new URLSearchParams(pairs.map((pair) => [...pair])).toString())
}

/** The body without the content coding that its headers name; as it is where it is in none. */
export function withoutCoding(body: Buffer, { 'content-encoding': coding = '' }: Headers): Buffer {
  const limit = { maxOutputLength: DECODED_BYTES_MAX }
  try {
    if (body[0] === 0x1f && body[1] === 0x8b) return gunzipSync(body, limit)
    if (/^\s*(br|deflate)\s*$/i.test(coding) && !looksLikeText(body)) {
      return coding.trim().toLowerCase() === 'br' ? brotliDecompressSync(body, limit) : inflateSync(body, limit)
    }
  } catch {
    // It is no such thing: whoever reads the body says so.
  }
  return body
}

function looksLikeText(body: Buffer): boolean {
  return /^\s*[[{a-z]/i.test(body.toString('latin1', 0, 64)) && body.toString().includes('\ufffd') === false
}

function bytesOf(value: unknown, isBase64: boolean, isForm: boolean): Buffer | undefined {
  if (typeof value === 'string') return textBody(value, isBase64)
  if (isList(value)) return Buffer.from(JSON.stringify(value))
  if (!isObject(value)) return undefined
  // Node writes a Buffer like this.
  if (value.type === 'Buffer' && isList(value.data)) return Buffer.from(value.data as number[])
  // MongoDB writes bytes like this.
  const binary = isObject(value.$binary) ? value.$binary.base64 : value.$binary
  if (typeof binary === 'string') return Buffer.from(binary, 'base64')
  if (isHolder(value)) return heldIn(value)
  return isForm ? formOf(value) : Buffer.from(JSON.stringify(value))
}

function isHolder(value: JsonObject): boolean {
  const names = Object.keys(value)
  if (names.length < 2 || !names.every((name) => HOLDERS.includes(name))) return false
  return names.some((name) => !PLAIN.includes(name)) || 'json' in value
}

function heldIn(value: JsonObject): Buffer | undefined {
  const base64 = BASE64_CONTENTS.map((name) => value[name]).find((one) => typeof one === 'string')
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64')
  const text = CONTENTS.map((name) => value[name]).find((one) => typeof one === 'string' && one !== '')
  if (typeof text === 'string') return textBody(text, value.encoding === 'base64')
  if (value.json !== undefined)
    return Buffer.from(typeof value.json === 'string' ? value.json : JSON.stringify(value.json))
  const fields = value.params ?? value.urlencoded ?? value.form
  return isList(fields) ? formBody(fields) : undefined
}

/** A text that says that it is base64, or that is JSON or gzip once it is read as such. */
export function textBody(text: string, isBase64: boolean): Buffer {
  if (isBase64) return Buffer.from(text, 'base64')
  const decoded = /^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
  const isCoded =
    decoded && (parsedText(decoded.toString()) !== undefined || (decoded[0] === 0x1f && decoded[1] === 0x8b))
  return isCoded ? decoded : Buffer.from(text)
}
