import kafka from '../../queues/kafka.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithProxiedKafka } from './kafka-targets.ts'

describeWithProxiedKafka(kafka, 'kafka.ts', (target) => queueContract('kafka', target))
