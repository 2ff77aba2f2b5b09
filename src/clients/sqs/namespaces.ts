import { addressOf, connect } from './connect.ts'

const ASK_MS = 10_000
const PAGE = 1_000
const PREFIX = 'floodmark-'

/** The namespaces whose queues bear our prefix. Whether they bear our tag too, a drop looks at. Rejects without an answer. */
export async function sqsNamespaces(url: string): Promise<readonly string[]> {
  const sqs = await connect(addressOf(url))
  const found = new Set<string>()
  try {
    let NextToken: string | undefined
    do {
      const from = NextToken === undefined ? {} : { NextToken }
      const page = await sqs.listQueues(
        { QueueNamePrefix: PREFIX, MaxResults: PAGE, ...from },
        { abortSignal: AbortSignal.timeout(ASK_MS) },
      )
      for (const queueUrl of page.QueueUrls ?? []) {
        found.add(queueUrl.slice(queueUrl.lastIndexOf('/') + 1 + PREFIX.length).replace(/\.fifo$/, ''))
      }
      NextToken = page.NextToken
    } while (NextToken !== undefined)
  } finally {
    sqs.destroy()
  }
  return [...found]
}
