import type { SQS } from '@aws-sdk/client-sqs'
import { shownPlace } from '../../core/base/kit/address.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'

const SOCKETS_MAX = 128
const AWS_HOST = /(?:^|\.)sqs(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com(?:\.cn)?$/
/** Names of the error that answers a call to a queue which is not there. */
export const NO_SUCH_QUEUE = /QueueDoesNotExist|NonExistentQueue/

export interface SqsAddress {
  readonly endpoint: string
  readonly host: string
  readonly region: string
  /** Whether it is Amazon's own: everything else is an emulator. */
  readonly aws: boolean
}

/** @throws FloodmarkError 'misuse' when it is not the URL of an SQS endpoint. */
export function addressOf(url: string): SqsAddress {
  const { protocol, host, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '', hostname: '' }
  const region = AWS_HOST.exec(hostname)?.[1]
  if (protocol !== 'https:' && (protocol !== 'http:' || region)) {
    const what = `'${shownPlace(url)}' is not an address of SQS: give https://sqs.<region>.amazonaws.com`
    throw new FloodmarkError('misuse', `${what}, or an emulator's http://127.0.0.1:<port>`)
  }
  return { endpoint: `${protocol}//${host}`, host, region: region ?? 'us-east-1', aws: region !== undefined }
}

/** The client is loaded when it is needed. @throws FloodmarkError 'unavailable' when it is not installed. */
export async function connect({ endpoint, region, aws }: SqsAddress): Promise<SQS> {
  const sdk = await import('@aws-sdk/client-sqs').catch((cause) => {
    throw new FloodmarkError('unavailable', 'a queue on SQS needs npm install @aws-sdk/client-sqs', { cause })
  })
  return new sdk.SQS({
    endpoint,
    region,
    // Retries belong to the callers: they know whether the deadline allows one.
    maxAttempts: 1,
    requestHandler: { httpAgent: { maxSockets: SOCKETS_MAX }, httpsAgent: { maxSockets: SOCKETS_MAX } },
    // Without credentials here the standard chain finds them.
    ...(aws ? {} : { credentials: { accessKeyId: 'emulator', secretAccessKey: 'emulator' } }),
  })
}
