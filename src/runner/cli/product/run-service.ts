import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import { type LoadedConfig, loadConfig } from '../../../product/config/load.ts'
import { openAdmin } from '../../../product/service/admin.ts'
import { say } from '../../../product/service/log.ts'
import type { ServiceRole } from '../../../product/service/messages.ts'
import { Supervisor } from '../../../product/service/supervisor.ts'
import { count } from '../../plan/quantities.ts'
import { EXIT } from '../exit.ts'
import { onInterrupt } from '../interrupt.ts'
import { flagValue } from '../settings/flag-value.ts'

const SIGNALS = `
Signals:
  TERM, INT   /readyz says 503 for noticeMs of the config; then what is in progress is finished. A second one ends at once.
  HUP         secrets are read again. A file of secrets is read again by itself when it changes.
  USR2        the processes are started anew, one after the other, with the config and handlers as they are now.

Exits: 0 stopped, 2 bad input, 3 environment, 130 ended by a second signal.`

interface ServiceFlags {
  readonly config?: string
  readonly processes?: string
  readonly tellEffects?: boolean
  readonly adminPort?: string
}

/** The options that node, serve and work have in common. `processes`: they may be several. */
export function defineService(command: Command, role: ServiceRole, examples: string, processes?: string): void {
  command.option('--config <file>', 'the config (default: floodmark.config.ts of this folder)')
  if (processes) command.option('--processes <count>', processes)
  command.option('--admin-port <port>', 'its port for whoever runs it (default: admin of the config, or none)')
  if (role !== 'receiver') {
    const tells = 'keep a line for each event of a run that took effect, for --effects (default: off)'
    command.option('--tell-effects', tells)
  }
  command
    .addHelpText('after', `\nExamples:\n${examples}\n${SIGNALS}`)
    .action((flags: ServiceFlags) => runService(role, flags))
}

/** Resolves when the service runs; the process goes on until a signal ends it. */
async function runService(role: ServiceRole, flags: ServiceFlags): Promise<void> {
  const loaded = await loadConfig(flags.config)
  const { config, path } = loaded
  const { host, port } = config.listen
  const tellsEffects = flags.tellEffects === true
  const adminAt = adminOf(loaded, flags)
  if (tellsEffects && !adminAt)
    throw new FloodmarkError('misuse', '--tell-effects needs a port to tell them on: give --admin-port 9090')
  const listen = role === 'processor' ? undefined : { host, port }
  if (adminAt && adminAt.port !== 0 && adminAt.port === listen?.port)
    throw new FloodmarkError('misuse', `listen and admin have one port, ${port}: give --admin-port another`)
  const heed = heedSignals()
  const admin = adminAt && (await openAdmin(adminAt, tellsEffects))
  const supervisor = await Supervisor.start({
    role,
    config: path,
    processes: processesOf(role, loaded, flags),
    listen,
    noticeMs: config.noticeMs,
    tellsEffects,
    say,
  })
  heed(supervisor)
  say(startLine(role, loaded, supervisor.port))
  if (!admin) return
  admin.answerBy(supervisor.questions)
  const base = `http://${adminAt.host}:${admin.port}`
  say(`status on ${base}/status`)
  if (tellsEffects) say(`effects of runs on ${base}/effects`)
}

/** Each command on one machine needs a port of its own; the config is the same. */
function adminOf({ config }: LoadedConfig, { adminPort }: ServiceFlags) {
  if (adminPort === undefined) return config.admin
  const { data: port, error } = count(0, 65_535).safeParse(adminPort)
  if (error) throw new FloodmarkError('misuse', `--admin-port ${error.issues[0]!.message}`)
  return { host: config.admin?.host ?? '127.0.0.1', port }
}

function processesOf(role: ServiceRole, { config }: LoadedConfig, { processes }: ServiceFlags): number {
  if (role === 'node') return 1
  if (processes === undefined) return config.processes ?? (role === 'receiver' ? availableParallelism() : 1)
  return flagValue('--processes', count(1, 64), processes)
}

function startLine(role: ServiceRole, { config, routes }: LoadedConfig, port: number | undefined): string {
  if (port === undefined) return 'processing'
  const { host, tls } = config.listen
  const where = host.includes(':') ? `[${host}]` : host
  const isLocal = ['127.0.0.1', 'localhost', '::1'].includes(host)
  const paths = routes.map(({ path, source }) => `${path} (${source})`).join(', ')
  const does = role === 'node' ? 'receiving and processing' : 'receiving'
  return `${does} on http${tls ? 's' : ''}://${where}:${port}${isLocal ? `, for this machine alone (listen.host is '${host}')` : ''}: ${paths}`
}

/** Until it is told of the supervisor, a signal to stop ends the process: nothing has been taken yet. */
function heedSignals(): (supervisor: Supervisor) => void {
  let running: Supervisor | undefined
  onInterrupt(['SIGTERM', 'SIGINT']).signal.addEventListener('abort', () => {
    if (!running) process.exit(EXIT.INTERRUPTED)
    say('stopping: what is in progress is finished first')
    running.stop().then(() => process.exit(EXIT.PASS))
  })
  process.on('SIGHUP', () => running?.reload())
  process.on('SIGUSR2', () => void running?.restart())
  return (supervisor) => {
    running = supervisor
  }
}
