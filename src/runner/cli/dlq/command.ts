import type { Command } from 'commander'
import { type Actions, actions, type DlqFlags } from './actions.ts'

const EXAMPLES = `
A ledger of lmdb belongs to one process: stop the service first. Give its folder, and the namespace of the service:
  npm run dlq -- list --ledger-url ./data/ledger --namespace shop --since 2h
  npm run dlq -- replay --ledger-url ./data/ledger --namespace shop --queue-url ./data/queue --type order.paid --dry-run
  npm run dlq -- list --ledger redis --ledger-url redis://127.0.0.1:6379 --namespace shop --reason 'no account'`
const FILTERS = 'A letter must match every filter that is given.'
const EXITS = 'Exits: 0 done, 2 bad input, 3 environment, or letters held back, 130 interrupted.'

const EXAMPLE_OF: Record<keyof Actions, string> = {
  list: 'list --since 2h',
  show: 'show evt_1',
  export: "export --reason 'no account' --out letters.jsonl",
  replay: 'replay --queue-url ./data/queue --type order.paid --dry-run',
  purge: 'purge --expired --dry-run',
}

/** The command `dlq`: dead letters for people. */
export function addDlq(program: Command): void {
  const dlq = program.command('dlq').description('Dead letters: look at them, replay, export or purge them.')
  dlq.showHelpAfterError(false).addHelpText('after', EXAMPLES)
  const add = (name: keyof Actions, does: string) => where(dlq.command(name).description(does), EXAMPLE_OF[name])
  const act = (name: keyof Actions) => (flags: DlqFlags) => run(name, flags)

  filters(
    add('list', 'A line for each, then how many of each source, type and reason, and what is over a threshold.'),
  ).action(act('list'))
  add('show', 'All of one: headers, reason, failures, payload.')
    .argument('<id>')
    .action((id: string, flags: DlqFlags) => act('show')({ ...flags, id }))
  filters(add('export', 'JSON lines: everything that is known of each, the body in base64.'))
    .option('--out <file>', 'a new file; default: the standard output')
    .action(act('export'))
  filters(
    add(
      'replay',
      'Put them back on the queue, to take effect after all. None is lost, also when it is killed in between.',
    ),
  )
    .option('--queue <name>', 'the queue that the processors read', 'embedded')
    .option('--queue-url <url>', "address of the queue's server, or its folder")
    .option('--rate <perSecond>', 'at most, letters/s', '100')
    .option('--journal <file>', 'a new file that holds each letter while it moves; default: one named by the time')
    .option('--resume <file>', 'finish what the journal of an earlier replay holds open, and no more')
    .option('--dry-run', 'only say what would be replayed')
    .action(act('replay'))
  filters(add('purge', 'Delete them; what is deleted is copied to a file first.'))
    .option('--expired', 'those past their 14 days')
    .option('--all', 'without a filter: all of them')
    .option('--dry-run', 'only say what would be deleted, by source, type and reason')
    .option('--yes', 'delete them; nothing is deleted without it')
    .option('--copy <file>', 'a new file for the copy, as `export` writes it; default: one named by the time')
    .action(act('purge'))
}

function where(command: Command, example: string): Command {
  return command
    .option('--ledger <name>', 'lmdb, redis, or a path such as ./mine.ts', 'lmdb')
    .option('--ledger-url <url>', "the ledger's folder, or address of its server")
    .requiredOption('--namespace <name>', 'that of the service: 1-64 of a-z, 0-9 and -')
    .addHelpText(
      'after',
      `\nExample:\n  npm run dlq -- ${example} --ledger-url ./data/ledger --namespace shop\n${EXITS}`,
    )
}

function filters(command: Command): Command {
  return command
    .option('--source <name>', 'those of one source')
    .option('--type <type>', 'those of one event type')
    .option('--reason <text>', 'those whose reason contains the text')
    .option('--since <time>', 'those buried since: 2h, 3d, or an ISO time')
    .option('--id <id>', 'the one with this id')
    .addHelpText('after', FILTERS)
}

async function run(name: keyof Actions, flags: DlqFlags): Promise<void> {
  const interrupt = new AbortController()
  // The others leave nothing half done that matters: a signal ends them at once.
  if (name === 'replay') for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupt.abort())
  // A reader that has seen enough, as `head` has, is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3))
  // Timers of the clock keep no process alive, and a replay may have nothing else to wait for.
  const awake = setInterval(() => {}, 60_000)
  try {
    process.exitCode = await actions[name](flags, interrupt.signal)
  } finally {
    clearInterval(awake)
  }
}
