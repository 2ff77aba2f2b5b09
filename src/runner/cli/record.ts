import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { oneLine } from '../../core/base/one-line.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Provider } from '../../core/contracts/provider.ts'
import { LinesFile } from '../../core/dead-letters/file.ts'
import { requestsIn } from '../recording/input.ts'
import { insideOf } from '../recording/inside.ts'
import { Keeping } from '../recording/keeping.ts'
import { type Recorded, templateOf } from '../recording/template.ts'
import { load } from '../scenario/plugins.ts'
import { isThere, namesOf } from '../scenario/registry.ts'

const MISTAKES_TOLD_MAX = 10

const AFTER = `
The file holds requests as people keep them: JSON lines of {"headers": …, "body": …}, bodies alone, what dlq export wrote,
HAR, Postman, request bins, logs, tunnels, the events of a gateway or a queue, a list of events, or one document. A folder
holds a body or a request in each file. Names of fields stay. Look through the new file once before you give it away.

Examples:
  npm run record -- stripe kept.jsonl --out mine.jsonl
  npm run record -- stripe kept.jsonl --out mine.jsonl --keep currency,data.object.status
  npm run record -- ./my-provider.ts ./kept --out mine.jsonl

Exits: 0 done, 2 bad input, 3 environment.`

/** The command `record`: a person's own bodies, for a scenario of their own. */
export function define(command: Command): void {
  command
    .argument('<provider>', `who sent them: ${namesOf('provider').join(', ')}, or the path of your own`)
    .argument('<input>', 'a file of requests, or a folder of them')
    .requiredOption('--out <file>', 'a new file for the bodies; there is no default')
    .option(
      '--keep <fields>',
      'values that stay as they are, by name or by path, with commas: currency,data.object.status (default: none)',
    )
    .addHelpText('after', AFTER)
    .action(async (provider: string, input: string, { out, keep }: { out: string; keep?: string }) => {
      await record(provider, input, out, new Keeping(keep))
    })
}

/** For values that npm mixed up: which of them is the provider, the input, the new file. */
export function takes(name: string, value: string): boolean {
  if (name === 'provider') return isThere('provider', value)
  return existsSync(value) === (name === 'input')
}

async function record(name: string, input: string, path: string, keeping: Keeping): Promise<void> {
  const provider = await load('provider', name)
  if (provider.seal) throw new FloodmarkError('misuse', `${name} signs inside the body: its bodies cannot be sent anew`)
  const [types, forms] = [new Map<string, number>(), new Map<string, number>()]
  const mistakes: string[] = []
  const digest = createHash('sha256')
  let out: LinesFile | undefined
  let bodies = 0
  const tell = (what: string) => void process.stdout.write(`${input}: ${what}.\n`)
  for await (const { where, form: read, taken: given } of requestsIn(input, tell)) {
    const inside = typeof given === 'string' ? undefined : insideOf(provider, given)
    const [form, taken] = inside === undefined ? [read, given] : [`${read}, inside of each`, inside]
    const made = typeof taken === 'string' ? taken : attempt(provider, taken, keeping)
    if (typeof made === 'string' || typeof taken === 'string') mistakes.push(`${where}: ${made}`)
    else {
      out ??= new LinesFile(path)
      out.add({ provider: provider.name, ...made })
      digest.update(taken.body).update('\n')
      count(types, made.type)
      count(forms, form)
      bodies++
    }
  }
  for (const mistake of mistakes.slice(0, MISTAKES_TOLD_MAX)) process.stderr.write(`left out ${oneLine(mistake)}\n`)
  if (!out) {
    const why = mistakes.length > 0 ? `none of ${mistakes.length} requests can be used` : 'no request in it'
    throw new FloodmarkError('misuse', `${input}: ${why}; nothing was written`)
  }
  out.sync()
  out.close()
  for (const [type, count] of most(types)) process.stdout.write(`${String(count).padStart(7)} ${oneLine(type)}\n`)
  const left = mistakes.length > 0 ? `, ${mistakes.length} left out` : ''
  const read = most(forms).map(([form, count]) => `${form} (${count})`)
  process.stdout.write(`Read as ${read.join(', ')}. SHA-256 of the bodies taken: ${digest.digest('hex')}.\n`)
  const unknown = types.get('unknown')
  if (unknown)
    process.stdout.write(`${unknown} have no type that ${name} knows: see that they are bodies of its own.\n`)
  process.stdout.write(
    `${bodies} bodies in ${path}${left}. ${keeping.said()}; names of fields stay: look through them once.\n`,
  )
  process.stdout.write(
    `In a scenario's mix: { provider: '${name}', share: 1, bodies: './${path.split('/').at(-1)}' }\n`,
  )
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function most(counts: ReadonlyMap<string, number>): (readonly [string, number])[] {
  return [...counts].sort((a, b) => b[1] - a[1])
}

function attempt(provider: Provider, recorded: Recorded, keeping: Keeping): ReturnType<typeof templateOf> | string {
  try {
    return templateOf(provider, recorded, (path) => keeping.keeps(path))
  } catch (error) {
    return messageOf(error)
  }
}
