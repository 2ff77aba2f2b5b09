import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { Sender, shop } from '../shop.ts'

const HANDLERS = `import { FloodmarkError, handlers } from 'floodmark'
let tries = 0
export default handlers({
  books: (event, tx) => { if (tries++ === 0) throw new Error('once'); tx.increment('booked', 1) },
  mails: { on: { type: 'order.paid' }, handle: () => 'nothing' },
  audit: () => { throw new FloodmarkError('rejected', 'no such\\u001baccount') },
  other: { on: { type: 'never' }, handle: () => {} },
})
`
const atMs = expect.any(Number)
const FATES = [
  { handler: 'books', state: 'applied', handled: { outcome: 'done', attempts: 2, atMs } },
  { handler: 'mails', state: 'applied', handled: { outcome: 'nothing', attempts: 1, atMs } },
  {
    handler: 'audit',
    state: 'buried',
    cause: 'permanent',
    failures: 1,
    atMs,
    reason: expect.stringContaining('account'),
  },
  { handler: 'other', state: 'unknown' },
]

it('what became of events is told by the admin port, and beside the running service, for each handler', async () => {
  const config = 'admin: { port: 0 }, limits: { backoff: { baseMs: 10, capMs: 50 } },'
  const { start } = shop(config, { 'handlers.ts': HANDLERS })
  const node = start('node')
  await node.until('status on http')
  const base = node.said(/status on (\S+)\/status/)
  expect(await new Sender().send(await node.port, 'a')).toBe(200)
  const asked = async (query: string) => {
    const answer = await fetch(`${base}/lookup?${query}`)
    return { status: answer.status, body: (await answer.json()) as object }
  }
  const events = [
    { id: 'in:a', fates: FATES },
    { id: 'in:b', fates: FATES.map(({ handler }) => ({ handler, state: 'unknown' })) },
  ]
  await expect.poll(() => asked('id=in:a&id=in:b')).toEqual({ status: 200, body: { events } })
  for (const wrong of ['', 'id=a', 'id=', Array.from({ length: 101 }, (_, at) => `id=in:${at}`).join('&')]) {
    expect(await asked(wrong)).toEqual({ status: 400, body: { wrong: expect.stringMatching(/give/) } })
  }
  const odd = connect(Number(new URL(base).port), '127.0.0.1').end('GET // HTTP/1.1\r\nhost: a\r\n\r\n')
  expect(String((await once(odd, 'data'))[0])).toMatch(/^HTTP\/1.1 404 /)
  const beside = await start('lookup', '--json', 'in:a', 'in:b').ended
  expect([beside.code, beside.err, JSON.parse(beside.out)]).toEqual([0, '', events])
  const words = await start('lookup', 'in:a').ended
  expect(words.out).toMatch(
    /^in:a {2}books: took effect, at \S+Z, with 2 tries\nin:a {2}mails: there was nothing to do/,
  )
  expect(words.out).not.toContain('\u001b')
  expect((await node.stop()).code).toBe(0)
  expect(JSON.parse((await start('lookup', '--json', 'in:a').ended).out)).toEqual([events[0]])
})

it.each([
  [['lookup', 'a'], '', "'a' is no event's id"],
  [['lookup', 'in:a'], '', 'there is no ledger in'],
  [['lookup', 'in:a'], "ledger: 'memory',", 'can be asked by its own process alone: set admin'],
])('floodmark %j says in one line what is wrong: %s', async (args, config, what) => {
  const { code, err } = await shop(config).start(...args).ended
  expect([code, err]).toEqual([2, expect.stringContaining(what)])
})
