import { execFile } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { MachineRecord } from '../records/machine.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const GIT_MS = 5_000

/** Which kit this is. A copy in another project's clone is not that project's commit. */
export async function kitState(folder = ROOT): Promise<MachineRecord['kit']> {
  const { version } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'))
  const git = async (...args: string[]) => {
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' }
    return (await promisify(execFile)('git', ['-C', folder, ...args], { timeout: GIT_MS, env })).stdout.trim()
  }
  try {
    const top = await git('rev-parse', '--show-toplevel')
    if (realpathSync(top) !== realpathSync(folder)) return { version, commit: null, dirty: null }
    const commit = await git('rev-parse', 'HEAD')
    return { version, commit, dirty: (await git('status', '--porcelain', '--untracked-files=no')) !== '' }
  } catch {
    return { version, commit: null, dirty: null }
  }
}
