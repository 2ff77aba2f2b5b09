import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { developmentFile, ROOT } from './development.ts'

/**
 * What `npm test` runs: whole runs one after the other, since they measure, and beside them everything else, which mostly
 * waits for a broker. With arguments, vitest alone: `npm test test/core`.
 */
const HELP = `npm test [-- <file or folder> …]

Every test, or those of the files and folders named; arguments go to vitest (npm test -- --help shows this page).
Servers that the machine can start are started. Tests whose server or package is missing are skipped and say why.
  REQUIRE_BROKERS=1   such tests fail instead
Examples:
  npm test
  npm test test/core
  npm test test/queues -- -t 'delivers again'
`
const ORACLES = join(ROOT, 'test/oracles')
const given = process.argv.slice(2)

function run(args: readonly string[], say: (text: string) => void): Promise<number> {
  const vitest = developmentFile('vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.on('data', (data) => say(String(data)))
  child.stderr.on('data', (data) => say(String(data)))
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}

/** The providers' own packages. Without them their tests are skipped, or fail where the environment wants them all. */
function installOracles(): void {
  if (existsSync(join(ORACLES, 'node_modules'))) return
  show("Installing the providers' own packages, once, 140 MB (npm ci --prefix test/oracles) …\n")
  // npm is a shell script on Windows, which only a shell starts.
  spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: ORACLES, stdio: 'inherit', shell: true })
}

async function all(): Promise<number> {
  developmentFile('vitest/vitest.mjs')
  installOracles()
  let later = ''
  const parts = run(['--project', 'parts'], (text) => {
    later += text
  })
  const runs = run(['--project', 'runs'], show)
  const codes = await Promise.all([parts, runs])
  show(`\n\nBeside them:\n${later}`)
  return Math.max(...codes)
}

const show = (text: string) => void process.stdout.write(text)
if (given.includes('--help')) show(HELP)
else process.exitCode = given.length > 0 ? await run(given, show) : await all()
