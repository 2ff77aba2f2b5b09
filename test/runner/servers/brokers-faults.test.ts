// @module-tag full: half a minute of faults on each queue that has a server.
import { expect, it } from 'vitest'
import { queues } from '../../../queues/index.ts'
import { describeWithServer } from '../../servers.ts'
import { planted, runsFolder } from '../floodmark.ts'
import { queuesByServer } from './queues-by-server.ts'

const { run, reportOf } = runsFolder()

/** Each run starts a server of its own, to break it. */
for (const [server, names] of await queuesByServer(queues)) {
  describeWithServer(server, () => {
    it.each(names)(
      '%s killed and hung in the middle of the traffic loses nothing where it says so',
      { timeout: 150_000 },
      async (name) => {
        const folder = `${name}-faults`
        const flags = ['--queue', name, '--processes', '2', '--rate', '100', '--duration', '27', '--p99', '30000']
        const { code, out, err } = await run(folder, planted('scenario-broker-faults'), ...flags)
        const { audit, durability, verdict } = reportOf(folder)
        expect(audit, out + err).toMatchObject({ duplicateEffects: 0, unexpected: 0, misjudged: 0 })
        if (durability!.queue.survives.includes('broker-crash')) expect(audit.lost, out + err).toBe(0)
        // What a broker of a lesser class loses is shown as lost all the same.
        expect({ code, verdict }, out + err).toEqual(
          audit.lost > 0 ? { code: 1, verdict: 'FAIL' } : { code: 0, verdict: 'PASS' },
        )
      },
    )
  })
}
