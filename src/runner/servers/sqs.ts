import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Recipe } from './native.ts'

const PROGRAM = fileURLToPath(
  new URL(`./sqs-emulator${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
)

/** @throws FloodmarkError 'unavailable' when the emulator's package is not installed. */
export function sqsRecipe(): Recipe {
  return {
    kind: 'sqs',
    says: `fauxqs ${versionOf()}, an emulator of SQS that keeps everything in memory`,
    scheme: 'http',
    ports: 1,
    readyMaxMs: 30_000,
    prepare: async (_, [port]) => ({ file: process.execPath, args: [PROGRAM, String(port)] }),
  }
}

/** From the package's file, which its own list of exports hides. */
function versionOf(): string {
  const require = createRequire(import.meta.url)
  const file = require.resolve
    .paths('fauxqs')
    ?.map((folder) => join(folder, 'fauxqs', 'package.json'))
    .find(existsSync)
  if (file) return require(file).version
  const how = 'npm ci --include=dev, start Docker, or give the URL of a queue service'
  throw new FloodmarkError('unavailable', `there is no emulator of SQS: ${how}`)
}
