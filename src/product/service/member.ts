import { resolve } from 'node:path'
import { systemClock } from '../../core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Ledger } from '../../core/contracts/ledger.ts'
import type { Route } from '../../core/contracts/provider.ts'
import type { Queue } from '../../core/contracts/queue.ts'
import type { RefusedRequest } from '../../core/contracts/refusal.ts'
import { knownTo } from '../../core/handling/known.ts'
import { lookUp } from '../../core/handling/look-up.ts'
import { limitsOf } from '../../core/service/limits.ts'
import { type Service, startService } from '../../core/service/service.ts'
import { FIRST_DESCRIPTOR } from '../../runner/processes/child.ts'
import { outliveReaders } from '../../runner/processes/obey-runner.ts'
import { fillFromEnvFile } from '../config/env-file.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { loadPart } from '../config/part.ts'
import { placedIn } from '../config/placed.ts'
import { type AskedLedger, openAsked, openLedger, openQueue } from '../config/stores.ts'
import { AskedGrants } from './grants.ts'
import { say } from './log.ts'
import type { FromMember, ProcessStatus, ServiceRole, ToMember } from './messages.ts'
import { processingOf } from './processing.ts'
import { refusalLine } from './refusal-words.ts'
import { safeObserver } from './safe-observer.ts'
import { SecretWatch } from './secret-watch.ts'
import { sizeNotices } from './size-notices.ts'
import { TlsWatch } from './tls-watch.ts'
import { telling, toldOf } from './told.ts'

/** A process of the service: forked by the supervisor, told over IPC what to be, when to reload and when to stop. */

type Setup = Extract<ToMember, { kind: 'setup' }>

/** Without a supervisor nobody ends what hangs, and it may hold what the next service needs, ms. */
const ORPHAN_MS = 30_000
/** Lines of effects in one message. */
const PART_LINES = 1_000

const clock = systemClock
const ending = new AbortController()
let service: Service | undefined
let queue: Queue | undefined
let role: ServiceRole = 'node'
let configFolder = '.'
/** It may be told to stop before it has started: events may be in hand by then. */
let starting: Promise<void> | undefined
/** Absent: nothing is received here. */
let watch: SecretWatch | undefined
/** Absent: nothing is processed here. */
let looking: ((ids: readonly string[]) => ReturnType<typeof lookUp>) | undefined
let tls: TlsWatch | undefined
/** Absent: nothing is processed here. */
let own: Ledger | undefined
/** Absent: this process alone receives. */
let grants: AskedGrants | undefined
/** Another's, that receivers ask. */
let asked: AskedLedger | undefined

outliveReaders()
// A terminal signals every process at once. The supervisor alone decides what comes of it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
// The supervisor was killed: what is in progress is finished, and nothing more is taken.
process.on('disconnect', () => {
  setTimeout(() => process.exit(1), ORPHAN_MS).unref()
  void stop()
})
process.on('message', (message: ToMember) => {
  perform(message).catch((error) => {
    const code = error instanceof FloodmarkError ? error.code : 'unavailable'
    tell({ kind: 'failed', code, message: messageOf(error) })
    // The supervisor starts another, or ends: what could not start has nothing to finish.
    process.exitCode = 1
    process.disconnect?.()
  })
})

async function perform(message: ToMember): Promise<void> {
  if (message.kind === 'setup') {
    starting = start(message)
    return starting
  }
  if (message.kind === 'reload') return reload()
  if (message.kind === 'tell-status') return tellStatus()
  if (message.kind === 'look-up') return tellFates(message)
  if (message.kind === 'tell-effects') return tellEffects(message)
  if (message.kind === 'granted') return grants?.heard(message.number, message.grant)
  if (message.kind === 'leave') return service?.leave()
  if (message.kind === 'stop') return stop()
}

async function reload(): Promise<void> {
  tls?.look()
  try {
    fillFromEnvFile(configFolder)
  } catch (error) {
    say(`${messageOf(error)}. What it said before stays in use`)
  }
  await watch?.look()
}

