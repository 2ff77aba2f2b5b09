import { Argument, type Command } from 'commander'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { brokers } from '../servers/brokers.ts'
import { serverKinds } from '../servers/kinds/index.ts'
import { sweep } from './brokers/sweep.ts'
import { EXIT } from './exit.ts'
import { onInterrupt } from './interrupt.ts'

const KINDS = Object.keys(serverKinds)
/** A cluster is started by its name only: it takes more of a machine. */
const SINGLE = KINDS.filter((kind) => !serverKinds[kind]!.clusterOf)
const ACTIONS = ['up', 'down', 'status', 'sweep'] as const
const OLDER_THAN_H = 24
const AFTER = `
Each kind is one that stays already, else one of docker compose, else one that is started here.

sweep lists what runs left on a server that was not theirs to end, as after a crash. With --yes it removes that. What a service
wrote bears other names and is not touched. On Redis what a run wrote ends by itself within two days (a longer run: its length twice,
and a day). PostgreSQL, Kafka and SQS know no such end for tables, topics and queues: there sweep is what removes them.

Examples:
  npm run brokers -- up redis
  npm run brokers -- up kafka-cluster    three brokers with TLS and SASL, for --queue kafka --queue-url kafka-cluster
  npm run brokers -- status
  npm run brokers -- down
  npm run brokers -- sweep redis --url redis://host:6379
  npm run brokers -- sweep redis --url redis://host:6379 --older-than 48 --yes

Exits: 0 done, 2 bad input, 3 environment, 130 interrupted.`

/** The command `brokers`. */
export function define(command: Command): void {
  command
    .addArgument(
      new Argument('<action>', 'start them, end them, say what is there, or remove what runs left').choices(ACTIONS),
    )
    .addArgument(new Argument('[kinds...]', 'which servers (default: all; up: all but clusters)').choices(KINDS))
    .option('--url <url>', 'sweep: the server to look at (default: those that stay)')
    .option('--older-than <hours>', 'sweep: only what began so many hours ago', hoursOf, OLDER_THAN_H)
    .option('--only <namespace>', 'sweep: only this one, however old it is (default: every one that is old enough)')
    .option('--yes', 'sweep: remove what was found', false)
    .addHelpText('after', AFTER)
    .action(async (action: (typeof ACTIONS)[number], kinds: string[], flags: BrokersFlags) => {
      const say = (line: string) => process.stdout.write(`${line}\n`)
      const chosen = kinds.length ? kinds : action === 'up' ? SINGLE : KINDS
      if (action === 'sweep') {
        const { url, only, yes: remove } = flags
        return sweep(chosen, { url, only, remove, olderThanMs: flags.olderThan * 3_600_000, say })
      }
      if (flags.yes || flags.url !== undefined || flags.only !== undefined) {
        throw new FloodmarkError('misuse', `--url, --only and --yes are for sweep, not for ${action}`)
      }
      const interrupt = onInterrupt()
      await brokers[action](chosen, {
        signal: interrupt.signal,
        say,
        onProgress: (line) => process.stderr.write(`${line}\n`),
      })
      if (interrupt.signal.aborted) process.exitCode = EXIT.INTERRUPTED
    })
}

interface BrokersFlags {
  readonly url?: string
  readonly olderThan: number
  readonly only?: string
  readonly yes: boolean
}

/** @throws FloodmarkError 'misuse'. */
function hoursOf(text: string): number {
  const hours = Number(text)
  if (text.trim() !== '' && hours >= 0 && Number.isFinite(hours)) return hours
  throw new FloodmarkError('misuse', `--older-than takes a number of hours, not '${text}'`)
}
