import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import { endOnSignal } from '../src/runner/cli/interrupt.ts'
import { meanwhileWords, needQuiet, watchMachine, whyBusy } from '../src/runner/machine/quiet.ts'
import type { BenchOptions, Ranking } from './lib/rounds.ts'

type Section = (options: BenchOptions) => Promise<void>

/** Every benchmark by its name on the command line. Each is loaded only when it runs. */
const SECTIONS: Record<string, () => Promise<{ readonly default: Section }>> = {
  stack: () => import('./stack.ts'),
  queues: () => import('./queues.ts'),
  receivers: () => import('./receivers.ts'),
  sender: () => import('./sender.ts'),
}
/** Made when it is asked for by name. */
const BY_NAME: typeof SECTIONS = {
  'all-queues': () => import('./all-queues.ts'),
  cores: () => import('./cores.ts'),
  example: () => import('./example.ts'),
  'who-is-right': () => import('./who-is-right.ts'),
}
const BENCH_HELP = `
Sections:
  stack      the whole stack against a bare server, in requests/s
  queues     each queue's driver against its bare client, in events/s
  receivers  each receiver, in requests/s
  all-queues every queue compared, into docs/compare.md, by --seconds and --rounds; only when it is named
  cores      one process against receivers that hand their events to one that writes; only when it is named
  example    a sale, a ceiling and a comparison into reports/example, with pictures; only when it is named
  who-is-right  load generators against servers of known behaviour, into docs/who-is-right.md; only when it is named
  sender     the generator against its plan, and wrk where that is installed, in requests/s
Subjects take turns on this machine. Rates are a second's, CPU times are seconds for 10,000 requests.
Before it begins and while it measures, the machine is watched. Where other processes use it nothing is ranked.

Examples:
  npm run bench -- stack
  npm run bench -- queues --only kafka --rounds 5
  npm run bench -- receivers --seconds 10
Exits: 0 done, 2 bad input, 3 environment.`
const TRAITS_HELP = `
Starts every server that this machine can start. Takes several minutes, and needs the development packages (npm ci).

Example:
  npm run traits
Exits: 0 every behaviour held, 1 one did not (the table says which), 3 environment.`

/** The command `bench`, for floodmark's developers and for users who want its figures from their own machine. */
export function define(command: Command): void {
  command
    .argument('[sections...]', `of ${Object.keys(SECTIONS).join(', ')} (default: all)`)
    .option('--seconds <count>', 'measured seconds of a turn, from 1 to 60', '3')
    .option('--rounds <count>', 'turns for each subject, from 1 to 50', '3')
    .option('--only <queue>', "for 'queues' and 'all-queues': this one alone (default: each that it can measure)")
    .option('--force', 'rank the subjects on a busy machine too, and say so', false)
    .addHelpText('after', BENCH_HELP)
    .action(bench)
}

/** The command `traits`. */
export function defineTraits(command: Command): void {
  command.addHelpText('after', TRAITS_HELP).action(async () => {
    // The command runs and writes the kit's own files, wherever it was called from.
    process.chdir(join(import.meta.dirname, '..'))
    endOnSignal()
    await (await import('./traits.ts')).writeTraits()
  })
}

type BenchFlags = { readonly [Name in 'seconds' | 'rounds']: string } & Pick<BenchOptions, 'only' | 'force'>

async function bench(named: readonly string[], flags: BenchFlags): Promise<void> {
  const options = {
    ...flags,
    seconds: within('seconds', flags.seconds, 60),
    rounds: within('rounds', flags.rounds, 50),
  }
  const sections = { ...SECTIONS, ...BY_NAME }
  const unknown = named.find((name) => !Object.hasOwn(sections, name))
  if (unknown !== undefined) {
    const known = Object.keys(sections).join(', ')
    throw new FloodmarkError('misuse', `'${unknown}' is not a section: use ${known}. See npm run bench -- --help`)
  }
  endOnSignal()
  const before = await needQuiet(flags.force)
  process.stdout.write(
    `${availableParallelism()} cores.${before === undefined ? '' : ` Before the start: ${before}.`}\n`,
  )
  for (const name of named.length > 0 ? named : Object.keys(SECTIONS)) {
    const { default: section } = await sections[name]!()
    await section({ ...options, ranking: watched(flags.force) })
  }
}

/** From now on. */
function watched(force: boolean): () => Promise<Ranking> {
  const look = watchMachine()
  return async () => {
    const meanwhile = await look()
    const why = whyBusy(meanwhile)
    const follows = force ? 'Ranked all the same, by --force' : 'Not ranked: end what else runs, or give --force'
    return { ranks: why === undefined || force, words: [meanwhileWords(meanwhile), ...(why ? [`${follows}.`] : [])] }
  }
}

function within(name: string, text: string, max: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new FloodmarkError('misuse', `--${name} is '${text}': give a whole number from 1 to ${max}`)
}
