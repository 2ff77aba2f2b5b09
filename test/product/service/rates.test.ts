import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/contracts/clock.ts'
import { AskedGrants, GrantedRates } from '../../../src/product/service/grants.ts'
import { needing } from '../../needs.ts'
import { describeWithServer } from '../../servers.ts'
import { Sender, shop } from '../shop.ts'
import { kill } from './kills.ts'

const linux = needing(
  existsSync('/proc/self/task') ? undefined : 'the processes of a process can be seen on Linux alone',
)
/** Of so many at once, and one more in a quarter of an hour. */
const ROUTES = `routes: {
  '/in': { provider: 'generic', source: 'in', secrets: { file: 'secret.txt' }, rate: { all: { perS: 0.001, burst: 20 } } },
}`

describeWithServer('redis', (redis) => {
  it('a rate holds for all processes of serve, and for those that take their places', {
    ...linux,
  }, async () => {
    const config = `queue: { use: 'redis-streams', url: '${redis().url}' }, ledger: 'memory'`
    const { start } = shop(`${config}, ${ROUTES}`)
    const serve = start('serve', '--processes', '2')
    const port = await serve.port
    const send = async (from: number, count: number) => {
      const sender = new Sender()
      return Promise.all(Array.from({ length: count }, (_, n) => sender.send(port, `e${from + n}`)))
    }
    const before = await send(0, 15)
    for (const [at, pid] of serve.members().entries()) {
      kill(pid)
      await serve.until('has taken its place', at + 1)
    }
    const all = [...before, ...(await send(15, 30))]
    expect(all.filter((outcome) => outcome === 200).length).toBe(20)
    expect(all.filter((outcome) => outcome === 429).length).toBe(25)
    expect((await serve.stop()).code).toBe(0)
  })
})

it('a process hears its own answers, and waits for none longer than a second', async () => {
  const clock = new VirtualClock()
  const granted = new GrantedRates(2, clock)
  const limit = { name: '/in all', perS: 1, burst: 3 }
  let isAway = false
  const asked: AskedGrants = new AskedGrants(2, clock, (question) => {
    if (!isAway) asked.heard(question.number, granted.take(question))
  })
  expect(await asked.take(limit, '', 2)).toEqual({ count: 2, waitS: 0 })
  expect(await asked.take(limit, '', 2)).toEqual({ count: 1, waitS: 1 })
  expect(await asked.take({ ...limit, perS: 2 }, '', 2)).toEqual({ count: 2, waitS: 0 })
  isAway = true
  const late = expect(asked.take(limit, '', 1)).rejects.toThrow('has not said')
  await clock.advance(1_000)
  await late
})
