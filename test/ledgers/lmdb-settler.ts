import lmdb from '../../ledgers/lmdb.ts'
import { RecordedTx } from '../../src/core/processing/writes.ts'
import { anEvent } from '../events.ts'

/** Settles numbered events for ever, some at once. Prints each number once its settle call has resolved. SIGKILL ends it. */
const [url, first] = process.argv.slice(2)
const ledger = await lmdb.open({ url: url!, namespace: 'crash' })
let next = Number(first)
async function settler(): Promise<void> {
  for (;;) {
    const numbers = Array.from({ length: 1 + (next % 7) }, () => next++)
    const events = numbers.map((number) => anEvent(String(number)))
    const claims = await ledger.claim(events, 60_000)
    const settlements = events.flatMap((event, at) => {
      const claim = claims[at]!
      if (claim.state !== 'new') return []
      const tx = new RecordedTx()
      tx.append(`list/${numbers[at]! % 5}`, Buffer.from(String(numbers[at])))
      tx.increment('total', 1)
      return [{ event, fence: claim.fence, result: 'applied', writes: tx.writes } as const]
    })
    await ledger.settle(settlements)
    process.stdout.write(numbers.map((number) => `${number}\n`).join(''))
  }
}
await Promise.all(Array.from({ length: 4 }, settler))
