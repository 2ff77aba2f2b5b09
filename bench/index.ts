import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { messageOf } from '../src/core/contracts/errors.ts'
import type { BenchOptions } from './lib/rounds.ts'

type Section = (options: BenchOptions) => Promise<void>

/** Every benchmark by its name on the command line. */
const sections: Record<string, () => Promise<{ readonly default: Section }>> = {
  stack: () => import('./stack.ts'),
  queues: () => import('./queues.ts'),
  compare: () => import('./compare.ts'),
  receivers: () => import('./receivers.ts'),
  sender: () => import('./sender.ts'),
}

const USAGE = `npm run bench [-- <section> …] [--seconds 3] [--rounds 3] [--only <queue>] [--markdown]
Sections: ${Object.keys(sections).join(', ')}; all of them when none is named.
--only: 'queues' runs this one.
--markdown: 'compare' also writes docs/compare.md.
Compares side by side on this machine, in turns; asserts nothing about time.
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(USAGE)
  const options = {
    seconds: within('seconds', values.seconds, 60),
    rounds: within('rounds', values.rounds, 50),
    markdown: values.markdown,
    only: values.only,
  }
  const names = positionals.length > 0 ? positionals : Object.keys(sections)
  for (const name of names) {
    if (!Object.hasOwn(sections, name)) throw new Error(`there is no section '${name}'.\n${USAGE}`)
  }
  const [before] = loadavg()
  process.stdout.write(`${availableParallelism()} cores, load average ${before!.toFixed(1)} before the start`)
  process.stdout.write(
    before! > 0.5 ? ': other work is going on, trust the ratios by CPU time more than rates.\n' : '.\n',
  )
  for (const name of names) await (await sections[name]!()).default(options)
}

function within(name: string, text: string, max: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new Error(`--${name} is '${text}': give a whole number from 1 to ${max}`)
}

main().catch((error) => {
  process.stderr.write(`bench: ${messageOf(error)}\n`)
  process.exitCode = 2
})
