import type { Command } from 'commander'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Provider } from '../../core/contracts/provider.ts'
import { LinesFile } from '../../core/dead-letters/file.ts'
import { requestsIn } from '../recording/input.ts'
import { type Recorded, templateOf } from '../recording/template.ts'
import { providerOf } from '../scenario/registry.ts'

const MISTAKES_TOLD_MAX = 10
const EXITS = 'Exits: 0 done, 2 bad input, 3 environment.'

/** The command `record`: a person's own bodies, for a scenario of their own. */
export function addRecord(program: Command): void {
  program
    .command('record')
    .description(
      'Make bodies for your own scenario from requests you kept: sizes and fields stay, every value is replaced.',
    )
    .argument('<provider>', 'who sent them')
    .argument(
      '<input>',
      'a file of JSON lines (headers and body, bodies alone, or what dlq export wrote), or a folder of bodies',
    )
    .requiredOption('--out <file>', 'a new file for the bodies')
    .addHelpText('after', `\nExample:\n  npm run record -- stripe kept.jsonl --out mine.jsonl\n${EXITS}`)
    .action(async (provider: string, input: string, { out }: { out: string }) => {
      await record(provider, input, out)
    })
}

async function record(name: string, input: string, path: string): Promise<void> {
  const provider = await providerOf(name)
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
