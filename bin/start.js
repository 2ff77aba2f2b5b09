// Runs a TypeScript file in this process. Only a Node that runs TypeScript reads this file.
'use strict'

const { dirname } = require('node:path')
const { pathToFileURL } = require('node:url')

const ROOT = dirname(__dirname)
const ENVIRONMENT = 3
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Says in one line which package is missing, also when a command asked for it in the middle of its work. */
exports.start = function start(file) {
  import(pathToFileURL(file).href).catch((error) => {
    const missing = missingPackage(error)
    if (missing === undefined) throw error
    process.stderr.write(`floodmark: ${missing}\n`)
    process.exit(ENVIRONMENT)
  })
}

function missingPackage(error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' && error?.code !== 'MODULE_NOT_FOUND') return undefined
  const [, name] = /Cannot find (?:package|module) '((?:@[\w.-]+\/)?[\w-][\w.-]*)/.exec(error.message) ?? []
  if (name === undefined) return undefined
  const { devDependencies = {}, optionalDependencies = {}, peerDependencies = {} } = require('../package.json')
  // What the package leaves to whoever uses it: a clone has no such dependencies.
  if (name in peerDependencies) return `the package ${name} is not installed: run npm install ${name}`
  const flag = (name in devDependencies && 'dev') || (name in optionalDependencies && 'optional')
  const how = flag ? `npm ci --include=${flag}` : 'npm ci'
  return `the package ${name} is not installed: run ${how} in ${ROOT}`
}

/**
 * A child of bin/floodmark.js gets a signal twice where a terminal or `timeout` sends it to the whole group: once itself,
 * and once from its parent. What the parent passes on is answered only when the signal did not come by itself.
 */
function listenToParent() {
  const own = {}
  const passed = {}
  for (const signal of SIGNALS) {
    own[signal] = passed[signal] = 0
    const count = () => {
      own[signal]++
      if (process.listenerCount(signal) > 1) return
      // Nobody else listens: the signal ends this process, as it would without us.
      process.removeListener(signal, count)
      process.kill(process.pid, signal)
    }
    process.on(signal, count)
  }
  process.on('message', ({ signal }) => {
    passed[signal]++
    // A signal of our own that was sent before this message is handled within this turn of the event loop or the next.
    setImmediate(() =>
      setImmediate(() => {
        if (own[signal] < passed[signal]) process.kill(process.pid, signal)
      }),
    )
  })
  // The parent was killed: nobody is there to interrupt this run any more.
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}

if (require.main === module) {
  const [file] = process.argv.splice(2, 1)
  listenToParent()
  exports.start(file)
}
