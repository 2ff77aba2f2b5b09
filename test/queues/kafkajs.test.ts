import kafkajs from '../../queues/kafkajs.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithProxiedKafka } from './kafka-targets.ts'

describeWithProxiedKafka(kafkajs, 'kafkajs.ts', (target) => queueContract('kafkajs', target))
