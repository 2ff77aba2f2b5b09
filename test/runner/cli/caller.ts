import '../../../src/runner/processes/resolve-floodmark.ts'
import { runCommand } from '../../../src/runner/cli/commands.ts'

/**
 * Calls commands one after the other, as src/runner/cli/main.ts does once, and tells what each printed. A process for each of
 * some hundred calls would take minutes.
 */
let printed = { out: '', err: '' }
const into = (name: 'out' | 'err') =>
  ((text: string | Uint8Array) => {
    printed[name] += String(text)
    return true
  }) as typeof process.stdout.write
process.stdout.write = into('out')
process.stderr.write = into('err')

process.on('message', async (args: string[]) => {
  printed = { out: '', err: '' }
  process.exitCode = undefined
  let thrown: string | undefined
  const code = await runCommand(args).catch((error: unknown) => {
    thrown = String(error)
    return undefined
  })
  process.send!({ ...printed, code: code ?? process.exitCode ?? 0, thrown })
  process.exitCode = undefined
})
