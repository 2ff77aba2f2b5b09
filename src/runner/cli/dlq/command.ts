import { type Command, Option } from 'commander'
import { BURIED_CAUSES } from '../../../core/contracts/ledger.ts'
import { SETTINGS } from '../../plan/settings.ts'
import { type Kind, namesOf } from '../../scenario/registry.ts'
import { type Actions, actions, type DlqFlags } from './actions.ts'

const ABOUT = `
A ledger of lmdb belongs to one process: stop the service first. Give its folder, and the namespace of the service.
Each action explains itself: npm run dlq -- replay --help`
const PLACE = '--ledger-url ./data/ledger --namespace shop'
const EXAMPLE: Readonly<Record<keyof Actions, string>> = {
  list: `list ${PLACE} --since 2h`,
  show: `show 8c1f ${PLACE}`,
  copies: `copies ${PLACE}`,
  export: `export ${PLACE} --type order.paid --out letters.jsonl`,
  replay: `replay ${PLACE} --queue-url ./data/queue --type order.paid --rate 1k --dry-run`,
  purge: `purge ${PLACE} --expired --yes`,
}
const FILTERS = 'A letter must match every filter that is given.'
const EXITS = 'Exits: 0 done, 2 bad input, 3 environment, or letters held back, 130 interrupted.'

/** The command `dlq`: dead letters for people. */
export function define(dlq: Command): void {
  const examples = [...Object.values(EXAMPLE), 'list --ledger redis --ledger-url redis://127.0.0.1 --namespace shop']
  dlq.addHelpText(
    'after',
    `${ABOUT}\n\nExamples:\n${examples.map((one) => `  npm run dlq -- ${one}\n`).join('')}\n${EXITS}`,
  )
  const add = (name: keyof Actions, does: string) => where(dlq.command(name).description(does))
  const act = (name: keyof Actions) => (flags: DlqFlags) => run(name, flags)

  filters(
    add('list', 'A line for each, then how many of each source, type and reason, and what is over a threshold.'),
  ).action(act('list'))
  add('show', 'All of one: headers, reason, failures, payload.')
    .argument('<id>', 'its id, as dlq list shows it')
    .action((id: string, flags: DlqFlags) => act('show')({ ...flags, id }))
  add(
    'copies',
    'Copies that were absorbed although their body was another one than that of the first: the latest.',
  ).action(act('copies'))
  filters(add('export', 'JSON lines: everything that is known of each, the body in base64.'))
    .option('--out <file>', 'a new file (default: the standard output)')
    .action(act('export'))
  filters(
    add('replay', 'Put them back on the queue, to take effect after all. None is lost, also when it is killed midway.'),
  )
    .option('--queue <name>', `the queue that the processors read: ${ours('queue')}`, 'embedded')
    .addOption(urlOption('queue'))
    .option('--rate <letters/s>', 'the most in a second; 100, 1k or 1000/s', '100/s')
    .option('--journal <file>', 'a new file that holds each letter while it moves (default: one named by the time)')
    .option('--resume <file>', 'finish what the journal of an earlier replay holds open, and no more')
    .option('--dry-run', 'only say what would be replayed (default: off)')
    .action(act('replay'))
  filters(add('purge', 'Delete them. What is deleted is copied to a file first.'))
    .option('--expired', 'those that are more than 14 days old (default: of any age)')
    .option('--all', 'without a filter: all of them')
    .option('--dry-run', 'only say what would be deleted, by source, type and reason (default: off)')
    .option('--yes', 'delete them; nothing is deleted without it (default: off)')
    .option('--copy <file>', 'a new file for the copy, as `export` writes it (default: one named by the time)')
    .action(act('purge'))
}

const ours = (kind: Kind) => `${namesOf(kind).join(', ')}, or the path of your own`

/** A password in a flag would stand in every list of processes: the address may come from the environment, as that of a run. */
function urlOption(kind: 'queue' | 'ledger'): Option {
  const setting = kind === 'queue' ? SETTINGS.queueUrl : SETTINGS.ledgerUrl
  const help = `the ${kind}'s folder, or the address of its server; it must be given for one of ours`
  return new Option(setting.flag, help).env(setting.secret)
}

function where(command: Command): Command {
  const { [command.name() as keyof Actions]: example } = EXAMPLE
  return command
    .option('--ledger <name>', `the ledger that holds them: ${ours('ledger')}`, 'lmdb')
    .addOption(urlOption('ledger'))
    .requiredOption('--namespace <name>', 'that of the service, 1-64 of a-z, 0-9 and -; it must be given')
    .addHelpText('after', `\nExample:\n  npm run dlq -- ${example}\n\n${EXITS}`)
}

function filters(command: Command): Command {
  return command
    .option('--source <name>', 'those of one source (default: any)')
    .option('--type <type>', 'those of one event type (default: any)')
    .option('--cause <cause>', `${BURIED_CAUSES.join(', ')} (default: any)`)
    .option('--reason <text>', 'those whose reason contains the text (default: any)')
    .option('--since <time>', 'those buried since: an age of 90s, 30m, 2h or 3d, or an ISO time (default: ever)')
    .option('--id <id>', 'the one with this id (default: any)')
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
