// @module-tag full: a real run whose clock is set.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { needing } from '../../needs.ts'
import { clockStep } from '../../preload.ts'
import { runsFolder } from '../floodmark.ts'

const { root, reportOf } = runsFolder()
const step = clockStep()
const cli = new URL('../../../src/runner/cli/main.ts', import.meta.url).pathname

it.each([
  // The journal is there before the first arrival, the effects when everything was sent.
  ['while a run sends', 'journal-0.bin', 6],
  ['while it drains', 'effects.bin', 2],
])(
  'a wall clock that is set %s is noticed, and moves no figure',
  {
    ...needing(step.missing),
  },
  async (_when, written, durationS) => {
    const name = `stepped-${durationS}`
    const folder = join(root, name)
    const file = join(root, `step-${durationS}`)
    const load = ['--rate', '100', '--duration', String(durationS), '--p99', '300000', '--out', folder]
    const env = { ...process.env, LD_PRELOAD: step.path, STEP_FILE: file }
    const child = spawn(process.execPath, [cli, 'scenario', 'steady', ...load], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        out += data
      })
    while (!existsSync(join(folder, written)) && child.exitCode === null) await wait(50)
    await wait(2_000)
    writeFileSync(file, '')
    await once(child, 'close')
    const { checks, cards, audit } = reportOf(name)
    expect(checks.find(({ id }) => id === 'clock-stepped')?.warning, out).toBe(true)
    expect(cards.machine!.clock.steps, out).toBe(1)
    expect(out).toMatch(/warn {2}corrections of the wall clock meanwhile: +1, by up to [\d,]+ ms/)
    expect(audit).toMatchObject({ lost: 0, duplicateEffects: 0, reordered: 0 })
  },
)
