import type { z } from 'zod'
import { wholeLines } from '../../core/dead-letters/file.ts'

/**
 * A file of JSON lines: the first says what it is of, and each other is what came of a part of it. A torn last line is a part
 * that nobody was told of. undefined: some line is not as this version writes it.
 */
export function readHeaded<H, T>(
  path: string,
  headSchema: z.ZodType<H>,
  entrySchema: z.ZodType<T>,
): { readonly head: H; readonly entries: T[] } | undefined {
  const [first, ...lines] = wholeLines(path)
  const head = headSchema.safeParse(parsed(first))
  const entries = lines.map((line) => entrySchema.safeParse(parsed(line)))
  if (!head.success || entries.some(({ success }) => !success)) return undefined
  return { head: head.data, entries: entries.map(({ data }) => data!) }
}

function parsed(line: string | undefined): unknown {
  try {
    return JSON.parse(line ?? '')
  } catch {
    return undefined
  }
}
