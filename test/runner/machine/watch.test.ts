import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { kitState } from '../../../src/runner/machine/kit.ts'
import { MachineWatch } from '../../../src/runner/machine/watch.ts'
import { preciseNow } from '../../../src/runner/processes/precise-now.ts'
import { needing } from '../../needs.ts'
import { busyNeighbour } from '../busy-neighbour.ts'

const linux = process.platform === 'linux' ? undefined : 'only Linux has /proc'

describe('a watch', () => {
  it('names a busy process beside the run', needing(linux), async () => {
    using _ = busyNeighbour('busy-neighbour')
    const watch = new MachineWatch()
    watch.begin(preciseNow(), () => ({ sender: [], stack: [process.pid], server: [] }))
    await wait(1_500)
    const { samples, others, cores } = await watch.sent()
    watch.stop()
    expect(others?.map(({ name }) => name)).toContain('busy-neighbour')
    expect(samples.at(-1)!.cpu!.others).toBeGreaterThan(0)
    expect(cores.stack!.length).toBeGreaterThan(0)
    expect(cores.sender).toBeUndefined()
  })

  it('ends at once, with what there is', async () => {
    const watch = new MachineWatch()
    watch.begin(preciseNow(), () => ({ sender: [], stack: [], server: [] }))
    const { samples, kit } = await watch.sent()
    expect(samples.length).toBe(1)
    expect(kit.version).toMatch(/^\d+\./)
    expect(kit.packages.zod).toMatch(/^\d+\./)
    watch.stop()
  })

  it('looks at the clocks on, until the run is over', async () => {
    const watch = new MachineWatch()
    watch.begin(preciseNow(), () => ({ sender: [], stack: [], server: [] }))
    expect(watch.afterSending()).toEqual([])
    await watch.sent()
    const real = Date.now
    onTestFinished(() => {
      Date.now = real
    })
    Date.now = () => real() + 2_000
    const [after] = watch.afterSending()
    expect(Math.round(after!.wallDriftMs / 100)).toBe(20)
    expect(after!.suspendedMs).toBe(0)
  })
})

describe('which kit it is', () => {
  const git = (folder: string, ...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { stdio: 'pipe' })
  let missing: string | undefined
  try {
    execFileSync('git', ['--version'])
  } catch {
    missing = 'there is no git (apt-get install git)'
  }

  it('is a commit, and whether files differ from it', needing(missing), async () => {
    const folder = mkdtempSync(join(tmpdir(), 'floodmark-kit-'))
    try {
      expect(await kitState(folder)).toMatchObject({ commit: null, dirty: null })
      git(folder, 'init', '-q')
      writeFileSync(join(folder, 'file'), '1')
      git(folder, 'add', '.')
      git(folder, 'commit', '-q', '-m', 'one')
      const commit = execFileSync('git', ['-C', folder, 'rev-parse', 'HEAD']).toString().trim()
      expect(await kitState(folder)).toMatchObject({ commit, dirty: false })
      writeFileSync(join(folder, 'file'), 'another')
      expect(await kitState(folder)).toMatchObject({ commit, dirty: true })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('is no commit of the project that it is installed in', needing(missing), async () => {
    const folder = mkdtempSync(join(tmpdir(), 'floodmark-kit-'))
    try {
      git(folder, 'init', '-q')
      git(folder, 'commit', '-q', '--allow-empty', '-m', 'theirs')
      const inner = mkdtempSync(join(folder, 'installed-'))
      expect(await kitState(inner)).toMatchObject({ commit: null, dirty: null })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
