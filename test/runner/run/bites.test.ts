import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fullUnless } from '../../needs.ts'
import { planted, runsFolder, untilTelling } from '../floodmark.ts'

const { root, run, runOnce, reportOf } = runsFolder()
const WHOLE_RUN_MS = 240_000

/** Makes a run, and again where a machine so slow that a process was hardly there left a bug next to nothing to bite. */
function untilBitten(name: string, ...flags: [string, ...string[]]) {
  const isStarved = ({ code }: { readonly code: number | null }) => {
    const { audit } = reportOf(name)
    return code === 0 && audit.refused + audit.unknown > audit.planned / 2
  }
  return untilTelling(() => run(name, ...flags), isStarved, join(root, name))
}

const queue = (name: string) => ['--queue', planted(name)]
const ledger = (name: string) => ['--ledger', planted(name)]
const kills = planted('scenario-kills')
const restarts = planted('scenario-restarts')
const calm = planted('scenario-steady')

describe('a run bites: a stack with a planted bug fails, by the right counter', () => {
  for (const [bug, scenario, flags, counter, everyTime] of [
    ['2xx before anything is on disk', kills, queue('queue-acks-early'), 'lost'],
    ['an ack before the effect', calm, queue('queue-acks-before-effect'), 'lost'],
    ['a tail dropped at shutdown', restarts, queue('queue-drops-tail'), 'lost'],
    ['one event in fifty thrown away', calm, queue('queue-drops'), 'lost'],
    ['no dedup', calm, [...ledger('ledger-forgets'), ...queue('queue-doubles')], 'duplicateEffects', true],
    [
      'no dedup, and what comes again comes a lease later',
      calm,
      [...ledger('ledger-forgets'), ...queue('queue-doubles-late')],
      'duplicateEffects',
    ],
    [
      'check-then-act dedup',
      calm,
      [...ledger('ledger-checks-then-acts'), ...queue('queue-doubles')],
      'duplicateEffects',
    ],
    ['an effect outside the transaction', kills, ledger('ledger-effect-outside'), 'duplicateEffects'],
    ['a key out of order', calm, queue('queue-reorders'), 'reordered'],
    [
      'copies changed on the way',
      'duplicate-storm',
      ['--receiver', planted('receiver-alters-copies')],
      'differingCopies',
    ],
    ['verification of a body written anew', calm, ['--receiver', planted('receiver-reserialises')], 'refused'],
  ] as [
    string,
    string,
    string[],
    'lost' | 'duplicateEffects' | 'reordered' | 'differingCopies' | 'refused',
    boolean?,
  ][]) {
    it(bug, { timeout: WHOLE_RUN_MS, ...fullUnless(everyTime === true) }, async () => {
      const name = bug.replaceAll(' ', '-')
      const { code, out, err } = await untilBitten(name, scenario, '--quick', ...flags)
      expect(code, out + err).toBe(1)
      expect(reportOf(name).audit[counter]).toBeGreaterThan(0)
    })
  }

  for (const [name, scenario] of Object.entries({ kills, restarts })) {
    const options = { timeout: WHOLE_RUN_MS, ...fullUnless(name === 'kills') }
    it(`and the real stack passes through the same ${name}`, options, async () => {
      const { code, out, err } = await run(`good-${name}`, scenario, '--quick')
      expect(code, out + err).toBe(0)
      const { audit, faults } = reportOf(`good-${name}`)
      expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, reordered: 0, unexpected: 0 })
      expect(faults.length).toBeGreaterThan(1)
    })
  }

  it('and through every fault that one process can be struck by, each undone', {
    timeout: WHOLE_RUN_MS,
    tags: 'full',
  }, async () => {
    const flags = ['--rate', '200', '--duration', '16']
    const { code, out, err } = await run('troubles', planted('scenario-troubles'), ...flags)
    expect(code, out + err).toBe(0)
    const { audit, faults, errors } = reportOf('troubles')
    expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, reordered: 0, unexpected: 0, misjudged: 0 })
    expect(faults.map(({ kind }) => kind)).toEqual(
      'stall clock-jump slow-effects failing-effects slow-disk latency cut blackhole drop-replies pause restart kill'.split(
        ' ',
      ),
    )
    expect(errors.filter((error) => error.startsWith('planned'))).toEqual([])
  })

  it('absorbs double deliveries with the real ledger', { tags: 'full' }, async () => {
    const { code, out } = await run('doubles', 'steady', '--quick', ...queue('queue-doubles'))
    expect(code, out).toBe(0)
    expect(reportOf('doubles').audit.duplicatesAbsorbed).toBeGreaterThan(100)
  })

  it('says INVALID when the generator cannot keep the rate', { timeout: WHOLE_RUN_MS }, async () => {
    const flags = ['--provider', planted('provider-signs-slowly'), '--rate', '600', '--duration', '3', '--p99', '500']
    const { code, out, err } = await runOnce('invalid', calm, '--quick', ...flags)
    expect(code, out + err).toBe(5)
    expect(reportOf('invalid').checks).toContainEqual(expect.objectContaining({ id: 'generator-lateness', ok: false }))
  })
})
