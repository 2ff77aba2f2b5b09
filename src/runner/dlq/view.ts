import { isUtf8 } from 'node:buffer'
import type { DeadLetter } from '../../core/ledger.ts'

/** Reasons counted apart at most; the rest is one group. */
const GROUPS_MAX = 1_000
const OTHER = '(other reasons)'

/** Counts letters by their reason. */
export class Groups {
  readonly #counts = new Map<string, number>()
  #total = 0

  add({ reason }: DeadLetter): void {
    const group = this.#counts.has(reason) || this.#counts.size < GROUPS_MAX ? reason : OTHER
    this.#counts.set(group, (this.#counts.get(group) ?? 0) + 1)
    this.#total++
  }

  get total(): number {
    return this.#total
  }

  /** The largest group first. */
  lines(): string[] {
    const groups = [...this.#counts].sort(([, a], [, b]) => b - a)
    return groups.map(([reason, count]) => `${String(count).padStart(7)}  ${oneLine(reason)}`)
  }
}

export function letterLine({ event, reason, failures, atMs }: DeadLetter): string {
  const fields = [timeOf(atMs), oneLine(event.id), oneLine(event.type), `${failures} failed`, oneLine(reason)]
  return fields.join('  ')
}

export function letterText(letter: DeadLetter): string {
  const { event, reason, failures, atMs } = letter
  const fields: [string, string][] = [
    ['id', event.id],
    ['key', event.key],
    ['source', event.source],
    ['type', event.type],
    ['received', timeOf(event.receivedAtMs)],
    ['buried', timeOf(atMs)],
    ['failures', String(failures)],
    ['reason', reason],
  ]
  const lines = fields.map(([name, value]) => `${name.padEnd(9)} ${oneLine(value)}`)
  for (const [name, value] of Object.entries(event.headers)) lines.push(`header    ${oneLine(name)}: ${oneLine(value)}`)
  const body = Buffer.from(event.body)
  const text = isUtf8(body)
  lines.push(`payload   ${body.length} bytes${text ? '' : ', not UTF-8, in base64'}`, '')
  lines.push(text ? printable(body.toString('utf8'), /[^\P{C}\n\t]/gu) : body.toString('base64'))
  return lines.join('\n')
}

function timeOf(ms: number): string {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? `${ms} ms` : time.toISOString()
}

const oneLine = (text: string) => printable(text, /[\p{C}\u2028\u2029]/gu)

/** What came from outside must not steer the terminal it is shown on. */
function printable(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}
