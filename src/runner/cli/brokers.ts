import { Argument, type Command } from 'commander'
import { brokers } from '../servers/brokers.ts'
import { serverKinds } from '../servers/kinds/index.ts'
import { EXIT } from './exit.ts'
import { onInterrupt } from './interrupt.ts'

const KINDS = Object.keys(serverKinds)
const ACTIONS = ['up', 'down', 'status'] as const
const AFTER = `
Each kind is one that stays already, else one of docker compose, else one that is started here.

Examples:
  npm run brokers -- up redis
  npm run brokers -- status
  npm run brokers -- down

Exits: 0 done, 2 bad input, 3 environment, 130 interrupted.`

/** The command `brokers`. */
export function define(command: Command): void {
  command
    .addArgument(new Argument('<action>', 'start them, end them, or say what is there').choices(ACTIONS))
    .addArgument(new Argument('[kinds...]', 'which servers (default: all)').choices(KINDS))
    .addHelpText('after', AFTER)
    .action(async (action: (typeof ACTIONS)[number], kinds: string[]) => {
      const interrupt = onInterrupt()
      await brokers[action](kinds.length ? kinds : KINDS, {
        signal: interrupt.signal,
        say: (line) => process.stdout.write(`${line}\n`),
        onProgress: (line) => process.stderr.write(`${line}\n`),
      })
      if (interrupt.signal.aborted) process.exitCode = EXIT.INTERRUPTED
    })
}
