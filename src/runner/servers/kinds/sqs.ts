import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownFile } from '../../../core/base/kit/own-file.ts'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import type { Recipe, ServerKindDefinition } from './definition.ts'

const PROGRAM = fileURLToPath(ownFile('./sqs-emulator', import.meta.url))

/** @throws FloodmarkError 'unavailable' when the emulator's package is not installed. */
function recipe(): Recipe {
  return {
    says: `fauxqs ${versionOf()}, an emulator of SQS that keeps everything in memory`,
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

const AWS = /^https:\/\/[^/]*\.amazonaws\.com(\.cn)?(\/|$)/

const sqs: ServerKindDefinition = {
  name: 'sqs',
  urlLike: { pattern: /^https?:\/\/\S+$/, example: 'https://sqs.eu-west-1.amazonaws.com' },
  scheme: 'http',
  defaultPort: 4566,
  describe: (url) => (AWS.test(url) ? 'sqs' : 'not AWS, so an emulator of SQS or a service like it'),
  probe: async (url, ms) => (await import('../../../clients/sqs/probe.ts')).probeSqs(url, ms),
  namespaces: async (url) => (await import('../../../clients/sqs/namespaces.ts')).sqsNamespaces(url),
  recipe: async () => recipe(),
  compose: { env: () => ({}) },
  emulator: 'an emulator that keeps everything in memory',
  memoryBytes: null,
}
export default sqs
