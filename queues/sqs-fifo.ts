import { sqsDriver } from './sqs-shared/driver.ts'
import { FIFO } from './sqs-shared/kind.ts'

/** Amazon SQS FIFO: a message group per key. */
export default sqsDriver(FIFO)
