import kafka from '../../queues/kafka.ts'
import { queueContract } from '../contract/queue.ts'
import { describeWithServer } from '../servers.ts'
import { serverTarget } from './server-target.ts'

describeWithServer('kafka', (server) => {
  queueContract('kafka', async () => {
    const { proxy, ...rest } = await serverTarget(server(), kafka, 'kafka.ts')
    return rest
  })
})
