import { describe, expect, it } from 'vitest'
import { clone } from './kit.ts'

/** Counts what it gets, so that a signal that came twice would be seen. */
const COUNTING = `
const got: string[] = []
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {
  got.push(signal)
  setTimeout(() => {
    console.log('got', got.join(' '))
    process.exit(130)
  }, 300)
})
setInterval(() => {}, 1000)
console.log('ready', process.pid)
`
const DEAF = `
setInterval(() => {}, 1000)
console.log('ready', process.pid)
`
const SIGNALS = ['SIGINT', 'SIGTERM'] as const
const pidIn = (out: string) => Number(/ready (\d+)/.exec(out)![1])
const lives = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe.each([
  ['in one process', undefined],
  ['with a child on the bundled Node', '20.20.2'],
])('a signal, %s', (_, version) => {
  const started = (main: string) => clone({ main, bundled: true, ...(version && { version }) }).start('scenario')

  it.each(SIGNALS)('%s to the launcher alone arrives once, and the exit code comes back', async (signal) => {
    const { child, until, ended } = started(COUNTING)
    await until('ready')
    child.kill(signal)
    const { code, out } = await ended
    expect([code, out.split('\n').at(-2)]).toEqual([130, `got ${signal}`])
  })

  it.each(SIGNALS)('%s to the whole group, as from a terminal, arrives once', async (signal) => {
    const { child, until, ended } = started(COUNTING)
    await until('ready')
    process.kill(-child.pid!, signal)
    const { code, out } = await ended
    expect([code, out.split('\n').at(-2)]).toEqual([130, `got ${signal}`])
  })

  it.each(SIGNALS)('%s ends a command that does not listen, and whoever called is told', async (signal) => {
    const { child, until, ended } = started(DEAF)
    await until('ready')
    child.kill(signal)
    const { code, signal: by, out } = await ended
    expect([code, by, lives(pidIn(out))]).toEqual([null, signal, false])
  })

  it('a launcher that is killed leaves no orphan', async () => {
    const { child, until, ended } = started(DEAF)
    await until('ready')
    child.kill('SIGKILL')
    // It ends only when the last process that has the output has ended.
    await ended
  })
})
