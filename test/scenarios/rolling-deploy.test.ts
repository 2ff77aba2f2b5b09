// @module-tag full: real runs of half a minute each.
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { receivers } from '../../receivers/index.ts'
import { fullUnless } from '../needs.ts'
import { planted, played, runsFolder } from '../runner/floodmark.ts'

// Each sends little, and mostly waits.
vi.setConfig({ maxConcurrency: 3 })

const { root, reportOf } = runsFolder()
const deploy = (name: string, scenario: string, ...flags: string[]) =>
  played(join(root, name), scenario, '--rate', '150', '--p99', '300000', ...flags)

describe.concurrent('rolling-deploy', () => {
  for (const receiver of Object.keys(receivers)) {
    const options = { ...fullUnless(receiver === 'raw-http') }
    it(`refuses nothing and loses nothing while ${receiver} is restarted under load`, options, async () => {
      const { code, out, err } = await deploy(receiver, 'rolling-deploy', '--quick', '--receiver', receiver)
      expect(code, out + err).toBe(0)
      const { audit, faults, setup, cards, checks } = reportOf(receiver)
      expect(audit).toMatchObject({ refused: 0, unknown: 0, unsent: 0, lost: 0, duplicateEffects: 0, reordered: 0 })
      expect(audit.planned).toBeGreaterThan(2_000)
      expect(cards.delivery!.attempts).toBe(audit.planned)
      expect(faults).toMatchObject([{ kind: 'restart', victim: 'receiver + processor' }])
      expect(setup.balancerMs).toBe(10_000)
      expect(checks.map(({ id }) => id)).toContain('refused')
      expect(out).toContain('through a balancer that holds requests up to 10.0 s')
    })
  }

  it.each([
    ['a receiver cuts what is in progress', 'rolling-deploy', ['--receiver', planted('receiver-cuts')], 'unknown'],
    ['no balancer stands before the processes', planted('scenario-deploy-unbalanced'), [], 'refused'],
  ] as const)('fails where %s', async (_, scenario, flags, counter) => {
    const { code, out, err } = await deploy(counter, scenario, '--duration', '6', ...flags)
    expect(code, out + err).toBe(1)
    const { audit, checks } = reportOf(counter)
    expect(audit[counter]).toBeGreaterThan(0)
    expect(audit.lost).toBe(0)
    expect(checks.find(({ id }) => id === 'refused')?.ok).toBe(false)
  })
})
