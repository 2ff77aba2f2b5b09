import rawHttp from '../../receivers/raw-http.ts'
import { systemClock } from '../../src/core/contracts/clock.ts'
import { messageOf } from '../../src/core/contracts/errors.ts'
import { seeded } from '../../src/core/contracts/random.ts'
import { startService } from '../../src/core/service/service.ts'
import { FIRST_DESCRIPTOR } from '../../src/runner/processes/child.ts'
import { handingQueue } from './handing.ts'
import type { FromReceiver, ReceiverSetup } from './protocol.ts'
import { routesOf } from './requests.ts'

/** A process that only receives, and hands what it has accepted to the one that has the queue. */

const setup: ReceiverSetup = JSON.parse(process.argv[2]!)
process.on('disconnect', () => process.exit(0))

async function run(): Promise<void> {
  await startService({
    queue: await handingQueue(setup.path, setup.traits),
    receiving: { receiver: rawHttp, routes: routesOf(), handle: { fd: FIRST_DESCRIPTOR } },
    clock: systemClock,
    random: seeded(1),
    onError: (error) => say({ kind: 'failed', code: 'unavailable', message: messageOf(error) }),
  })
  say({ kind: 'ready' })
}

run().catch((error) => say({ kind: 'failed', code: 'unavailable', message: messageOf(error) }))

function say(message: FromReceiver): void {
  if (process.connected) process.send?.(message)
}
