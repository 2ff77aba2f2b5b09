import kafkajs from '../../queues/kafkajs.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { serverTarget } from './server-target.ts'

describeWithServer('kafka', (server) => {
  queueContract('kafkajs', async () => {
    const { proxy, ...rest } = await serverTarget(server(), kafkajs, 'kafkajs.ts')
    return rest
  })
})
