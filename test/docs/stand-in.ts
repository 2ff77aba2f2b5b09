import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What npm, npx and k6 are while the documents' commands are run: it runs this clone's floodmark with flags that make it quick,
 * and writes down what came of it. Called as `stand-in npm run scenario …`.
 */

const CLI = new URL('../../src/runner/cli/main.ts', import.meta.url).pathname
const { DOCS_LOG: log = '', HOME: home = '' } = process.env
const LIGHT = ['--quick', '--rate', '20', '--duration', '2s', '--p99', '30s']
const SHORT = ['--trial', '2s', '--max-rate', '300']
/** Verdicts, and interrupted. Beside so little load a verdict says nothing. */
const FINE: readonly (number | null)[] = [0, 1, 4, 5, 130]
/** A search or a comparison has shown that it works when its first trial or run is over. */
const FIRST = /^ {0,4}1 {2}/m
const READY = /(receiving|processing)/
const SERVICES = ['node', 'serve', 'work']
const TAIL = 2_000

/** What cannot be run, and why. */
const LEFT_OUT: readonly (readonly [command: RegExp, why: string])[] = [
  [/^npm (ci|install)\b/, 'it fetches packages; this clone stands in their place'],
  [/^npm (test|run (lint|reference))\b/, 'the tests and what checks the code run by themselves'],
  [/^k6 /, 'k6 is no package of npm'],
  [/^npm run import:k6\b/, 'there is nothing to import without k6; a test of its own imports what k6 would write'],
]

function quickFlags(name: string, words: readonly string[]): readonly string[] {
  if (name === 'scenario') return LIGHT
  if (name === 'ceiling') return SHORT
  if (name !== 'compare') return []
  if (words.includes('--ceiling')) return [...SHORT, '--force']
  // Two runs that are there already.
  const isOfRuns = words.length > 1 && !words[1]!.startsWith('-')
  return isOfRuns ? [] : [...LIGHT, '--force']
}

function said(command: string, outcome: Readonly<Record<string, unknown>>): void {
  appendFileSync(log, `${JSON.stringify({ command, ...outcome })}\n`)
}

const [tool = '', ...given] = process.argv.slice(2)
const command = [tool, ...given].join(' ')
const why = LEFT_OUT.find(([pattern]) => pattern.test(command))?.[1]
if (why) said(command, { leftOut: why })
else process.exitCode = await run()

async function run(): Promise<number> {
  const words = [...given]
  let cwd = process.cwd()
  if (words[0] === '--prefix') cwd = words.splice(0, 2)[1]!
  // `npm run <name>`, `npx floodmark <name>`.
  const [, name = '', ...rest] = words.filter((word) => word !== '--')
  if (name === 'lookup') await servicesReady()
  const started = spawn(process.execPath, [CLI, name, ...rest, ...quickFlags(name, rest)], {
    cwd,
    env: { ...process.env, npm_lifecycle_event: name, INIT_CWD: process.cwd() },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  process.on('SIGTERM', () => started.kill('SIGTERM'))
  let isLong = name === 'ceiling' || name === 'compare'
  let [out, all] = ['', '']
  const heard = (text: string) => {
    all = (all + text).slice(-TAIL)
    if (SERVICES.includes(name) && READY.test(all)) writeFileSync(readyPath(name), '')
  }
  started.stderr.on('data', (data) => heard(String(data)))
  started.stdout.on('data', (data) => {
    heard(String(data))
    out += data
    if (!isLong || !FIRST.test(out)) return
    // Once: whoever asks again is obeyed at once.
    isLong = false
    started.kill('SIGINT')
  })
  const code = await new Promise<number | null>((resolve) => started.once('close', resolve))
  const isFine = FINE.includes(code)
  said(command, { code, ...(!isFine && { all }) })
  if (name === 'init' && code === 0) onAnyPort()
  return isFine ? 0 : (code ?? 1)
}

function readyPath(name: string): string {
  return join(home, `ready-${name}`)
}

/** A service is asked when it is there. */
async function servicesReady(): Promise<void> {
  const isReady = (...names: string[]) => names.every((name) => existsSync(readyPath(name)))
  while (!isReady('node') && !isReady('serve', 'work')) await sleep(100)
}

/** The port that a config is made with may be somebody's on this machine. */
function onAnyPort(): void {
  const path = 'floodmark.config.ts'
  writeFileSync(path, readFileSync(path, 'utf8').replace(/port: \d+/, 'port: 0'))
}
