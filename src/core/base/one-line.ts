/** Text from outside in one line: it must not control the terminal that shows it. */
export function oneLine(text: string): string {
  return printable(text, /[\p{C}\u2028\u2029]/gu)
}

/** The same with what `unsafe` matches written as \u{…}. */
export function printable(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}
