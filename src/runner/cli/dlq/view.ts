import { isUtf8 } from 'node:buffer'
import { oneLine, printable } from '../../../core/base/one-line.ts'
import { textTable } from '../../../core/base/table.ts'
import type { WebhookEvent } from '../../../core/contracts/event.ts'
import type { DeadLetter, KeptCopy } from '../../../core/contracts/ledger.ts'
import { type Groups, LETTER_THRESHOLDS } from '../../../core/dead-letters/groups.ts'

/** `1 letter`, `2 letters`. */
export function lettersIn(count: number): string {
  return `${count} letter${count === 1 ? '' : 's'}`
}

/** A line for each group, in columns: how many, source, type, when buried, reason. */
export function groupRows(groups: Groups): string[] {
  const rows = groups.all().map(({ count, source, type, reason, oldestMs, newestMs }) => {
    const [oldest, newest] = [timeOf(oldestMs), timeOf(newestMs)]
    const times = oldest === newest ? oldest : `${oldest} … ${newest}`
    return [String(count).padStart(7), oneLine(source), oneLine(type), times, oneLine(reason)]
  })
  return textTable(rows)
}

/** How many letters there are, by group, and whether that is too many. */
export function groupLines(groups: Groups): string[] {
  const { total } = groups
  if (total === 0) return ['no dead letters']
  const { warn, fail } = LETTER_THRESHOLDS
  const lines = [
    '',
    `${total} dead ${total === 1 ? 'letter' : 'letters'}, by source, type and reason:`,
    ...groupRows(groups),
  ]
  if (total >= fail)
    lines.push(`alert: ${total} are ${fail} or more: something is broken; look at the largest group first`)
  else if (total >= warn) lines.push(`warning: ${total} are ${warn} or more (alert from ${fail} on)`)
  return lines
}

export function letterLine({ event, reason, failures, atMs }: DeadLetter): string {
  const fields = [timeOf(atMs), oneLine(event.id), oneLine(event.type), `${failures} failed`, oneLine(reason)]
  return fields.join('  ')
}

export function letterText(letter: DeadLetter): string {
  const { event, cause, reason, failures, atMs } = letter
  const ended = { buried: timeOf(atMs), failures: String(failures), cause, reason }
  return eventText(event, ended)
}

/** A copy with another body, and what it is. */
export function copyText({ event, atMs }: KeptCopy): string {
  return eventText(event, { kept: timeOf(atMs) })
}

function eventText(event: WebhookEvent, more: Readonly<Record<string, string>>): string {
  const { id, key, source, type } = event
  const fields = Object.entries({ id, key, source, type, received: timeOf(event.receivedAtMs), ...more })
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
