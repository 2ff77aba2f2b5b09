import lmdb from '../../ledgers/lmdb.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import type { Settlement } from '../../src/core/contracts/ledger.ts'
import { anEvent } from '../events.ts'

/**
 * Settles until the disk is full and reports that. After any input it settles the same again. Prints one JSON line for each.
 * The parent limits the size of its files. The system reports that limit as it reports a full disk.
 */
const ledger = await lmdb.open({ url: process.argv[2]!, namespace: 'full' })

async function settle(round: number): Promise<void> {
  const events = [anEvent(`${round}.a`), anEvent(`${round}.b`)]
  const claims = await ledger.claim(events, 60_000)
  const settlements = events.map((event, at): Settlement => {
    const claim = claims[at]!
    if (claim.state !== 'new') throw new Error(`a claim is '${claim.state}'`)
    const value = Buffer.alloc(50_000)
    const writes = [{ op: 'append', name: 'list', value } as const, { op: 'increment', name: 'n', by: 1 } as const]
    return { event, fence: claim.fence, result: 'applied', writes }
  })
  await ledger.settle(settlements)
}
async function say(what: Record<string, unknown>): Promise<void> {
  process.stdout.write(`${JSON.stringify({ ...what, n: Number(String((await ledger.read('n')) ?? 0)) })}\n`)
}

let round = 0
for (; round < 1_000; round++) {
  try {
    await settle(round)
  } catch (error) {
    await say({ round, code: error instanceof FloodmarkError ? error.code : String(error) })
    break
  }
}
await new Promise((resolve) => process.stdin.once('data', resolve))
await settle(round)
await say({ round, code: 'ok' })
await ledger.close()
process.exit(0)
