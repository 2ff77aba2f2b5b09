import type { QueueDriver } from '../src/core/contracts/queue.ts'

/** Every queue by its name on the command line. */
export const queues: Record<string, () => Promise<{ readonly default: QueueDriver }>> = {
  memory: () => import('./memory.ts'),
  embedded: () => import('./embedded.ts'),
  'redis-streams': () => import('./redis-streams.ts'),
  sqs: () => import('./sqs.ts'),
  'sqs-fifo': () => import('./sqs-fifo.ts'),
  bullmq: () => import('./bullmq.ts'),
  kafka: () => import('./kafka.ts'),
  kafkajs: () => import('./kafkajs.ts'),
  postgres: () => import('./postgres.ts'),
}
