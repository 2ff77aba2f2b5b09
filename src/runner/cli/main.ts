import { join } from 'node:path'
import { Argument, Command, CommanderError } from 'commander'
import { addBench } from '../../../bench/command.ts'
import { messageOf } from '../../core/contracts/errors.ts'
import { planOf } from '../plan/plan-run.ts'
import { type Config, type ConfigInput, settings } from '../plan/settings.ts'
import { readRecord } from '../records/run-record.ts'
import { renderAll } from '../render/index.ts'
import { terminal } from '../render/terminal.ts'
import { summarise } from '../report/summarise.ts'
import { run } from '../run/run.ts'
import { moduleOf, namesOf } from '../scenario/registry.ts'
import { loadScenario } from '../scenario/schema.ts'
import { brokers } from '../servers/brokers.ts'
import { serverKinds } from '../servers/kinds/index.ts'
import { addDlq } from './dlq/command.ts'
import { EXIT, exitCodeOf } from './exit.ts'
import { liveLine } from './live-line.ts'
import { readConfig } from './read-config.ts'
import { addRecord } from './record.ts'
import { addSimulate } from './simulate.ts'

const EXITS =
  'Exits: 0 PASS, 1 FAIL, 2 bad input, 3 environment, 4 INDETERMINATE, 5 INVALID (the generator), 130 interrupted.'
const EXAMPLES = `
Examples:
  npm run scenario
  npm run scenario flash-sale
  npm run scenario flash-sale -- --queue kafka --rate 500 --duration 60
  npm run scenario ./my-sale.ts -- --quick --p99 250`
/** What holds where neither a flag nor floodmark.config.ts says otherwise. */
const unset = settings.parse({ scenario: '' })

const program = new Command('floodmark').exitOverride()
program
  .command('scenario')
  .description('Run a scenario and say what the stack takes; without a name, list the scenarios.')
  .argument('[name]', 'a scenario, or the path of your own')
  .option('--receiver <name>', `${choice('receiver')} (default: ${unset.receiver})`)
  .option('--queue <name>', `${choice('queue')} (default: ${unset.queue})`)
  .option('--ledger <name>', `${choice('ledger')} (default: ${unset.ledger})`)
  .option('--rate <perSecond>', "base rate that the scenario's shape multiplies, events/s (default: the scenario's)")
  .option('--duration <seconds>', "length of the run, s (default: the scenario's)")
  .option('--shape <file>', "your own arrivals a second (lines of second,count or of a count) for the scenario's shape")
  .option('--spike <factor>', "peak of the scenario's shape, in base rates (default: the scenario's)")
  .option('--seed <number>', `the same seed plans the same run (default: ${unset.seed})`)
  .option('--quick', 'a shorter run that keeps the meaning')
  .option(
    '--processes <count>',
    `receiver processes, and as many processor processes, where queue and ledger are shared (default: ${unset.processes})`,
  )
  .option('--queue-url <url>', "address of the queue's server (default: one is found or started)")
  .option('--ledger-url <url>', "address of the ledger's server (default: one is found or started)")
  .option(
    '--fsync <when>',
    `disk writes of a server that the run starts: always (before each answer), or everysec (default: ${unset.fsync})`,
  )
  .option('--senders <count>', `sender processes (default: ${unset.senders})`)
  .option(
    '--in-flight-max <count>',
    `requests that a receiver has in progress; beyond it 503 at once (load shedding) (default: ${unset.inFlightMax})`,
  )
  .option(
    '--publish-deadline <ms>',
    `how long a receiver waits for the queue before it answers 503, ms (default: ${unset.publishDeadline})`,
  )
  .option(
    '--capacity <perSecond>',
    'what the receivers publish to takes no more, events/s: a stack of that size (default: as much as it can)',
  )
  .option('--p99 <ms>', "pass mark for the response p99, ms (default: the scenario's)")
  .option('--out <folder>', "folder for the run's records and report (default: a new one in reports/)")
  .addHelpText('after', `\nThe same settings may stand in floodmark.config.ts.\n${EXAMPLES}\n${EXITS}`)
  .action(async (name: string | undefined, flags: ConfigInput) => {
    process.exitCode =
      name === undefined ? await list() : await scenario(await readConfig({ ...flags, scenario: name }))
  })
