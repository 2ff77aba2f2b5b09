import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fullUnless } from '../../needs.ts'
import { refusedNobody, Sender, type Started, shop } from '../shop.ts'
import { harm, kill, strike } from './kills.ts'
import { describeForSharedStores } from './stores.ts'

/** Servers that several processes share, as production has them: some receive, others process. */
describeForSharedStores(({ name, isQuick, config }) => {
  const there = () => shop(config())
  const isLinux = existsSync('/proc/self/task')

  async function drained(seen: () => Promise<string[]>, sender: Sender): Promise<string[]> {
    for (;;) {
      const took = await seen()
      if (harm(sender, took).missing.length === 0) return took
    }
  }

  it(`serve and work on ${name}: a rolling restart of both refuses nobody, and each event takes effect once`, {
    ...fullUnless(isQuick),
  }, async ({ skip }) => {
    skip(!isLinux, 'the processes of a process can be seen on Linux alone')
    const { start, seen } = there()
    const serve = start('serve', '--processes', '2')
    const work = start('work')
    await work.until('processing')
    const sender = new Sender()
    await strike(sender, await serve.port, 1, async (time) => {
      for (const each of [serve, work]) {
        each.child.kill('SIGUSR2')
        await each.until('every process has been started anew', time)
      }
    })
    refusedNobody(sender)
    expect(harm(sender, await drained(seen, sender))).toEqual({ missing: [], doubled: 0 })
    expect([(await serve.stop()).code, (await work.stop()).code]).toEqual([0, 0])
  })

  // Ten times show all that one time does, but not quickly.
  for (const times of isQuick ? [1, 10] : [10]) {
    it(`serve and work on ${name}: nothing acknowledged is missing when processes of both are killed ${times} times`, {
      timeout: 300_000,
      ...fullUnless(isQuick && times === 1),
    }, async ({ skip, annotate }) => {
      skip(!isLinux, 'the processes of a process can be seen on Linux alone')
      const { start, seen } = there()
      const serve = start('serve', '--processes', '2')
      const work = start('work')
      const sender = new Sender()
      const deaths = new Map<Started, number>()
      await work.until('processing')
      await strike(sender, await serve.port, times, async (time) => {
        const struck = time % 2 === 1 ? serve : work
        deaths.set(struck, (deaths.get(struck) ?? 0) + 1)
        kill(struck.members()[0])
        // Events are acknowledged whether or not somebody works on them: the next blow must strike one that does.
        await struck.until('has taken its place', deaths.get(struck))
      })
      expect(sender.others.filter(({ outcome }) => outcome !== 'unknown')).toEqual([])
      const took = await drained(seen, sender)
      expect(harm(sender, took)).toEqual({ missing: [], doubled: 0 })
      await annotate(`${sender.acked.length} acknowledged, ${sender.others.length} unknown, ${took.length} took effect`)
      await Promise.all([serve.stop(), work.stop()])
    })
  }
})
