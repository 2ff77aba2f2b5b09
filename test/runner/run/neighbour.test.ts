// @module-tag full: a real run beside a busy process.
import { expect, it } from 'vitest'
import { needing } from '../../needs.ts'
import { busyNeighbour } from '../busy-neighbour.ts'
import { runsFolder } from '../floodmark.ts'

const { runOnce, reportOf } = runsFolder()
const linux = process.platform === 'linux' ? undefined : 'only Linux tells of other processes'

it('a run says that a process beside it kept a core busy, and which', {
  ...needing(linux),
}, async () => {
  using _ = busyNeighbour('busy-neighbour')
  const { out, err } = await runOnce('shared', 'steady')
  const { checks, cards } = reportOf('shared')
  expect(checks.find(({ id }) => id === 'machine-shared')?.warning, out + err).toBe(true)
  expect(cards.machine!.others!.map(({ name }) => name)).toContain('busy-neighbour')
  expect(out).toMatch(/warn {2}other processes left the machine to the run: +they took/)
  expect(out).toMatch(/others, most first: .*busy-neighbour/)
})
