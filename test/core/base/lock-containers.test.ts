import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { lockFolder } from '../../../src/core/base/lock.ts'
import { describeWithContainers, inContainer } from '../../containers.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-lock-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const lockFile = new URL('../../../src/core/base/lock.ts', import.meta.url).href

const HOLDER = `
  const { lockFolder } = await import('${lockFile}')
  try { lockFolder(process.argv[1]); process.stdout.write('held') } catch (error) { process.stdout.write(error.message) }
  setInterval(() => {}, 1000)
`
async function contender(folder: string) {
  const container = inContainer(['--input-type=module', '-e', HOLDER, folder])
  const [said] = await once(container.stdout!, 'data')
  const end = async () => {
    const ended = once(container, 'close')
    container.kill('SIGKILL')
    await ended
  }
  return { said: String(said), end }
}

describeWithContainers('a folder that two containers mount', () => {
  it('is held by one of them, whichever began first, and by the next as soon as that one is gone', async () => {
    const folder = join(root, 'two')
    const first = await contender(folder)
    const second = await contender(folder)
    expect(() => lockFolder(folder)).toThrow('in use')
    await second.end()
    const third = await contender(folder)
    await first.end()
    const fourth = await contender(folder)
    await Promise.all([third.end(), fourth.end()])
    expect([first.said, fourth.said]).toEqual(['held', 'held'])
    expect([second.said, third.said].join()).toMatch(/in use by process \d+ .*in use by process \d+ /)
  })

  it('is refused to a container while a process outside holds it', async () => {
    const folder = join(root, 'outside')
    const lock = lockFolder(folder)
    const within = await contender(folder)
    await within.end()
    expect(within.said).toContain(`in use by process ${process.pid}`)
    lock.release()
    const later = await contender(folder)
    await later.end()
    expect(later.said).toBe('held')
  })
})
