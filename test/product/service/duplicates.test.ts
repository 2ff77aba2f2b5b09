import { expect, it } from 'vitest'
import { fullUnless } from '../../needs.ts'
import { Sender, shop } from '../shop.ts'
import { describeForSharedStores } from './stores.ts'

const ROUTES = `routes: {
  '/in': { provider: 'generic', source: 'in', secrets: { file: 'secret.txt' }, replies: { duplicate: { status: 409 } } },
}`
const HANDLERS = `import { handlers } from 'floodmark'
export default handlers({
  seen: { on: { source: 'in' }, handle: (event, tx) => tx.append('seen', Buffer.from(event.id)) },
  refunds: { on: { type: 'refund.*' }, handle: () => {} },
})\n`

describeForSharedStores(({ name, isQuick, config }) => {
  it(`serve on ${name} asks the ledger of work, and answers a copy of what took effect otherwise`, {
    ...fullUnless(isQuick),
  }, async () => {
    const { start, seen } = shop(`${config()}, ${ROUTES}`, { 'handlers.ts': HANDLERS })
    const serve = start('serve', '--processes', '2')
    const work = start('work')
    const port = await serve.port
    await work.until('processing')
    const sender = new Sender()
    expect(await sender.send(port, 'a')).toBe(200)
    await expect.poll(seen).toEqual(['in:a'])
    expect([await sender.send(port, 'a'), await sender.send(port, 'b')]).toEqual([409, 200])
    expect([(await serve.stop()).code, (await work.stop()).code]).toEqual([0, 0])
  })

  if (!isQuick) return
  it('serve refuses an answer to duplicates where the ledger belongs to another process', async () => {
    const { code, err } = await shop(`${config()}, ledger: 'lmdb', ${ROUTES}`).start('serve', '--processes', '1').ended
    expect(code).toBe(2)
    expect(err).toContain(
      "route /in has an answer to duplicates, and the ledger 'lmdb' belongs to one process: choose one with a server, run floodmark node, or leave replies.duplicate out",
    )
  })
})
