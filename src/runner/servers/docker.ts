import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const FILE = fileURLToPath(new URL('../../../infra/docker-compose.yml', import.meta.url))
const ASK_MAX_MS = 5_000
const UP_MAX_MS = 300_000
const DOWN_MAX_MS = 60_000

/** Whether Docker and its compose are there and the daemon answers. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    await run('docker', ['compose', 'version'], { timeout: ASK_MAX_MS })
    await run('docker', ['info'], { timeout: ASK_MAX_MS })
    return true
  } catch {
    return false
  }
}

/** Starts one kind's server as a project of its own; resolves when its health check passes. Rejects with what compose said. */
export async function composeUp(
  kind: string,
  project: string,
  env: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<void> {
  const options = { env: { ...process.env, ...env }, timeout: UP_MAX_MS, ...(signal ? { signal } : {}) }
  await run('docker', [...compose(kind, project), 'up', '-d', '--wait', kind], options)
}

/** Ends a project's containers and removes its volumes. */
export async function composeDown(kind: string, project: string): Promise<void> {
  await run('docker', [...compose(kind, project), 'down', '-v', '-t', '1'], { timeout: DOWN_MAX_MS })
}

const compose = (kind: string, project: string) => ['compose', '-f', FILE, '-p', project, '--profile', kind]
