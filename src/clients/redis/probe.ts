import { messageOf } from '../../core/contracts/errors.ts'
import type { ProbeAnswer } from '../../core/contracts/probe.ts'
import { isAnswer, redisClient } from './connection.ts'
import { askRedis, judgeRedis, productOf, type RedisAnswers } from './facts.ts'

/** undefined when nothing at a redis:// URL speaks the protocol and is ready within `ms`. Never rejects. */
export async function probeRedis(url: string, ms: number): Promise<ProbeAnswer | undefined> {
  // One try, as whoever asks wants to know at once that nobody listens. Loading is told by INFO, without a wait.
  const once = { lazyConnect: true, retryStrategy: null, enableReadyCheck: false, disableClientInfo: true }
  const client = redisClient(url, { ...once, connectTimeout: ms })
  client.on('error', () => {})
  const answering = client.connect().then(() => askRedis(client))
  const cancel = new AbortController()
  const late = AbortSignal.any([AbortSignal.timeout(ms), cancel.signal])
  const over = new Promise<undefined>((resolve) => late.addEventListener('abort', () => resolve(undefined)))
  try {
    const answers = await Promise.race([answering, over])
    return answers && judged(answers)
  } catch (error) {
    if (!isAnswer(error) || !error.message.startsWith('NOAUTH')) return undefined
    return { product: 'Redis', pid: undefined, trouble: 'it wants a password: give its URL' }
  } finally {
    cancel.abort()
    client.disconnect()
  }
}

function judged(answers: RedisAnswers): ProbeAnswer | undefined {
  const { info } = answers
  if (info.redis_version === undefined || info.loading === '1') return undefined
  const product = productOf(info)
  const pid = Number(info.process_id) || undefined
  try {
    judgeRedis(answers)
    return { product, pid, trouble: undefined }
  } catch (error) {
    return { product, pid, trouble: messageOf(error).replace(`this ${product}`, 'it') }
  }
}
