import { bytes, grouped, percent, seconds } from '../../../core/base/words.ts'
import type { Report } from '../../report/report-schema.ts'

export function stackWords({ receiver, queue, ledger, target }: Report['settings']): string {
  return target ?? `${receiver} → ${queue} → ${ledger}`
}

/** Where every planned event went. */
export function sumWords({
  planned,
  applied,
  buried,
  refused,
  unsent,
  unknown,
  lost,
  altered,
  unfollowed,
}: Report['audit']): string {
  if (unfollowed > 0 && applied + buried + altered === 0)
    return `${grouped(planned)} planned = ${grouped(unfollowed)} accepted + ${grouped(refused)} refused + ${grouped(unsent)} unsent + ${grouped(unknown)} unknown`
  return `${grouped(planned)} planned = ${grouped(applied)} applied + ${grouped(buried)} dead letters + ${grouped(refused)} refused + ${grouped(unsent)} unsent + ${grouped(unknown)} unknown + ${grouped(lost)} lost + ${grouped(altered)} altered${untold(unfollowed)}`
}

/** Accepted events of which a target has not told, as it could not be asked to the end. */
const untold = (events: number) => (events === 0 ? '' : ` + ${grouped(events)} not told of`)

/** What "lost 0" is worth: the bound, and what it takes for granted. */
export function lossWords({ audit, faults }: Pick<Report, 'audit' | 'faults'>): string {
  const { lost, lossBound95, unfollowed } = audit
  if (unfollowed > 0) return `whether ${grouped(unfollowed)} that were accepted took effect is not known`
  const accepted = audit.applied + audit.buried + audit.altered + lost
  if (lossBound95 === null) return `lost ${grouped(lost)} of ${grouped(accepted)} accepted`
  const struck = faults.filter((mark) => 'victim' in mark).length
  const tried = struck === 0 ? 'none was tried here' : `${struck} ${struck === 1 ? 'was' : 'were'} tried here`
  return [
    `lost 0 of ${grouped(accepted)} accepted: with 95% confidence at most ${percent(lossBound95)} of such events`,
    `if each is lost or kept by itself. A fault may lose many together: ${tried}`,
  ].join(', ')
}

/** False: the target does not tell what becomes of accepted events. */
export function isFollowed({ target }: Pick<Report, 'target'>): boolean {
  return target?.followed ?? true
}

export function otherSender(sentBy: NonNullable<Report['sentBy']>): string {
  return `sent by ${sentBy}: every wait counts from sending, and how late it sent is not known`
}

export const NOT_FOLLOWED =
  'What became of accepted events is not known, so nothing here says that none is lost: the target does not tell of its effects (--effects).'

/** The faults that something durable survives. */
export function survives(faults: readonly string[]): string {
  return faults.join(', ') || 'nothing'
}

export function environmentWords({ cpu, cores, memoryBytes, platform, node }: Report['environment']): string {
  return `${cpu}, ${cores} cores, ${bytes(memoryBytes)}, ${platform}, Node ${node}`
}

/** How the senders reach the receivers, where it is not straight. */
export function throughBalancer({ balancerMs }: Report['setup']): string {
  return balancerMs === undefined ? '' : `; through a balancer that holds requests up to ${seconds(balancerMs)}`
}
