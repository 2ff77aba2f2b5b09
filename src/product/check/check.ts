import { messageOf } from '../../core/contracts/errors.ts'
import type { LoadedConfig } from '../config/load.ts'
import { loadPart } from '../config/part.ts'
import { placedIn } from '../config/placed.ts'
import { processingOf } from '../service/processing.ts'
import { type Finding, fail, ok } from './finding.ts'
import { checkMachine } from './machine.ts'
import { checkPorts } from './ports.ts'
import { checkQuotas } from './quotas.ts'
import { checkProxies, checkRates, checkRoutes, checkSecrets, checkTimes, checkTls } from './routes.ts'
import { checkStores } from './stores.ts'

/** Whether a service of this config will hold: everything that can be known before the first request. */
export async function checkService(loaded: LoadedConfig, ratePerS: number | undefined): Promise<readonly Finding[]> {
  return [
    ...(await checkSecrets(loaded, Date.now())),
    ...checkTls(loaded, Date.now()),
    checkRoutes(loaded),
    ...checkProxies(loaded),
    await checkReceiver(loaded),
    await checkHandlers(loaded),
    ...(await checkStores(loaded, ratePerS)),
    ...checkRates(loaded),
    ...checkTimes(loaded, ratePerS),
    ...(await checkQuotas(loaded, ratePerS)),
    ...(await checkMachine(loaded)),
    ...(await checkPorts(loaded)),
  ]
}

async function checkReceiver({ config: { receiver }, folder }: LoadedConfig): Promise<Finding> {
  try {
    await loadPart('receiver', placedIn(folder, receiver))
    return ok('receiver', `receiver ${receiver}`)
  } catch (error) {
    return fail('receiver', messageOf(error))
  }
}

async function checkHandlers(loaded: LoadedConfig): Promise<Finding> {
  try {
    const { effect } = await processingOf(loaded)
    const names = typeof effect === 'function' ? [] : Object.keys(effect)
    return ok('handlers', names.length === 0 ? 'one handler' : `handlers: ${names.join(', ')}`)
  } catch (error) {
    return fail('handlers', messageOf(error))
  }
}
