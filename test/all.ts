import { spawn } from 'node:child_process'
import { join } from 'node:path'

/**
 * What `npm test` runs: whole runs one after the other, since they measure, and beside them everything else, which mostly
 * waits for a broker. With arguments, vitest alone: `npm test test/core`.
 */
const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
const given = process.argv.slice(2)

function run(args: readonly string[], say: (text: string) => void): Promise<number> {
  const child = spawn(process.execPath, [vitest, 'run', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.on('data', (data) => say(String(data)))
  child.stderr.on('data', (data) => say(String(data)))
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}

const show = (text: string) => void process.stdout.write(text)
if (given.length > 0) process.exitCode = await run(given, show)
else {
  let later = ''
  const parts = run(['--project', 'parts'], (text) => {
    later += text
  })
  const runs = run(['--project', 'runs'], show)
  const codes = await Promise.all([parts, runs])
  show(`\n\nBeside them:\n${later}`)
  process.exitCode = Math.max(...codes)
}
