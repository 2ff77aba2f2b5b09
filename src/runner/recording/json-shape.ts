/** The line that makes a request right, whatever it was kept in. */
export const LINE = '{"headers": {"name": "value"}, "body": "the body as it came"}'

/** What JSON of unknown origin is looked at with. Members are its own alone. */
export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

export function memberOf(value: unknown, ...path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return undefined
    at = at[name]
  }
  return at
}

/** The object or list that a text is; undefined for all else. */
export function parsedText(text: unknown): JsonObject | readonly unknown[] | undefined {
  if (typeof text !== 'string' || !/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The objects and lists that stand one after the other in a text; undefined where anything else stands between them. */
export function documentsIn(text: string): string[] | undefined {
  const documents: string[] = []
  let depth = 0
  let start = -1
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (character === '"' && depth > 0) {
      at = endOfString(text, at)
      if (at === -1) return undefined
    } else if (character === '{' || character === '[') {
      if (depth++ === 0) start = at
    } else if (character === '}' || character === ']') {
      if (--depth < 0) return undefined
      if (depth === 0) documents.push(text.slice(start, at + 1))
    } else if (depth === 0 && !/[\s,\u001e]/.test(character)) return undefined
  }
  const isWhole = depth === 0 && documents.every((one) => parsedText(one) !== undefined)
  return isWhole ? documents : undefined
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at
  }
  return -1
}

/**
 * A line in which quotes, and what is no plain ASCII, stand as \x22: nginx writes so, unless it is told to escape for JSON.
 * Within a text of JSON, they are what they must be there.
 */
export function plainOf(line: string): string {
  const isInText = /^\s*\{\s*"/.test(line)
  return line.replace(/(?:\\x[0-9A-Fa-f]{2})+/g, (run) => {
    const text = Buffer.from(run.replaceAll('\\x', ''), 'hex').toString()
    return isInText ? JSON.stringify(text).slice(1, -1) : text
  })
}

/** The object in a line of a log, behind whatever stands before it, and in quotes or not; undefined where there is none. A member of a document is none. */
export function behindPrefix(line: string): string | undefined {
  const start = line.indexOf('{')
  if (start === -1 || /^\s*["'[{]?\s*"/.test(line)) return undefined
  const text = line.slice(start).trimEnd()
  const ends = [/\s*,$/, /\s*(?:\[\]|\{\})$/, /(?<=\})["'](?:\s[^}]*)?$/]
  return [text, ...ends.map((end) => text.replace(end, ''))].find((one) => {
    const value = parsedText(one)
    return isObject(value) && Object.keys(value).length > 0
  })
}

/** The object in a line that is a text of JSON, behind numbers or not: so a client of Redis shows a list. */
export function quotedIn(line: string): string | undefined {
  const [, quoted] = /^\s*(?:\d+\)\s*)*("(?:[^"\\]|\\.)*")\s*$/.exec(line) ?? []
  try {
    const text: unknown = JSON.parse(quoted ?? '')
    return isObject(parsedText(text)) ? (text as string) : undefined
  } catch {
    return undefined
  }
}
