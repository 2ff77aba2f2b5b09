import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { configText, HANDLERS_TEXT, type InitPlan } from './files.ts'

const IGNORED = 'data/'

/**
 * Writes the config and, where there is none, the handlers. Returns the names of what was written.
 * @throws FloodmarkError 'misuse' where a config is there: nothing of a person's own is written over.
 */
export function writeProject(folder: string, plan: InitPlan): readonly string[] {
  const config = join(folder, 'floodmark.config.ts')
  if (existsSync(config)) {
    throw new FloodmarkError('misuse', `${config} is there already: change it, or move it away`)
  }
  const written = ['floodmark.config.ts']
  writeFileSync(config, configText(plan))
  const handlers = join(folder, 'handlers.ts')
  if (!existsSync(handlers)) {
    writeFileSync(handlers, HANDLERS_TEXT)
    written.push('handlers.ts')
  }
  const ignore = join(folder, '.gitignore')
  const text = existsSync(ignore) ? readFileSync(ignore, 'utf8') : ''
  if (!text.split('\n').includes(IGNORED)) {
    writeFileSync(ignore, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${IGNORED}\n`)
    written.push('.gitignore')
  }
  return written
}
