import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { letterSchema } from '../../core/dead-letters/letter.ts'
import type { Recorded } from './template.ts'

/** One request of the input, and where it stands there. */
export interface FoundRequest {
  readonly where: string
  /** undefined: it cannot be read. */
  readonly recorded: Recorded | undefined
}

/** Headers and body; the body as the text that came, or as its JSON. */
const requestSchema = z.strictObject({
  headers: z.record(z.string(), z.string()).default({}),
  body: z.union([z.string(), z.looseObject({}), z.array(z.unknown())]),
})

/**
 * Every request of a file of JSON lines (`{"headers": …, "body": …}`, as `npm run dlq -- export` writes them, or bodies
 * alone), or every file of a folder, each of which is one body.
 * @throws FloodmarkError 'misuse' where there is neither.
 */
export async function* requestsIn(path: string): AsyncGenerator<FoundRequest> {
  if (isFolder(path)) {
    for (const name of readdirSync(path).sort()) {
      const file = join(path, name)
      if (statSync(file).isFile()) yield { where: name, recorded: { headers: {}, body: readFileSync(file) } }
    }
    return
  }
  let number = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    if (line.trim() !== '') yield { where: `line ${number}`, recorded: recordedOf(line) }
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (cause) {
    throw new FloodmarkError('misuse', `${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

function recordedOf(line: string): Recorded | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  const letter = letterSchema.safeParse(value)
  if (letter.success) return { headers: lowered(letter.data.headers), body: Buffer.from(letter.data.body, 'base64') }
  const request = requestSchema.safeParse(value)
  if (!request.success) return { headers: {}, body: Buffer.from(line) }
  const { headers, body } = request.data
  return { headers: lowered(headers), body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }
}

function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
