import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { configIn } from '../config/load.ts'
import { configText, handlersText, type InitPlan } from './files.ts'

/** The service's data, and secrets. */
const IGNORED = ['data/', '.env']

/** In a folder whose package.json says that files are CommonJS, Node reads TypeScript as that too. */
export function extensionIn(folder: string): InitPlan['extension'] {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).type === 'commonjs' ? 'mts' : 'ts'
  } catch {
    return 'ts'
  }
}

/**
 * Writes the config and, where there is none, the handlers. Returns the names of what was written.
 * @throws FloodmarkError 'misuse' where a config is there: nothing of a person's own is written over.
 */
export function writeProject(folder: string, plan: InitPlan): readonly string[] {
  const there = configIn(folder)
  if (there) throw new FloodmarkError('misuse', `${there} is there already: change it, or move it away`)
  const [config, handlers] = [`floodmark.config.${plan.extension}`, `handlers.${plan.extension}`]
  const written = [config]
  writeFileSync(join(folder, config), configText(plan))
  if (!existsSync(join(folder, handlers))) {
    writeFileSync(join(folder, handlers), handlersText(plan))
    written.push(handlers)
  }
  const ignore = join(folder, '.gitignore')
  const text = existsSync(ignore) ? readFileSync(ignore, 'utf8') : ''
  const missing = IGNORED.filter((name) => !text.split('\n').includes(name))
  if (missing.length > 0) {
    writeFileSync(ignore, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`)
    written.push('.gitignore')
  }
  return written
}
