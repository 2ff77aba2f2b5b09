import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { developmentFile, ROOT } from './development.ts'
import { FULL } from './needs.ts'
import { LineReporter } from './reporter.ts'

const HELP = `npm test [-- <file or folder> …]

The tests that this machine has what it takes for, in some minutes; or those of the files and folders named. Arguments go to
vitest (npm test -- --help shows this page). Servers that the machine can start are started. The end says which tests were
skipped and why; its last line counts them.
  FULL=1              also those that take long: half an hour in all on two cores
  REQUIRE_BROKERS=1   tests whose server or package is missing fail instead of being skipped
Examples:
  npm test
  npm test test/core
  npm test test/queues -- -t 'delivers again'
  FULL=1 npm test test/scenarios
`
const ORACLES = join(ROOT, 'test/oracles')
const given = process.argv.slice(2)
const { isTTY } = process.stdout
const print = (text: string) => void process.stdout.write(isTTY ? text : stripVTControlCharacters(text))

/** The providers' own packages. Without them their tests are skipped, or fail where nothing may be missing. */
function installOracles(): void {
  if (existsSync(join(ORACLES, 'node_modules'))) return
  print("Installing the providers' own packages, once, 140 MB (npm ci --prefix test/oracles) …\n")
  // npm is a shell script on Windows, which only a shell starts.
  spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: ORACLES, stdio: 'inherit', shell: true })
}

async function test(): Promise<void> {
  developmentFile('vitest/vitest.mjs')
  if (FULL && given.length === 0) installOracles()
  // Halves the time in which the many processes of the tests start.
  process.env.NODE_COMPILE_CACHE ??= join(ROOT, '.cache/compiled')
  const { parseCLI, startVitest } = await import('vitest/node')
  const { filter, options } = parseCLI(['vitest', 'run', ...given])
  const reporter = new LineReporter(print)
  const stderr = new Writable({ write: (text, _, done) => done(void print(String(text))) })
  // Each worker that ends would end it for the others too.
  stderr.end = () => stderr
  const theirs = 'reporter' in options
  const chosen = theirs ? options : { ...options, reporters: [reporter] }
  const vitest = await startVitest('test', filter, { root: ROOT, ...chosen }, undefined, { stderr })
  await vitest.close()
  if (!theirs) print(`${reporter.closing}\n`)
}

if (given.includes('--help')) print(HELP)
else await test()
