import { expect, it } from 'vitest'
import { queues } from '../../../queues/index.ts'
import { fullUnless } from '../../needs.ts'
import { describeWithServer } from '../../servers.ts'
import { runsFolder } from '../floodmark.ts'
import { queuesByServer } from './queues-by-server.ts'

const { run, reportOf } = runsFolder()
const WHOLE_RUN_MS = 240_000
/** PASS, or INVALID: on a busy machine the generator may be late, which is not what is tried here. */
const FINISHED = [0, 5]

/** Whole runs on every queue that has a server; two receivers and two processors. */
for (const [server, names] of await queuesByServer(queues)) {
  describeWithServer(server, (shared) => {
    for (const [name, ledger] of names.flatMap((one) =>
      ['lmdb', sharedLedgerOf(one)].map((of) => [one, of] as const),
    )) {
      const options = {
        timeout: WHOLE_RUN_MS,
        ...fullUnless(ledger !== 'lmdb' && ['redis-streams', 'postgres'].includes(name)),
      }
      const title = `a flash sale through ${name} and the ledger ${ledger} loses nothing and doubles nothing`
      it(title, options, async () => {
        const folder = `${name}-${ledger}`
        const at = ['--queue', name, '--queue-url', shared().url]
        const flags = [...at, '--ledger', ledger, '--processes', '2', '--rate', '60', '--duration', '6']
        const { code, out, err } = await run(folder, 'flash-sale', '--quick', ...flags)
        expect(FINISHED, out + err).toContain(code)
        const { audit, processes } = reportOf(folder)
        expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, unexpected: 0, misjudged: 0, refused: 0 })
        const processors = ledger === 'lmdb' ? ['processor'] : ['processor 1', 'processor 2']
        expect(processes.map((one) => one.name)).toEqual(['receiver 1', 'receiver 2', ...processors, 'sender 1'])
      })
    }
  })
}

function sharedLedgerOf(queue: string): string {
  return queue === 'postgres' ? 'postgres' : 'redis'
}
