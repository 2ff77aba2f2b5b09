import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { namespaceFolder } from '../../../core/base/lock.ts'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import type { Ledger } from '../../../core/contracts/ledger.ts'
import type { Queue } from '../../../core/contracts/queue.ts'
import { load, opened } from '../../scenario/plugins.ts'
import { isOurs, moduleOf } from '../../scenario/registry.ts'

export interface LetterPlace {
  readonly name: string
  readonly url: string | undefined
  readonly namespace: string
}

/** @throws FloodmarkError 'misuse' where no ledger is there, 'unavailable' where it cannot be opened. */
export async function openLedger(place: LetterPlace): Promise<Ledger> {
  const driver = await load('ledger', place.name)
  const made = await driver.open({ url: urlOf('ledger', place, driver), namespace: place.namespace })
  const ledger = opened('ledger', made, moduleOf('ledger', place.name))
  if (ledger.traits.survives.includes('receiver-crash')) return ledger
  await ledger.close()
  throw new FloodmarkError('misuse', `the ledger '${place.name}' ends with its process: there is nothing in it to read`)
}

/** @throws as openLedger, and 'misuse' where the queue's events would end with this process. */
export async function openQueue(place: LetterPlace, ledger: LetterPlace): Promise<Queue> {
  const driver = await load('queue', place.name)
  const url = urlOf('queue', place, driver)
  if (driver.server === undefined && place.url && ledger.url && resolve(url) === resolve(ledger.url)) {
    throw new FloodmarkError('misuse', 'queue and ledger need a folder each: --queue-url is that of --ledger-url')
  }
  const made = await driver.open({ url, namespace: place.namespace })
  const queue = opened('queue', made, moduleOf('queue', place.name))
  if (queue.traits.survives.includes('receiver-crash')) return queue
  await queue.close()
  throw new FloodmarkError('misuse', `the queue '${place.name}' ends with its process: letters would be lost in it`)
}

/** Opening would make a folder that is not there: a mistyped one would look like a ledger without letters. */
function urlOf(
  kind: 'ledger' | 'queue',
  { name, url, namespace }: LetterPlace,
  { server }: { server?: unknown },
): string {
  const where = server ? `the address of the ${kind}'s server` : `the ${kind}'s folder`
  const ours = isOurs(kind, name)
  // An empty variable of the environment is none.
  if (!url && (ours || server)) throw new FloodmarkError('misuse', `give ${where}: --${kind}-url`)
  if (!ours || server) return url ?? ''
  const folder = namespaceFolder({ url: url!, namespace })
  if (existsSync(folder)) return url!
  throw new FloodmarkError('misuse', `there is no ${kind} in ${folder}: see --${kind}-url and --namespace`)
}
