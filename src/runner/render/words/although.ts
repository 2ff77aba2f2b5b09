import type { FaultName } from '../../faults/index.ts'
import type { StackPart } from '../../faults/planned-fault.ts'
import type { Report } from '../../report/report-schema.ts'

const STRUCK: Readonly<Record<StackPart, string>> = {
  receivers: 'a receiver',
  processors: 'a processor',
  stack: 'a process of the stack',
  'queue-server': 'the queue’s server',
  'ledger-server': 'the ledger’s server',
  'senders-link': 'the connection from the senders',
  'queue-link': 'the connection to the queue',
  'ledger-link': 'the connection to the ledger',
}
const HAPPENED: Readonly<Record<FaultName, string>> = {
  kill: 'was killed',
  restart: 'was restarted',
  pause: 'hung',
  stall: 'stood still',
  'clock-jump': 'had its clock set',
  'slow-effects': 'worked slowly',
  'failing-effects': 'failed at its work for a while',
  'failing-ledger': 'could not write to its ledger for a while',
  poison: 'had a bug',
  throttle: 'could store little for a while',
  'slow-disk': 'had a slow disk',
  'full-disk': 'had a full disk',
  latency: 'was slow',
  cut: 'was cut',
  blackhole: 'led nowhere for a while',
  'drop-requests': 'lost what was sent',
  'drop-replies': 'lost the answers',
}

/** What the stack bore in a run, after the `link` of a sentence; nothing where there was nothing. */
export function althoughWords({ faults }: Pick<Report, 'faults'>, link = ', although '): string {
  const said = faults.flatMap((mark): string[] => {
    if ('fault' in mark) return [`${STRUCK[mark.fault.strikes]} ${HAPPENED[mark.fault.what]}`]
    if (mark.kind === 'attack') return ['it was attacked']
    if (mark.kind === 'drift') return ['events changed their form']
    if (mark.kind === 'recorded-replay') return ['events were sent again on top']
    return mark.kind === 'dead-letter-replay' ? ['dead letters were put back beside the traffic'] : []
  })
  const each = [...new Set(said)]
  if (each.length === 0) return ''
  return `${link}${each.length < 2 ? each[0] : `${each.slice(0, -1).join(', ')} and ${each.at(-1)}`}`
}
