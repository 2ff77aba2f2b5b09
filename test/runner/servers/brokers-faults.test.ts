// @module-tag full: half a minute of faults on each queue that has a server.
import { expect, it } from 'vitest'
import { queues } from '../../../queues/index.ts'
import { describeWithServer } from '../../servers.ts'
import { planted, runsFolder } from '../floodmark.ts'
import { queuesByServer } from './queues-by-server.ts'

const { runOnce, reportOf } = runsFolder()

/** Each run starts a server of its own, to break it. */
for (const [server, names] of await queuesByServer(queues)) {
  describeWithServer(server, () => {
    it.each(names)('%s hung and killed in the middle of the traffic loses nothing where it says so', async (name) => {
      const folder = `${name}-faults`
      const flags = ['--queue', name, '--processes', '2', '--rate', '100', '--duration', '27', '--p99', '300000']
      const { code, out, err } = await runOnce(folder, planted('scenario-broker-faults'), ...flags)
      const { audit, checks, durability, faults, verdict } = reportOf(folder)
      expect(audit, out + err).toMatchObject({ duplicateEffects: 0, unexpected: 0, misjudged: 0 })
      if (durability!.queue.survives.includes('broker-crash')) expect(audit.lost, out + err).toBe(0)
      expect(faults.map(({ kind }) => kind)).toEqual(['pause', 'kill'])
      // Both sides of the hang: what it took before its kill had to outlive both.
      expect(audit.applied + audit.lost, out + err).toBeGreaterThan(200)
      // What a broker of a lesser class loses is shown as lost all the same, and nothing else of the stack failed.
      const failed = checks
        .filter(({ about, ok }) => about !== 'generator' && ok === false)
        .map(({ id }) => id)
        // How soon goodput is back is a matter of the machine.
        .filter((id) => id !== 'goodput-after-fault')
      if (audit.lost > 0) expect([code, verdict, failed.includes('lost')], out + err).toEqual([1, 'FAIL', true])
      else expect(failed, out + err).toEqual([])
    })
  })
}
