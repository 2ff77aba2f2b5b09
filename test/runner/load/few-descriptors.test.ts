import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { needing } from '../../needs.ts'
import { planted, runsFolder } from '../floodmark.ts'

const child = new URL('./many-connections-child.ts', import.meta.url).pathname
const cli = new URL('../../../src/runner/cli/main.ts', import.meta.url).pathname
const windows = process.platform === 'win32' ? 'there is no ulimit' : undefined
const { root, reportOf } = runsFolder()

/** A network of its own with so few ports to send from: it takes none from anybody else. */
const fewPorts = (count: number) =>
  `ip link set lo up && echo '40001 ${40_000 + count}' > /proc/sys/net/ipv4/ip_local_port_range`
const noNetwork = why(() => execFileSync('unshare', ['-n', 'sh', '-c', fewPorts(60)], { stdio: 'pipe' }))

async function inShell(command: string, args: readonly string[]): Promise<{ out: string; code: number }> {
  const quoted = [process.execPath, ...args].map((one) => `'${one}'`).join(' ')
  const full = `${command} && exec ${quoted}`
  const [file, ...more] = command.startsWith('ulimit') ? ['sh', '-c', full] : ['unshare', '-n', 'sh', '-c', full]
  return promisify(execFile)(file!, more, { maxBuffer: 2 ** 24 }).then(
    ({ stdout }) => ({ out: stdout, code: 0 }),
    ({ stdout, stderr, code }) => ({ out: stdout + stderr, code }),
  )
}

const LIMITS = [
  ['descriptors', 'no-descriptor', 'ulimit -n 80', 'ulimit -n 300', windows],
  ['ports', 'no-port', fewPorts(60), fewPorts(300), noNetwork],
] as const

describe.each(LIMITS)('a sender whose machine has too few %s', (what, cause, few, fewForRun, missing) => {
  it('knows it from a server that nobody reaches', needing(missing), async () => {
    const { out } = await inShell(few, [child, '200'])
    const causes = JSON.parse(out)
    expect(causes[cause]).toBeGreaterThan(100)
    expect(causes).not.toHaveProperty('connect')
  })

  const options = { tags: 'full' as const, ...needing(missing) }
  it('makes its run INVALID, which says what to give it', options, async () => {
    const run = ['scenario', planted('scenario-hangs'), '--rate', '200', '--duration', '5', '--out', `${root}/${what}`]
    const { out, code } = await inShell(fewForRun, [cli, ...run])
    const { verdict, checks } = reportOf(what)
    expect([code, verdict], out).toEqual([5, 'INVALID'])
    const failed = checks.find(({ id }) => id === 'sender-machine')!
    expect(failed).toMatchObject({ ok: false, about: 'generator' })
    expect(failed.values[what]).toMatchObject({ value: expect.any(Number) })
    expect((failed.values[what] as { value: number }).value).toBeGreaterThan(0)
    expect(out.replaceAll(/\s+/g, ' ')).toContain('Give the senders more descriptors (ulimit -n) and ports')
  })
})

/** What the machine lacks where `attempt` fails. */
function why(attempt: () => unknown): string | undefined {
  try {
    attempt()
    return undefined
  } catch {
    return 'a network of its own can be made by root on Linux only, with unshare and ip'
  }
}
