import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { commandsIn } from '../../../core/base/kit/commands-in.ts'
import { FloodmarkError, messageOf } from '../../../core/contracts/errors.ts'
import { loadPart } from '../../../product/config/part.ts'
import { type InitPlan, variablesOf } from '../../../product/init/files.ts'
import { measuredStack } from '../../../product/init/stack.ts'
import { extensionIn, writeProject } from '../../../product/init/write.ts'
import { type Kind, namesOf } from '../../scenario/registry.ts'

interface InitFlags {
  readonly provider?: readonly string[]
  readonly receiver?: string
  readonly queue?: string
  readonly ledger?: string
  readonly from?: string
  readonly port?: string
  readonly host?: string
}

const USUAL = { receiver: 'raw-http', queue: 'embedded', ledger: 'lmdb' } as const
const AFTER = `
It asks for what is not given, where a person sits at the terminal.

Examples:
  npm run init
  npm run init -- --provider stripe --provider shopify
  npm run init -- --provider razorpay --queue redis-streams --ledger redis
  npm run init -- --provider stripe --from reports/my-run/report.json

Exits: 0 written, 2 bad input.`

/** The command `init`: writes the config of a service and its handlers. */
export function define(command: Command): void {
  const more = (value: string, before: readonly string[] = []) => [...before, value]
  const ours = (kind: Kind) => namesOf(kind).join(', ')
  command
    .option('--provider <name>', `who sends, once for each: ${ours('provider')}, or the path of your own`, more)
    .option('--receiver <name>', `takes the requests: ${ours('receiver')} (default: ${USUAL.receiver})`)
    .option('--queue <name>', `holds what was accepted: ${ours('queue')} (default: ${USUAL.queue})`)
    .option('--ledger <name>', `holds what took effect: ${ours('ledger')} (default: ${USUAL.ledger})`)
    .option('--from <file>', "the report.json of a run: its stack and limits; of a comparison the winner's")
    .option('--host <address>', 'where it listens (default: 0.0.0.0)')
    .option('--port <number>', 'where it listens (default: 8080)')
    .addHelpText('after', AFTER)
    .action(async (flags: InitFlags) => {
      const isAsked = process.stdin.isTTY && process.stdout.isTTY && flags.provider === undefined
      const plan = await planOf(isAsked ? await asked(flags) : flags)
      const written = writeProject(process.cwd(), plan)
      process.stdout.write(`Written: ${written.join(', ')}\n\nNext:\n${nextSteps(plan)}`)
    })
}

type Ask = (question: string, usual: string, check: (answer: string) => unknown) => Promise<string>

async function asked(flags: InitFlags): Promise<InitFlags> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const left = new Promise<never>((_, reject) => {
    const what = 'the questions were left, and nothing is written: run it again, or give --provider'
    terminal.once('close', () => reject(new FloodmarkError('misuse', what)))
  })
  left.catch(() => {})
  /** What cannot be used is told, and asked again. */
  const ask: Ask = async (question, usual, check) => {
    for (;;) {
      const answer = (await Promise.race([terminal.question(`${question} [${usual}] `), left])).trim() || usual
      try {
        await check(answer)
        return answer
      } catch (error) {
        process.stdout.write(`${messageOf(error)}\n`)
      }
    }
  }
  try {
    return await answersTo(ask, flags)
  } finally {
    terminal.close()
  }
}

async function answersTo(ask: Ask, flags: InitFlags): Promise<InitFlags> {
  const known = (kind: 'provider' | 'queue' | 'ledger') => (name: string) => loadPart(kind, name)
  const choose = (kind: 'queue' | 'ledger') => {
    const given = flags[kind]
    return given ?? ask(`Which ${kind}? ${namesOf(kind).join(', ')}`, USUAL[kind], known(kind))
  }
  const who = `Who sends webhooks (several with commas)? ${namesOf('provider').join(', ')}`
  const providers = await ask(who, 'generic', (names) => Promise.all(listed(names).map(known('provider'))))
  const provider = listed(providers)
  if (flags.from !== undefined) return { ...flags, provider }
  const [queue, ledger] = [await choose('queue'), await choose('ledger')]
  return { ...flags, provider, queue, ledger, port: flags.port ?? (await ask('Which port?', '8080', portOf)) }
}

const listed = (names: string) => names.split(',').map((name) => name.trim())

function portOf(given: string): number {
  const port = Number(given)
  if (given !== '' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new FloodmarkError('misuse', `--port '${given}' is no port: give 0 to 65535`)
}

async function planOf({ provider, from, ...flags }: InitFlags): Promise<InitPlan> {
  if (provider === undefined) {
    const names = namesOf('provider').join(', ')
    throw new FloodmarkError('misuse', `nobody sends yet: give --provider, once for each of ${names}`)
  }
  const measured = from === undefined ? USUAL : measuredStack(from)
  const { receiver = measured.receiver, queue = measured.queue, ledger = measured.ledger } = flags
  const port = portOf(flags.port ?? '8080')
  for (const name of provider) await loadPart('provider', name)
  await loadPart('receiver', receiver)
  const servers = {
    queue: (await loadPart('queue', queue)).server,
    ledger: (await loadPart('ledger', ledger)).server,
  }
  const path = (name: string, kind: Kind) => (namesOf(kind).includes(name) ? name : asPath(name))
  return {
    ...measured,
    receiver: path(receiver, 'receiver'),
    queue: path(queue, 'queue'),
    ledger: path(ledger, 'ledger'),
    providers: provider.map((name) => path(name, 'provider')),
    host: flags.host ?? '0.0.0.0',
    port,
    servers,
    extension: extensionIn(process.cwd()),
  }
}

/** As the config wants it: a path that begins with a dot counts from there. */
function asPath(name: string): string {
  return /^(\.{0,2}[\\/]|file:|[a-z]:)/i.test(name) ? name : `./${name}`
}

function nextSteps(plan: InitPlan): string {
  const { queue, ledger } = plan.servers
  const command = queue && ledger ? 'serve, and npm run work beside it' : 'node'
  const steps = [
    `set ${variablesOf(plan).join(', ')} in the environment, or in a file .env`,
    `write your work into handlers.${plan.extension}`,
    'npm run check',
    `npm run ${command}`,
  ]
  return commandsIn(steps.map((step) => `  ${step}\n`).join(''))
}
