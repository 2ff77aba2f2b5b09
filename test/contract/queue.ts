import { describe, expect, it } from 'vitest'
import { delivery } from './queue/delivery.ts'
import { faults } from './queue/faults.ts'
import { type Behaviours, type QueueUnderTest, Subject, WITHIN_MS } from './queue/kit.ts'
import { leases } from './queue/leases.ts'
import { order } from './queue/order.ts'
import { publishing } from './queue/publishing.ts'

export type { QueueUnderTest } from './queue/kit.ts'

/** A few waits may follow each other in one test. */
const TEST_MS = 2.5 * WITHIN_MS

export const behaviours: Behaviours = { ...delivery, ...order, ...leases, ...publishing, ...faults }

export interface ContractOptions {
  /**
   * Title of a behaviour → why this queue lacks it. Such a test must fail: an exception that is no longer needed
   * turns the suite red. Only for behaviours that no trait describes.
   */
  readonly exceptions?: Readonly<Record<string, string>>
}

/** Tests the behaviours of every queue, as far as its traits promise them. `make` gives a fresh namespace. */
export function queueContract(name: string, make: () => Promise<QueueUnderTest>, options: ContractOptions = {}): void {
  const { exceptions = {} } = options
  describe(`${name} keeps the queue contract`, () => {
    for (const [title, behaviour] of Object.entries(behaviours)) {
      const reason = exceptions[title]
      const test = reason === undefined ? it : it.fails
      test(reason === undefined ? title : `${title} (exception: ${reason})`, { timeout: TEST_MS }, async (context) => {
        const subject = new Subject(await make(), context)
        try {
          await behaviour(subject)
        } finally {
          await subject.end()
        }
      })
    }

    it('makes exceptions only for behaviours of the contract', () => {
      expect(Object.keys(behaviours)).toEqual(expect.arrayContaining(Object.keys(exceptions)))
    })
  })
}
