import memoryLedger from '../../../ledgers/memory.ts'
import memoryQueue from '../../../queues/memory.ts'
import { sleep, systemClock } from '../../core/contracts/clock.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { DeadLetter, Effects, Ledger } from '../../core/contracts/ledger.ts'
import type { Ingest, Receiver } from '../../core/contracts/receiver.ts'
import type { Reply } from '../../core/contracts/reply.ts'
import type { ProcessorState } from '../../core/processing/processor-counts.ts'
import type { ServiceLimits } from '../../core/service/limits.ts'
import { startService } from '../../core/service/service.ts'
import {
  type AnyProvider,
  providerOf,
  type RequestOptions,
  type SignedRequest,
  signedRequest,
  testSecrets,
} from './signed-request.ts'

export interface TestReceiverOptions {
  /** Who sends: a route for each, with a new secret. */
  readonly providers: readonly AnyProvider[]
  /** The work for each event. */
  readonly handlers: Effects
  /** Default: one in memory. A ledger of your own database stays open: close it yourself. */
  readonly ledger?: Ledger
  readonly limits?: Partial<ServiceLimits>
}

/** The service in memory, without a port: what is sent is verified, stored, deduplicated and handled as in production. */
export interface TestReceiver {
  /** Signs a request as the provider does, and sends it. */
  send(provider: AnyProvider, options?: RequestOptions): Promise<Reply>
  /** Sends a request as it is: one that is forged, or that was kept. */
  deliver(provider: AnyProvider, request: Pick<SignedRequest, 'headers' | 'body'>): Promise<Reply>
  /** A request as `send` makes it, to be changed or sent again. */
  sign(provider: AnyProvider, options?: RequestOptions): Promise<SignedRequest>
  /** Resolves when all that was taken has taken effect or lies in the dead letters. @throws FloodmarkError 'timeout' after `ms`. */
  settled(ms?: number): Promise<Readonly<ProcessorState>>
  readonly ledger: Ledger
  deadLetters(): Promise<readonly DeadLetter[]>
  stop(): Promise<void>
}

const SETTLED_MS = 5_000
const LOOK_MS = 5
/** Nobody wants to wait in a test: retries come at once, and few of them. */
const LIMITS = { backoff: { baseMs: 2, capMs: 10 }, attemptsMin: 3, retryForMs: 0 } as const

/** Starts it. Stop it when the test is over. */
export async function testReceiver({
  providers,
  handlers,
  limits,
  ...given
}: TestReceiverOptions): Promise<TestReceiver> {
  const senders = await Promise.all(
    providers.map(async (one) => {
      const [provider, pair] = [await providerOf(one), await testSecrets(one)]
      const route = {
        path: `/${provider.name}`,
        source: provider.name,
        provider,
        secrets: [provider.secret(pair.verifying)],
      }
      return { route, pair }
    }),
  )
  const queue = await memoryQueue.open({ url: '', namespace: 'test' })
  const ledger = given.ledger ?? (await memoryLedger.open({ url: '', namespace: 'test' }))
  let ingest: Ingest | undefined
  const receiver: Receiver = async (options) => {
    ingest = options.ingest
    return { port: 0, stop: async () => {} }
  }
  const routes = senders.map(({ route }) => route)
  const service = await startService({
    queue,
    clock: systemClock,
    random: Math.random,
    limits: { ...LIMITS, ...limits },
    receiving: { receiver, routes },
    processing: { ledger: given.ledger ? keptOpen(ledger) : ledger, effect: handlers },
    onError: () => {},
  })
  const senderOf = async (one: AnyProvider) => {
    const { name } = await providerOf(one)
    const sender = senders.find(({ route }) => route.source === name)
    if (sender) return sender
    throw new FloodmarkError('misuse', `the test receiver has no route for ${name}: name it among its providers`)
  }
  const sign = async (one: AnyProvider, options: RequestOptions = {}) => {
    const { route, pair } = await senderOf(one)
    return signedRequest(one, pair.signing, { url: `http://127.0.0.1${route.path}`, ...options })
  }
  const deliver = async (one: AnyProvider, { headers, body }: Pick<SignedRequest, 'headers' | 'body'>) => {
    const { route } = await senderOf(one)
    const all: Readonly<Record<string, string>> = { host: '127.0.0.1', ...headers }
    const header = (name: string) => all[name]
    return ingest!.handle({ url: route.path, raw: body, receivedAtMs: systemClock.now(), header })
  }
  return {
    ledger,
    sign,
    deliver,
    send: async (one, options) => deliver(one, await sign(one, options)),
    async settled(ms = SETTLED_MS) {
      const endMs = systemClock.monotonic() + ms
      for (;;) {
        const { waiting, inFlight } = await queue.depth()
        if (waiting + inFlight === 0) return service.counts!
        if (systemClock.monotonic() > endMs) {
          const what = `${waiting + inFlight} events are not settled after ${ms} ms`
          throw new FloodmarkError('timeout', `${what}: their handlers still fail, or wait`)
        }
        await sleep(systemClock, LOOK_MS)
      }
    },
    async deadLetters() {
      const letters: DeadLetter[] = []
      for await (const letter of ledger.buried()) letters.push(letter)
      return letters
    },
    stop: () => service.stop(),
  }
}

/** The same ledger, which outlives the service. */
function keptOpen(ledger: Ledger): Ledger {
  return new Proxy(ledger, {
    get(target, name) {
      if (name === 'close') return async () => {}
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
