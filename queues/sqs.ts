import { sqsDriver } from './sqs-shared/driver.ts'
import { STANDARD } from './sqs-shared/kind.ts'

/** Amazon SQS standard queues: no order. A delivery may come twice, and the ledger absorbs it. */
export default sqsDriver(STANDARD)
