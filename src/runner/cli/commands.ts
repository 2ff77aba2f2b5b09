import { Command, CommanderError } from 'commander'
import { shownWords } from '../../core/base/kit/address.ts'
import { commandsIn } from '../../core/base/kit/commands-in.ts'
import { oneLine } from '../../core/base/one-line.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { didYouMean } from '../scenario/nearest.ts'
import { EXIT, saidOf } from './exit.ts'
import { refuseSwallowed } from './swallowed.ts'

/** What the file of a command exports: `define` gives the command its arguments, options, examples and action. */
export interface CommandFile {
  define(command: Command): void
  /** Whether a flag, or an argument by its name, would take a value: tells apart what npm mixed up. Default: it would. */
  takes?(name: string, value: string): boolean
}

/** Every command, in the order of --help. Its file is loaded when it is called. */
const COMMANDS: Readonly<Record<string, { readonly does: string; load(): Promise<CommandFile> }>> = {
  scenario: {
    does: 'Run a scenario and say what the stack takes; without a name, list the scenarios.',
    load: () => import('./scenario.ts'),
  },
  ceiling: {
    does: 'Find the highest rate that a stack holds, with an interval.',
    load: () => import('./ceiling.ts'),
  },
  compare: {
    does: 'Run stacks in turns and say which is faster, and how sure that is.',
    load: () => import('./compare.ts'),
  },
  scaling: {
    does: 'Find the ceiling with 1, 2, … processes, and fit the law of scaling to it.',
    load: () => import('./scaling.ts'),
  },
  calibrate: {
    does: 'Measure servers whose behaviour is known, and say how far the figures are from the truth.',
    load: () => import('./calibrate.ts'),
  },
  'export:k6': {
    does: 'Write a scenario as a script for k6, with its data.',
    load: () => import('./k6/export.ts'),
  },
  'import:k6': {
    does: 'Make a report of what k6 sent.',
    load: () => import('./k6/import.ts'),
  },
  report: {
    does: "Make a run's report again from its raw records.",
    load: () => import('./report.ts'),
  },
  event: {
    does: "All that a run's records say of one event, from the plan to its effect.",
    load: () => import('./event.ts'),
  },
  brokers: {
    does: 'Servers that stay: start them for later runs, end them, or say what is there.',
    load: () => import('./brokers.ts'),
  },
  init: {
    does: 'Write floodmark.config.ts and handlers for a service of your own.',
    load: () => import('./product/init.ts'),
  },
  check: {
    does: 'Say whether the service of floodmark.config.ts will hold.',
    load: () => import('./product/check.ts'),
  },
  node: {
    does: 'Run the service of floodmark.config.ts: receiver and processor in one process.',
    load: () => import('./product/node.ts'),
  },
  serve: {
    does: 'Run its receivers, one process a core.',
    load: () => import('./product/serve.ts'),
  },
  work: {
    does: 'Run its processors.',
    load: () => import('./product/work.ts'),
  },
  lookup: {
    does: 'What became of events, asked beside a running service.',
    load: () => import('./product/lookup.ts'),
  },
  dlq: {
    does: 'Dead letters: look at them, replay, export or purge them.',
    load: () => import('./dlq/command.ts'),
  },
  record: {
    does: 'Make bodies for your own scenario from requests you kept: sizes and fields stay, every value is replaced.',
    load: () => import('./record.ts'),
  },
  simulate: {
    does: 'Play a seed, or many, in virtual time: no sockets, no waiting, the same result every time.',
    load: () => import('./simulate.ts'),
  },
  bench: {
    does: 'Measure the parts against bare servers and clients, side by side.',
    load: () => import('../../../bench/command.ts'),
  },
  traits: {
    does: 'Measure what each queue survives, orders and delivers again, and write docs/traits.md.',
    load: async () => ({ define: (await import('../../../bench/command.ts')).defineTraits }),
  },
}

/** A mistake in the words of a command, with where to look. */
function inOneLine(text: string, args: readonly string[]): string {
  const what = shownWords(text, args)
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '')
    .replace(
      /^command-argument value (.*) is invalid for argument '(.*)'\. Allowed choices are /,
      '$1 is not one of the $2: use ',
    )
    .replace(/^required option '(\S+).*' not specified$/, '$1 is missing')
  return `floodmark: ${what}. See npm run ${args[0] ?? 'scenario'} -- --help\n`
}

async function start(args: readonly string[]): Promise<void> {
  const program = new Command('floodmark').exitOverride().showSuggestionAfterError()
  program.configureOutput({
    writeOut: (text) => process.stdout.write(commandsIn(text)),
    outputError: (text, write) => write(commandsIn(inOneLine(text, args))),
  })
  program.addHelpText(
    'after',
    '\nEach command explains itself: floodmark <command> --help\nfloodmark test and floodmark lint try the kit itself.',
  )
  // `help scenario` is the same as `scenario --help`.
  const called = args[0] === 'help' ? args[1] : args[0]
  for (const [name, { does, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).description(does)
    if (name !== called) continue
    const file = await load()
    file.define(command)
    refuseSwallowed(command, args.slice(1), file.takes)
  }
  const known = Object.keys(COMMANDS)
  if (called !== undefined && !called.startsWith('-') && called !== 'help' && !known.includes(called)) {
    const meant = didYouMean(called, known)
    throw new FloodmarkError('misuse', `there is no command '${called}'${meant || `: use one of ${known.join(', ')}`}`)
  }
  await program.parseAsync([...args], { from: 'user' })
}

/** Runs the command that the words name. Gives the exit code of what failed; a command that ran has set that of the process. */
export async function runCommand(args: readonly string[]): Promise<number | undefined> {
  try {
    await start(args)
    return undefined
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.PASS : EXIT.BAD_INPUT
    // bin/floodmark.js says which package is missing and how to install it.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') throw error
    const { text, code } = saidOf(error)
    process.stderr.write(`floodmark: ${commandsIn(oneLine(shownWords(text, args)))}\n`)
    return code
  }
}
