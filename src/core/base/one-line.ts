/** Text from outside in one line: it must not control the terminal that shows it. */
export function oneLine(text: string): string {
  return printable(text, /[\p{C}\u2028\u2029]/gu)
}

/** The same with what `unsafe` matches written as \u{…}. */
export function printable(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}

/** A whole record with the same done to every string in it, names of fields too: nothing in it can control what shows it. */
export function oneLined<T>(of: T): T {
  return rewritten(of, oneLine) as T
}

/** `of` with every string in it, also the names of its fields, as `write` gives it. */
export function rewritten(of: unknown, write: (text: string) => string): unknown {
  if (typeof of === 'string') return write(of)
  if (typeof of !== 'object' || of === null) return of
  if (Array.isArray(of)) return of.map((one) => rewritten(one, write))
  return Object.fromEntries(Object.entries(of).map(([name, one]) => [write(name), rewritten(one, write)]))
}
