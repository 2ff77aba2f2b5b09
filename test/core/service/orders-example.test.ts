import { expect, it } from 'vitest'
import { orders } from '../../../examples/orders.ts'
import { SEQUENCE_HEADER } from '../../../src/core/base/headers.ts'
import { SERVICE_DEFAULTS } from '../../../src/core/service/limits.ts'
import { anEvent } from '../../events.ts'
import { processing } from '../processing/processing.ts'

it('examples/orders.ts: books go on while mail is down, mail is sent once it is back, a refused one is buried, gaps are told', async () => {
  const sent: string[] = []
  const warnings: string[] = []
  let isDown = true
  const sendMail = async (_: string, once: string) => {
    if (isDown) throw new Error('connection refused')
    if (once.startsWith('test:7#')) throw Object.assign(new Error('no such address'), { status: 422 })
    sent.push(once)
  }
  const { effect, ...options } = orders(sendMail, (line) => warnings.push(line))
  const run = await processing(effect, { ...options, circuit: SERVICE_DEFAULTS.circuit })
  const numbers = Array.from({ length: 200 }, (_, n) => n).filter((n) => n !== 80)
  for (const n of numbers) {
    await run.publish(
      anEvent(String(n), { key: `k${n % 40}`, headers: { [SEQUENCE_HEADER]: String(Math.floor(n / 40)) } }),
    )
    await run.clock.advance(5)
  }
  await run.clock.advance(60_000)
  expect(await run.items()).toHaveLength(199)
  expect(warnings).toEqual(['k0: 2 to 2 are missing before 3'])
  isDown = false
  await run.clock.advance(120_000)
  expect(sent).toHaveLength(198)
  expect(await run.buried()).toMatchObject([{ event: { id: 'test:7#mail' }, reason: 'permanent: no such address' }])
  await run.end()
})
