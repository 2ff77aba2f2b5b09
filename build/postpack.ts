import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** What `npm pack` runs when it has packed: a clone has its own package.json again, and runs its TypeScript. */

const ROOT = join(import.meta.dirname, '..')
const ours = join(ROOT, 'package.json.ours')
if (existsSync(ours)) renameSync(ours, join(ROOT, 'package.json'))
rmSync(join(ROOT, 'dist'), { recursive: true, force: true })
