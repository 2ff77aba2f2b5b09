import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Provider } from '../../core/contracts/provider.ts'
import { LinesFile } from '../../core/dead-letters/file.ts'
import { requestsIn } from '../recording/input.ts'
import { type Recorded, templateOf } from '../recording/template.ts'
import { load } from '../scenario/plugins.ts'
import { isThere, namesOf } from '../scenario/registry.ts'

const MISTAKES_TOLD_MAX = 10

const AFTER = `
A file of JSON lines holds headers and body, bodies alone, or what dlq export wrote. A folder holds one body in each file.
Names of fields stay. Look through the new file once before you give it away.

Examples:
  npm run record -- stripe kept.jsonl --out mine.jsonl
  npm run record -- ./my-provider.ts ./kept --out mine.jsonl

Exits: 0 done, 2 bad input, 3 environment.`

/** The command `record`: a person's own bodies, for a scenario of their own. */
export function define(command: Command): void {
  command
    .argument('<provider>', `who sent them: ${namesOf('provider').join(', ')}, or the path of your own`)
    .argument('<input>', 'a file of JSON lines, or a folder of bodies')
    .requiredOption('--out <file>', 'a new file for the bodies; there is no default')
    .addHelpText('after', AFTER)
    .action(async (provider: string, input: string, { out }: { out: string }) => {
      await record(provider, input, out)
    })
}

/** For values that npm mixed up: which of them is the provider, the input, the new file. */
export function takes(name: string, value: string): boolean {
  if (name === 'provider') return isThere('provider', value)
  return existsSync(value) === (name === 'input')
}

async function record(name: string, input: string, path: string): Promise<void> {
  const provider = await load('provider', name)
  if (provider.seal) throw new FloodmarkError('misuse', `${name} signs inside the body: its bodies cannot be sent anew`)
  const types = new Map<string, number>()
  const mistakes: string[] = []
  let out: LinesFile | undefined
  let bodies = 0
  for await (const { where, recorded } of requestsIn(input)) {
    const made = attempt(provider, recorded)
    if (typeof made === 'string') mistakes.push(`${where}: ${made}`)
    else {
      out ??= new LinesFile(path)
      out.add({ provider: provider.name, ...made })
      types.set(made.type, (types.get(made.type) ?? 0) + 1)
      bodies++
    }
  }
  for (const mistake of mistakes.slice(0, MISTAKES_TOLD_MAX)) process.stderr.write(`left out ${mistake}\n`)
  if (!out) {
    const why = mistakes.length > 0 ? `none of ${mistakes.length} requests can be used` : 'no request in it'
    throw new FloodmarkError('misuse', `${input}: ${why}; nothing was written`)
  }
  out.sync()
  out.close()
  for (const [type, count] of [...types].sort((a, b) => b[1] - a[1]))
    process.stdout.write(`${String(count).padStart(7)} ${type}\n`)
  const left = mistakes.length > 0 ? `, ${mistakes.length} left out` : ''
  process.stdout.write(
    `${bodies} bodies in ${path}${left}. Every value is replaced; names of fields stay: look through them once.\n`,
  )
  process.stdout.write(
    `In a scenario's mix: { provider: '${name}', share: 1, bodies: './${path.split('/').at(-1)}' }\n`,
  )
}

function attempt(provider: Provider, recorded: Recorded | undefined): ReturnType<typeof templateOf> | string {
  if (!recorded) return 'not JSON'
  try {
    return templateOf(provider, recorded)
  } catch (error) {
    return messageOf(error)
  }
}
