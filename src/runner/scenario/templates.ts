import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { fileWords } from '../../core/base/kit/file-refusal.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Provider, SampleOptions } from '../../core/contracts/provider.ts'
import { decodeText } from './text-file.ts'

/** A body that a run can send: nothing of a person's own content is left, and `<id>` and `<key>` stand where a run puts its own. */
const templateSchema = z.strictObject({ provider: z.string(), type: z.string(), body: z.string().min(1) })
export type Template = Pick<z.infer<typeof templateSchema>, 'type' | 'body'>

const TEMPLATES_MAX = 100_000

/**
 * The templates of a file that `npm run record` wrote, in its order.
 * @throws FloodmarkError 'misuse' that names the line which is not a template, or was made for another provider.
 */
export function readBodies(path: string, provider: string): readonly Template[] {
  const wrong = (what: string, cause?: unknown) => new FloodmarkError('misuse', `${path}: ${what}`, { cause })
  const templates: Template[] = []
  for (const [at, line] of linesOf(path, wrong).entries()) {
    if (line.trim() === '') continue
    const parsed = templateSchema.safeParse(jsonOf(line))
    if (!parsed.success) throw wrong(`line ${at + 1} is not a body that npm run record wrote`)
    if (parsed.data.provider !== provider)
      throw wrong(`line ${at + 1} was recorded for ${parsed.data.provider}, not ${provider}`)
    if (templates.push(parsed.data) > TEMPLATES_MAX) throw wrong(`more than ${TEMPLATES_MAX} bodies`)
  }
  if (templates.length === 0) throw wrong('no bodies in it')
  return templates
}

/** The provider as it is, but with these bodies for its samples; all are as likely. */
export function withBodies(provider: Provider, templates: readonly Template[]): Provider {
  const samples = templates.map((template) => ({ type: template.type, fill: filler(template) }))
  const sample: Provider['sample'] = (random, options) => {
    const { type, fill } = samples[Math.floor(random() * samples.length)]!
    return { type, body: fill(options) }
  }
  return { ...provider, sample }
}

/** Puts an event's id and key in their places. Neither needs escaping, in JSON or in a form. */
export function filler({ body }: Template): (options: SampleOptions) => Buffer {
  const pieces = body.split(/(<id>|<key>)/)
  return ({ id, key }) => {
    let text = ''
    for (const piece of pieces) text += piece === '<id>' ? id : piece === '<key>' ? key : piece
    return Buffer.from(text)
  }
}

function linesOf(path: string, wrong: (what: string, cause?: unknown) => FloodmarkError): string[] {
  try {
    return decodeText(readFileSync(path), path).split(/\r?\n/)
  } catch (cause) {
    if (cause instanceof FloodmarkError) throw cause
    throw wrong(`cannot be read: ${fileWords(cause)}`, cause)
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