program
  .command('report')
  .description("Make a run's report again from its raw records.")
  .argument('<folder>', "the run's folder")
  .addHelpText('after', '\nExample:\n  npm run report -- reports/<run>')
  .action(async (folder: string) => {
    process.exitCode = await report(folder)
  })
program
  .command('brokers')
  .description('Servers that stay: start them for later runs, end them, or say what is there.')
  .addArgument(new Argument('<action>').choices(['up', 'down', 'status']))
  .addArgument(new Argument('[kinds...]', '(default: all)').choices(Object.keys(serverKinds)))
  .addHelpText(
    'after',
    '\nExamples:\n  npm run brokers -- up redis\n  npm run brokers -- status\n  npm run brokers -- down',
  )
  .action(async (action: 'up' | 'down' | 'status', kinds: string[]) => {
    const interrupt = new AbortController()
    process.once('SIGINT', () => interrupt.abort())
    await brokers[action](kinds.length ? kinds : Object.keys(serverKinds), {
      signal: interrupt.signal,
      say: (line) => process.stdout.write(`${line}\n`),
      onProgress: (line) => process.stderr.write(`${line}\n`),
    })
    if (interrupt.signal.aborted) process.exitCode = EXIT.INTERRUPTED
  })
addDlq(program)
addSimulate(program)
addRecord(program)
addBench(program)
for (const command of program.commands) command.showHelpAfterError(`See npm run ${command.name()} -- --help`)

/** The names that an option takes. */
function choice(kind: Parameters<typeof namesOf>[0]): string {
  return `one of ${namesOf(kind).join(', ')}, or a path`
}

async function list(): Promise<number> {
  for (const name of namesOf('scenario')) {
    const { question, durationMs, quickMs } = await loadScenario(moduleOf('scenario', name), name)
    const times = `${durationMs / 1_000} s, quick ${quickMs / 1_000} s`
    process.stdout.write(`${name.padEnd(16)} ${times.padEnd(17)} ${question}\n`)
  }
  process.stdout.write(
    '\nTimes of sending; starting, warm-up and draining come on top. npm run scenario <name>; flags: npm run scenario -- --help\n',
  )
  return EXIT.PASS
}

async function scenario(config: Config): Promise<number> {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-').slice(0, 19)
  const names = [config.scenario, config.receiver, config.queue].map((name) => name.replace(/^.*\/|\.ts$/g, ''))
  const folder = config.out ?? join('reports', `${stamp}-${names.join('-')}`)
  const plan = await planOf(config)
  // The report needs it at the end. That it is missing is told before the run, not after.
  import.meta.resolve('uplot/dist/uPlot.iife.min.js')
  const live = liveLine(process.stderr, plan.durationMs, plan.scenario.phases)
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort())
  process.once('SIGTERM', () => interrupt.abort())
  try {
    await run(config, plan, folder, live, interrupt.signal)
  } finally {
    live.end()
  }
  return report(folder)
}

async function report(folder: string): Promise<number> {
  const made = await summarise(folder, readRecord(folder))
  renderAll(made, folder)
  process.stdout.write(terminal(made))
  process.stdout.write(`  ${join(folder, 'report.html')}\n\n`)
  return made.interrupted ? EXIT.INTERRUPTED : EXIT[made.verdict]
}

// A reader that has seen enough, as `head` has, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})
// npm starts a script in the kit's folder; paths are meant from where the person is.
const { npm_lifecycle_event: script, INIT_CWD: folder } = process.env
if (folder && script === process.argv[2]) process.chdir(folder)
try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.BAD_INPUT
  // bin/floodmark.js says which package is missing and how to install it.
  else if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') throw error
  else {
    process.stderr.write(`floodmark: ${messageOf(error)}\n`)
    process.exitCode = exitCodeOf(error)
  }
}
