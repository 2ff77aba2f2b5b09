import { parentPort, workerData } from 'node:worker_threads'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import type { Provider } from '../../src/core/contracts/provider.ts'
import { SecretRing } from '../../src/core/receiving/secret-ring.ts'
import { type Answer, type Batch, type Item, READY, ROTATED, type Rotation, type WorkerSetup } from './protocol.ts'

/** A thread that verifies batches with the routes' own providers, one after the other. */
const port = parentPort!
const routes = await Promise.all(
  (workerData as WorkerSetup).routes.map(async ({ module, secrets }) => {
    const provider: Provider | undefined = module === '' ? undefined : (await import(module)).default
    return { provider, ring: new SecretRing(secrets) }
  }),
)

function judge(item: Item, raw: Uint8Array): Answer['outcomes'][number] {
  const { provider, ring } = routes[item.route] as { readonly provider: Provider; readonly ring: SecretRing }
  const header = (name: string) => {
    const at = provider.signatureHeaders.indexOf(name)
    if (at === -1) throw new FloodmarkError('misuse', `${provider.name} reads ${name}: add it to its signatureHeaders`)
    return item.headers[at]
  }
  try {
    provider.verify({ url: item.url, header, raw, receivedAtMs: item.receivedAtMs }, ring.at(item.receivedAtMs))
    return undefined
  } catch (error) {
    const { code, reason } = error instanceof FloodmarkError ? error : ({ code: 'unavailable' } as const)
    return [code, messageOf(error), reason]
  }
}

port.on('message', (message: Batch | Rotation) => {
  if ('route' in message) {
    routes[message.route]!.ring = new SecretRing(message.secrets)
    return port.postMessage(ROTATED)
  }
  const { items, bodies } = message
  let at = 0
  const outcomes = items.map((item) => {
    const raw = Buffer.from(bodies, at, item.bodyBytes)
    at += item.bodyBytes
    return judge(item, raw)
  })
  const answer: Answer = { outcomes, bodies }
  port.postMessage(answer, [bodies])
})
port.postMessage(READY)