async function start({ role: given, config: path, processes, tellsEffects }: Setup): Promise<void> {
  const loaded = await loadConfig(path)
  const { config, folder, routes: plans } = loaded
  role = given
  configFolder = folder
  const handle = role === 'processor' ? undefined : { fd: FIRST_DESCRIPTOR }
  queue = await openQueue(loaded, clock)
  if (role !== 'node') refuseUnshared('queue', queue, config.queue.use)
  const ledger = role === 'receiver' ? undefined : await openLedger(loaded, clock)
  if (role === 'receiver') asked = await openAsked(loaded, clock)
  if (ledger && role !== 'node') refuseUnshared('ledger', ledger, config.ledger.use)
  const secrets =
    handle &&
    new SecretWatch({
      ...{ plans, clock, say, folder: resolve(folder, config.data) },
      rotate: (source, changed) => service!.rotateSecrets(source, changed),
    })
  watch = secrets
  if (handle && config.listen.tls) tls = new TlsWatch(config.listen.tls, folder, say)
  if (handle && processes > 1) grants = new AskedGrants(processes, clock, (one) => tell({ kind: 'ask-grant', ...one }))
  await secrets?.fetchKeys()
  const receiving = handle &&
    secrets && {
      receiver: await loadPart('receiver', placedIn(folder, config.receiver)),
      routes: secrets.routes(),
      handle,
      ...(tls && { tls }),
      trustedProxies: config.trustedProxies,
      ...(config.ceilingPerS !== undefined && { ceilingPerS: config.ceilingPerS }),
      ...(grants && { grants }),
      ...(asked && { isKnown: knownTo(asked, (await processingOf(loaded)).effect, clock) }),
      renewSecrets: (route: Route) => secrets.renew(route),
      onRefused: (refusal: RefusedRequest) => say(refusalLine(refusal)),
    }
  const work = ledger && (await processingOf(loaded))
  const processing = ledger && work && { effect: tellsEffects ? telling(work.effect) : work.effect, ledger }
  own = ledger
  if (processing) looking = (ids) => lookUp(processing.ledger, processing.effect, ids)
  service = await startService({
    queue,
    clock,
    random: Math.random,
    limits: limitsFrom(loaded),
    ...(receiving && { receiving }),
    ...(processing && { processing }),
    onError: (error) => say(messageOf(error)),
    ...(config.observer && { observer: safeObserver(config.observer, say) }),
  })
  void secrets?.start(ending.signal)
  void tls?.start(clock, ending.signal)
  const about = [
    `queue ${named(config.queue.use, queue)}`,
    ...(ledger ? [`ledger ${named(config.ledger.use, ledger)}`] : []),
    ...(receiving ? sizeNotices(plans, limitsOf(limitsFrom(loaded)).bodyBytesMax, queue.traits.publishBytesMax) : []),
  ]
  tell({ kind: 'ready', about })
}

async function tellFates({ number, ids }: Extract<ToMember, { kind: 'look-up' }>): Promise<void> {
  const wrong = 'these processes have no ledger: ask the admin port of floodmark work, or run floodmark lookup'
  const events = looking?.(ids) ?? Promise.reject(new FloodmarkError('misuse', wrong))
  const answer = await events.then(
    (found) => ({ events: found }),
    (error) => ({ wrong: messageOf(error) }),
  )
  tell({ kind: 'looked-up', number, answer })
}

/** In parts, each of which waits until the one before it is on its way. */
async function tellEffects({ number, run }: Extract<ToMember, { kind: 'tell-effects' }>): Promise<void> {
  if (!own) return
  const part = (lines: readonly string[], isLast: boolean) =>
    new Promise<void>((resolve) => {
      const message: FromMember = { kind: 'effects', number, lines, isLast }
      if (process.connected) process.send?.(message, undefined, undefined, () => resolve())
      else resolve()
    })
  let lines: string[] = []
  try {
    for await (const line of toldOf(own, run)) {
      if (lines.push(line) < PART_LINES) continue
      await part(lines, false)
      lines = []
    }
    await part(lines, true)
  } catch (error) {
    say(`effects could not be read: ${messageOf(error)}`)
  }
}

async function tellStatus(): Promise<void> {
  const depth = await queue?.depth().catch(() => undefined)
  const { received, counts: processed } = service ?? {}
  const status = { role, pid: process.pid, upForMs: performance.now(), received, processed, depth }
  tell({ kind: 'status', status: structuredStatus(status) })
}

/** The counts are read as they are now: some are getters. */
function structuredStatus(status: ProcessStatus): ProcessStatus {
  return JSON.parse(JSON.stringify(status))
}

/** As a run has them: settings that stand beside the service in the config count for both. */
function limitsFrom({ config }: LoadedConfig) {
  const { inFlightMax, publishDeadline } = config
  return {
    ...(inFlightMax !== undefined && { inFlightMax }),
    ...(publishDeadline !== undefined && { publishDeadlineMs: publishDeadline }),
    ...config.limits,
  }
}

function refuseUnshared(kind: 'queue' | 'ledger', { traits }: Queue | Ledger, name: string): void {
  if (traits.shared) return
  const what = `the ${kind} '${name}' belongs to one process`
  throw new FloodmarkError('misuse', `${what}: run floodmark node, or choose one with a server for serve and work`)
}

function named(name: string, { traits }: Queue | Ledger): string {
  const survives = traits.survives.length === 0 ? 'nothing' : traits.survives.join(', ')
  return `${name} (${traits.server}; survives ${survives})`
}

async function stop(): Promise<void> {
  ending.abort()
  await starting?.catch(() => {})
  try {
    await service?.stop()
    await asked?.close()
    process.exit(process.exitCode ?? 0)
  } catch (error) {
    say(`stopping: ${messageOf(error)}`)
    process.exit(1)
  }
}

function tell(message: FromMember): void {
  if (process.connected) process.send?.(message)
}
