#!/usr/bin/env node
// The start of every command. Any Node since 12 must be able to run this file, so it uses nothing that is newer.
// It runs the program on the Node that was called, where that one runs TypeScript, else on the Node of an optional package.
'use strict'

const { spawn } = require('child_process')
const { existsSync } = require('fs')
const { dirname, join } = require('path')

const ROOT = dirname(__dirname)
const CLI = 'src/runner/cli/main.ts'
/** The same in the package that npm installs. There Node has to be new enough: it brings none. */
const BUILT = 'dist/src/runner/cli/main.js'
/** These are for people who work on floodmark, and no commands of its command line. */
const OTHERS = new Map([
  ['test', 'test/all.ts'],
  ['lint', 'test/lint.ts'],
  ['reference', 'build/reference.ts'],
  ['prepack', 'build/prepack.ts'],
  ['postpack', 'build/postpack.ts'],
])
const START = join(__dirname, 'start.js')
/** As src/runner/cli/exit.ts has it. */
const ENVIRONMENT = 3
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Node 23 and the first of 24 run TypeScript too, but warn of it at every start. package-lock.json has the same range. */
function runsTypeScript(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 3) || (major === 22 && minor >= 18)
}

/** The optional package that has a Node for this machine. What these packages are called follows no rule on two platforms. */
function bundledPackage() {
  const { platform, arch } = process
  const prefix = platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'
  return `${prefix}-${platform === 'win32' ? 'win' : platform}-${arch}`
}

function fail(what) {
  process.stderr.write(`floodmark: ${what}\n`)
  process.exitCode = ENVIRONMENT
}

function tooOld(why, otherwise) {
  fail(`Node ${process.versions.node} is too old, and ${why}: install Node 22.18 or newer${otherwise || ''}`)
}

/** Runs the program as a child. Its end is ours: the same exit code, or the same signal. */
function runOn(node, main, args) {
  const child = spawn(node, [START, main, ...args], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of SIGNALS) {
    // A terminal sends a signal to the child as well, `kill` to this process alone. The child knows which it was.
    process.on(signal, () => {
      if (child.connected) child.send({ signal }, () => {})
      else child.kill(signal)
    })
  }
  child.on('error', (error) => {
    if (child.pid === undefined) tooOld(`the newer one in node_modules does not start (${error.code})`)
  })
  child.on('exit', (code, signal) => {
    if (code !== null) process.exitCode = code
    if (signal === null) return
    for (const each of SIGNALS) process.removeAllListeners(each)
    process.kill(process.pid, signal)
  })
}

function runBuilt() {
  if (runsTypeScript(process.versions.node)) return require(START).start(join(ROOT, BUILT))
  tooOld('configs and handlers are TypeScript')
}

function main() {
  const args = process.argv.slice(2)
  if (!existsSync(join(ROOT, CLI)) && existsSync(join(ROOT, BUILT))) return runBuilt()
  const other = OTHERS.get(args[0])
  if (other) args.shift()
  const file = join(ROOT, other || CLI)
  if (!existsSync(join(ROOT, 'node_modules'))) return fail(`nothing is installed: run npm ci in ${ROOT}`)
  if (runsTypeScript(process.versions.node)) {
    process.argv = [...process.argv.slice(0, 2), ...args]
    return require(START).start(file)
  }
  const name = bundledPackage()
  const node = join(ROOT, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(node)) return runOn(node, file, args)
  const exists = name in require('../package.json').optionalDependencies
  if (exists) tooOld(`${name} is not installed`, `, or run npm ci --include=optional in ${ROOT}`)
  else tooOld(`npm has no newer one for ${process.platform} on ${process.arch}`)
}

main()
