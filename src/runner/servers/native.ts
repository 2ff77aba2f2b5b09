import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { makePrivateFolder, openPrivate } from '../../core/base/private-files.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { startAll } from './cluster.ts'
import { endWithProcess } from './exit.ts'
import { holderOf, type ProcessHolder, signal } from './holder.ts'
import type { Command, Node, Recipe, ServerKindDefinition, ServerUser } from './kinds/definition.ts'
import { freePorts } from './ports.ts'
import type { ProvideOptions, Server } from './server.ts'
import { endProcess, makeData, makeDataOfOthers, remember, removeData } from './started.ts'

const TRIES_MAX = 3
const POLL_MS = 25
const PROBE_MS = 1_000
const LOG_LINES = 4
const TAKEN = /address already in use/i

/** Starts a server; resolves when it answers in its own protocol. @throws FloodmarkError 'unavailable'. */
export async function startNative(
  kind: ServerKindDefinition,
  recipe: Recipe,
  options: ProvideOptions & { cacheFolder: string },
): Promise<Server> {
  const { nodes = 1 } = recipe
  const folders = Array.from({ length: nodes }, () =>
    recipe.user ? makeDataOfOthers(kind.name) : makeData(options.folder, kind.name),
  )
  for (let tries = 1; ; tries++) {
    const ports = await freePorts(nodes * recipe.ports)
    try {
      const start = (at: number, signal: AbortSignal | undefined) =>
        startOn(ports, kind, recipe, { at, folders }, { ...options, ...(signal && { signal }) })
      return await startAll(folders, start, options.signal)
    } catch (error) {
      for (const folder of folders) removeData(folder)
      // Another process was quicker to take the port.
      if (tries === TRIES_MAX || !TAKEN.test(String(error))) throw error
      for (const folder of folders) makePrivateFolder(folder)
    }
  }
}

async function startOn(
  ports: readonly number[],
  { name: kind, scheme, probe }: ServerKindDefinition,
  recipe: Recipe,
  node: Node,
  { cacheFolder, stays = false, signal: abort }: ProvideOptions & { cacheFolder: string },
): Promise<Server> {
  const folder = node.folders[node.at]!
  const says = `${recipe.says}, ${stays ? "kept by 'brokers up'" : 'started for this run'}`
  const command = await recipe.prepare(folder, ports, node)
  const { url = `${scheme}://127.0.0.1:${ports[0]}`, isReady } = command
  const owner = stays ? null : holderOf(process.pid)!
  let running: { child: ChildProcess; holder: ProcessHolder } | undefined
  let stopped = false
  let forget = () => {}
  const note = () => {
    const process = running?.holder ?? null
    forget = remember(cacheFolder, { kind, url, says, folder, owner, process, project: null })
  }
  const forgetExit = stays ? () => {} : endWithProcess(() => running && signal(running.holder, 'SIGKILL'), folder)

  const kill = async () => {
    const ending = running
    running = undefined
    if (!ending) return
    const { child, holder } = ending
    await endProcess(holder)
    // Until its parent has seen it end, PostgreSQL takes it for a server that still runs, and does not start again.
    if (child.exitCode !== null || child.signalCode !== null) return
    // Nothing else may keep this process alive, which would then end in the middle.
    child.ref()
    await once(child, 'exit')
  }
  const stop = async () => {
    stopped = true
    await kill()
    removeData(folder)
    forget()
    forgetExit()
  }
  const start = async () => {
    if (stopped || running) throw new FloodmarkError('misuse', `${kind} is ${stopped ? 'stopped' : 'running'}`)
    const child = spawnApart(command, folder, recipe.user)
    const holder = child.pid === undefined ? undefined : holderOf(child.pid)
    if (holder) running = { child, holder }
    note()
    try {
      await answering(
        recipe,
        async () => (isReady ? (await isReady(PROBE_MS)) && {} : probe(url, PROBE_MS)),
        child,
        folder,
        abort,
      )
      child.unref()
    } catch (error) {
      await kill()
      throw error
    }
  }

  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  const holder = () => {
    if (!running) throw new FloodmarkError('misuse', `${kind} is not running: start it first`)
    return running.holder
  }
  return {
    kind,
    url,
    origin: 'native',
    says,
    control: {
      kill,
      start,
      pause: () => signal(holder(), 'SIGSTOP'),
      resume: () => signal(holder(), 'SIGCONT'),
      pids: () => (running ? [running.holder.pid] : []),
    },
    stop,
  }
}

/** In a process group of its own, so that Ctrl-C ends the run and leaves the server until the run has audited. */
function spawnApart({ file, args, env }: Command, folder: string, user: ServerUser | undefined): ChildProcess {
  const log = openPrivate(join(folder, 'server.log'), 'a')
  try {
    const child = spawn(file, args, {
      cwd: folder,
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
      ...user,
    })
    child.on('error', () => {})
    return child
  } finally {
    closeSync(log)
  }
}

async function answering(
  { says, readyMaxMs }: Recipe,
  probe: () => Promise<{ readonly pid?: number | undefined } | false | undefined>,
  child: ChildProcess,
  folder: string,
  abort?: AbortSignal,
) {
  const startedMs = performance.now()
  for (;;) {
    if (abort?.aborted) throw new FloodmarkError('unavailable', `${says}: its start was interrupted`)
    const answer = await probe()
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new FloodmarkError('unavailable', `${says}: it ended while starting. ${lastOf(folder)}`)
    }
    // Another server may have come first on this port, where ours is about to give up.
    if (answer && (answer.pid ?? child.pid) === child.pid) return
    if (performance.now() - startedMs > readyMaxMs) {
      const waited = `no answer within ${readyMaxMs / 1_000} s`
      throw new FloodmarkError('unavailable', `${says}: ${waited}. ${lastOf(folder)}`)
    }
    await pause(POLL_MS)
  }
}

/** The end of a server's log, without the stacks; or that its port was taken, wherever the log says so. */
function lastOf(folder: string): string {
  const log = readFileSync(join(folder, 'server.log'), 'utf8').trim()
  if (log === '') return 'It wrote no log'
  const lines = log.split('\n').filter((line) => !/^\s+(at |\.\.\. )/.test(line))
  const taken = lines.find((line) => TAKEN.test(line))
  return `The end of its log: ${(taken ?? lines.slice(-LOG_LINES).join(' | ')).slice(-1_000)}`
}
