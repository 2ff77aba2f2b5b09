import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import { type Brokers, hostOf } from './brokers.ts'
import type { Layout } from './layout.ts'

/** Errors of the protocol that last until somebody mends something. Others pass when the brokers are back. */
export const LASTING = [
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_GROUP_ID',
  'INCONSISTENT_GROUP_PROTOCOL',
  'GROUP_MAX_SIZE_REACHED',
] as const

/** Errors of the protocol by which a batch is above the limits of its topic. */
export const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'] as const

/** For people: what the innermost errors say, as those of a client that have several in them only name the call. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (error instanceof FloodmarkError || !(error instanceof Error) || error.cause === undefined) return messageOf(error)
  return `${messageOf(error).replace(/\.$/, '')}: ${reasonOf(error.cause)}`
}

/** For people: a topic that cannot be used, or deleted. */
export function cannot(
  what: 'open' | 'delete',
  { topic, address }: Layout,
  { elsewhere }: Pick<Brokers, 'elsewhere'>,
  cause: unknown,
): FloodmarkError {
  const isMisuse = cause instanceof FloodmarkError && cause.code === 'misuse'
  const why = reasonOf(cause)
  // A client asks a broker of the address first, and goes then where the cluster says that its brokers are.
  const known = address.brokers.map(hostOf)
  const named = elsewhere.find((one) => !known.includes(hostOf(one)) && why.includes(hostOf(one)))
  const todo = named ? `. The cluster names ${named}: set its advertised.listeners to what this machine reaches` : ''
  const message = `cannot ${what} ${topic} on Kafka at ${address.brokers}: ${why.replace(/\.$/, '')}${todo}`
  return new FloodmarkError(isMisuse ? 'misuse' : 'unavailable', message, { cause })
}

/** For people: an offset at which a consumer could not go on. */
export function lostPlace(topic: string, partition: number, asked: number, at: number): FloodmarkError {
  const what = `partition ${partition} of ${topic} has no offset ${asked} any more`
  const why = 'the broker deleted or lost records, or somebody changed the offsets'
  return new FloodmarkError('unavailable', `${what}: ${why}. It is read on at ${at}`)
}

/** For people: what cannot be done at all, until it can. */
export const nothingConsumed = (topic: string) => `nothing of ${topic} can be consumed`

/** For people: the same of what is settled. */
export const nothingCommitted = (topic: string) => `what is settled of ${topic} cannot be committed`

/** For people: why nothing of a topic can be consumed. */
export function hungCoordinator(): FloodmarkError {
  return new FloodmarkError('unavailable', 'the broker that keeps its consumers takes connections and answers nothing')
}

/** For people: partitions whose events wait. */
export function withoutLeader(topic: string, partitions: readonly number[]): FloodmarkError {
  const which = `partition${partitions.length > 1 ? 's' : ''} ${partitions.join(', ')} of ${topic}`
  const has = partitions.length > 1 ? 'have' : 'has'
  return new FloodmarkError('unavailable', `${which} ${has} no leader that answers: the events there wait`)
}

/** For people: the topic keeps records that are settled. */
export function keptSettled(topic: string, cause: unknown): FloodmarkError {
  const what = `settled records of ${topic} cannot be deleted: ${reasonOf(cause)}`
  const why =
    'where offsets are set back by more than the time for which ids are remembered, their events take effect again'
  return new FloodmarkError('unavailable', `${what}. Allow Delete on the topic: ${why}`, { cause })
}

/** For people: keys have moved to other partitions. */
export function otherPartitions(topic: string, before: number, now: number): FloodmarkError {
  const what = `${topic} has ${now} partitions, no longer ${before}, and keys move between them`
  return new FloodmarkError(
    'unavailable',
    `${what}: an event may take effect before older ones of its key that wait now`,
  )
}
