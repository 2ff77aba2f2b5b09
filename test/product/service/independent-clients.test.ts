import { expect, it } from 'vitest'
import { fullUnless } from '../../needs.ts'
import { shop } from '../shop.ts'
import { CLIENTS, ENVIRONMENT, ROUTES, wrk } from './independent-clients.ts'
import { describeForSharedStores } from './stores.ts'

const EVENTS = 5
/** `npm ci --prefix test/oracles` installs the SDKs; the rest is a matter of the machine. */
const here = CLIENTS.filter(({ missing }) => missing === undefined)

/** Whoever signs as the providers say is taken, and each event takes effect once, also of those that come again. */
describeForSharedStores(({ name, isQuick, config }) => {
  it(`serve and work on ${name} take what other people's clients sign and send, each event once`, {
    ...fullUnless(isQuick),
  }, async ({ annotate }) => {
    const { start, seen, folder } = shop('', {
      'floodmark.config.ts': `export default {
        routes: {${ROUTES}}, handlers: './handlers.ts', listen: { port: 0 }, noticeMs: 0, ${config()}
      }\n`,
    })
    const serve = start('serve', '--processes', '2', ENVIRONMENT)
    const work = start('work', ENVIRONMENT)
    const port = await serve.port
    await work.until('processing')
    const acked = await Promise.all(here.map((client) => client.send({ port, folder, events: EVENTS })))
    const answered = wrk.missing === undefined ? await wrk.send({ port, folder }) : 0
    for (const { missing } of [...CLIENTS, wrk]) if (missing !== undefined) await annotate(missing)
    const sent = acked.flat()
    let took: string[] = []
    const isWrk = (id: string) => id.startsWith('github:wrk-')
    do took = await seen()
    while (took.filter(isWrk).length < answered || !sent.every((id) => took.includes(id)))
    expect(took).toHaveLength(new Set(took).size)
    expect(took.filter((id) => !isWrk(id)).toSorted()).toEqual(sent.toSorted())
    await annotate(
      `${sent.length} of ${here.length} clients and ${answered} of wrk were answered, ${took.length} took effect`,
    )
    expect([(await serve.stop()).code, (await work.stop()).code]).toEqual([0, 0])
  })
})
