import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const RUN_MS_MAX = 120_000
/** The last word is the shell's: CPU time of what it ran, as `times` writes it. */
const MEASURED = '"$@"; code=$?; times >&2; exit $code'
const NOT_FOUND = 127

/** What a server's own load tool printed, and the CPU time that it took. */
export interface ToolRun {
  readonly stdout: string
  readonly cpuSeconds: number
}

/** Runs one to its end; null where it is not installed. */
export async function runTool(file: string, args: readonly string[]): Promise<ToolRun | null> {
  try {
    const { stdout, stderr } = await run('sh', ['-c', MEASURED, 'sh', file, ...args], { timeout: RUN_MS_MAX })
    return { stdout, cpuSeconds: cpuSecondsIn(stderr) }
  } catch (error) {
    const { code } = error as { code?: number | string }
    if (code === NOT_FOUND || code === 'ENOENT') return null
    throw error
  }
}

/** User and system time of the children, in the last line: `0m1.25s 0m0.50s`. */
export function cpuSecondsIn(times: string): number {
  const [user, system] = [...(times.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => 60 * Number(minutes) + Number(seconds),
  )
  if (user === undefined || system === undefined) throw new Error(`the shell told no CPU time: ${times.slice(-200)}`)
  return user + system
}
