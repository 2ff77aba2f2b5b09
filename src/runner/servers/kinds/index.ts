import type { ServerKindDefinition } from './definition.ts'
import kafka from './kafka.ts'
import kafkaCluster from './kafka-cluster.ts'
import postgres from './postgres.ts'
import redis from './redis.ts'
import sqs from './sqs.ts'

/** Every kind of server that a run can find or start, by its name. */
export const serverKinds: Readonly<Record<string, ServerKindDefinition>> = {
  redis,
  kafka,
  'kafka-cluster': kafkaCluster,
  sqs,
  postgres,
}

/** undefined: a driver of one's own names a kind that we do not know. */
export function knownKind(name: string): ServerKindDefinition | undefined {
  return Object.hasOwn(serverKinds, name) ? serverKinds[name] : undefined
}
