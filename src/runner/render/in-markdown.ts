import { oneLine, oneLined, rewritten } from '../../core/base/one-line.ts'

/** A whole record with its strings as Markdown takes them: what would be markup is written as the character that it is. */
export function forMarkdown<T>(of: T): T {
  return rewritten(oneLined(of), escaped) as T
}

const escaped = (text: string) => text.replace(/[&<>[\]*`~]/g, (found) => `&#${found.charCodeAt(0)};`)

/** A line of code. Within more backticks than there are in a row in it, nothing is markup. */
export function code(raw: string): string {
  const text = oneLine(raw)
  const fence = '`'.repeat(1 + Math.max(0, ...(text.match(/`+/g) ?? []).map((row) => row.length)))
  return fence === '`' ? `\`${text}\`` : `${fence} ${text} ${fence}`
}
