import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe } from 'vitest'
import { needing } from './needs.ts'

/** What a container is to the kit: a process-id namespace and a /proc of its own, on a volume that others mount as well. */
const UNSHARE = ['--pid', '--fork', '--mount-proc', '--kill-child']

/** Why no containers can be made here; undefined where they can. */
function whyNoContainers(): string | undefined {
  const { status, error, stderr } = spawnSync('unshare', [...UNSHARE, 'true'], { encoding: 'utf8' })
  return status === 0 ? undefined : `unshare --pid --mount-proc: ${error?.message ?? stderr.trim()}`
}

/** A suite that needs containers. */
export function describeWithContainers(name: string, suite: () => void): void {
  describe(name, needing(whyNoContainers()), suite)
}

/** A node process in a container of its own: there it is process 1 (or near it), here it is another. */
export function inContainer(args: readonly string[]): ChildProcess {
  return spawn('unshare', [...UNSHARE, process.execPath, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Sends a signal to the process within; `unshare` itself passes none on. */
export function signal(container: ChildProcess, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    const children = `/proc/${container.pid}/task/${container.pid}/children`
    const within = Number(readFileSync(children, 'utf8').trim().split(' ')[0])
    if (within > 1) process.kill(within, name)
  } catch (error) {
    // It ended just now.
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code!)) throw error
  }
}
