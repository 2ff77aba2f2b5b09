import { ms } from '../../core/base/words.ts'
import type { Report } from '../report/report-schema.ts'

/** Rows of the report's table of attack traffic. */
export const ATTACK_HEAD = [
  'attack',
  'sent',
  'of planned',
  'refused',
  'closed without a word',
  'no answer',
  'answered 2xx',
]

export function attackRows({ kinds }: NonNullable<Report['attack']>): (string | number)[][] {
  return kinds.map((one) => {
    const answers = Object.entries(one.statuses).map(([status, times]) => `${times} × ${status}`)
    const held = one.kind === 'slow' ? `${one.held} open at the end; ` : ''
    const refused = `${held}${answers.join(', ') || 'none'}`
    return [one.kind, one.sent, one.planned, refused, one.closed, one.unanswered, one.accepted]
  })
}

/** What good senders noticed, in a sentence. */
export function attackWords({ kinds, calm, under, memory }: NonNullable<Report['attack']>): string {
  const p99 = (of: typeof calm) => (of.p99 ? ms(of.p99.ms) : 'too few samples')
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`
  const grown = memory.map(({ name, calmBytes, underBytes }) => `${name} ${mib(calmBytes)} → ${mib(underBytes)}`)
  const leftOut = [...new Set(kinds.flatMap((one) => one.leftOut))]
  const slowest = Math.max(...kinds.map(({ heldMaxMs }) => heldMaxMs))
  return [
    `Good response p99: ${p99(calm)} in the calm, ${p99(under)} under attack.`,
    `Memory: ${grown.join(', ')}.`,
    ...(slowest > 0 ? [`No slow sender was borne for longer than ${ms(slowest)}.`] : []),
    ...(leftOut.length > 0 ? [`Not sent: ${leftOut.join('; ')}.`] : []),
  ].join(' ')
}
