import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')

/** A file of a package that only those need who work on floodmark. Ends the process where `npm ci --omit=dev` left it out. */
export function developmentFile(path: string): string {
  const file = join(ROOT, 'node_modules', path)
  if (existsSync(file)) return file
  const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/')
  process.stderr.write(`floodmark: the package ${name} is not installed: run npm ci --include=dev in ${ROOT}\n`)
  process.exit(3)
}
