import { execFile } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { MachineRecord } from '../records/machine.ts'

/** The package's JavaScript lies in a folder of its own. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url)).replace(/([\\/])dist[\\/]$/, '$1')
const GIT_MS = 5_000

/** Which kit this is. A copy in another project's clone is not that project's commit. */
export async function kitState(folder = ROOT): Promise<MachineRecord['kit']> {
  const { version, dependencies, optionalDependencies } = packageAt(ROOT)!
  const packages = installed(Object.keys({ ...dependencies, ...optionalDependencies }))
  const unknown = { version, packages, commit: null, dirty: null }
  const git = async (...args: string[]) => {
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' }
    return (await promisify(execFile)('git', ['-C', folder, ...args], { timeout: GIT_MS, env })).stdout.trim()
  }
  try {
    const top = await git('rev-parse', '--show-toplevel')
    if (realpathSync(top) !== realpathSync(folder)) return unknown
    const commit = await git('rev-parse', 'HEAD')
    return { version, packages, commit, dirty: (await git('status', '--porcelain', '--untracked-files=no')) !== '' }
  } catch {
    return unknown
  }
}

interface PackageFile {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

function packageAt(folder: string): PackageFile | undefined {
  try {
    return JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8'))
  } catch {
    return undefined
  }
}

/** Versions from the packages' own files, which their lists of exports may hide. A package that is not installed is left out. */
function installed(names: readonly string[]): Record<string, string> {
  const require = createRequire(import.meta.url)
  const versions = names.flatMap((name) => {
    const folders = require.resolve.paths(name) ?? []
    const found = folders.map((folder) => packageAt(resolve(folder, name))).find((one) => one !== undefined)
    return found ? [[name, found.version] as const] : []
  })
  return Object.fromEntries(versions)
}
