import { type ChildProcess, fork } from 'node:child_process'
import { ownFile } from '../../core/base/kit/own-file.ts'
import { type ErrorCode, FloodmarkError, messageOf } from '../../core/contracts/errors.ts'

/** So that a person's own files import 'floodmark' in every process. */
const OWN_NAME = ownFile('./resolve-floodmark', import.meta.url).href

/** A process of the run, and the messages it sends. */
export interface Child<To, From extends { readonly kind: string }> {
  readonly process: ChildProcess
  send(message: To): void
  on(listen: (message: From) => void): void
  /** The next message of a kind. Rejects when the process says that it failed, or ends first, or has ended. */
  next<K extends From['kind']>(kind: K): Promise<Extract<From, { kind: K }>>
  /** Resolves when it has ended, however. */
  readonly exited: Promise<void>
  /** Resolves when it has ended; ends it by SIGKILL after `ms`. */
  end(ms: number): Promise<void>
}

const living = new Set<ChildProcess>()

/** However this process ends, short of SIGKILL, none that it started lives on. Those see that their channel has closed. */
function endWithUs(child: ChildProcess): void {
  // One that could not be started has no exit.
  if (child.pid === undefined) return
  if (living.size === 0) process.once('exit', killAll)
  living.add(child)
  child.once('exit', () => {
    living.delete(child)
    if (living.size === 0) process.removeListener('exit', killAll)
  })
}

function killAll(): void {
  for (const child of living) child.kill('SIGKILL')
}

/** The number that the first of `descriptors` has in the process. */
export const FIRST_DESCRIPTOR = 4

/**
 * Starts any file as a process of its own that speaks messages; `role` is what its errors call it. `descriptors`: of this
 * process, that it gets too.
 */
export function startProcess<To, From extends { readonly kind: string }>(
  role: string,
  file: URL,
  args: readonly string[] = [],
  descriptors: readonly number[] = [],
): Child<To, From> {
  const execArgv = [...process.execArgv, '--import', OWN_NAME]
  const child = fork(file, args, { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...descriptors] })
  endWithUs(child)
  const listeners = new Set<(message: From) => void>()
  const waiting = new Set<(error: FloodmarkError) => void>()
  const fail = (error: FloodmarkError) => {
    for (const reject of [...waiting]) reject(error)
  }
  /** Why it says nothing more. */
  let gone: FloodmarkError | undefined
  const go = (error: FloodmarkError) => {
    gone = error
    fail(error)
  }
  child.on('message', (message: From) => {
    for (const listen of [...listeners]) listen(message)
    if (message.kind !== 'failed') return
    const { code, message: what } = message as unknown as { code: ErrorCode; message: string }
    fail(new FloodmarkError(code, what))
  })
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      go(new FloodmarkError('unavailable', `the ${role} process ended early (${signal ?? `code ${code}`})`))
      resolve()
    })
    child.on('error', (cause) => {
      // One that could not be started does not exit either. Else a message could not be sent, or a signal.
      if (child.pid !== undefined) return
      go(new FloodmarkError('unavailable', `the ${role} process cannot be started: ${messageOf(cause)}`, { cause }))
      resolve()
    })
  })
  return {
    process: child,
    exited,
    send(message) {
      if (child.connected) child.send(message as object, () => {})
    },
    on(listen) {
      listeners.add(listen)
    },
    next(kind) {
      return new Promise((resolve, reject) => {
        if (gone) return reject(gone)
        const listen = (message: From) => {
          if (message.kind !== kind) return
          listeners.delete(listen)
          waiting.delete(reject)
          resolve(message as Extract<From, { kind: typeof kind }>)
        }
        listeners.add(listen)
        waiting.add(reject)
      })
    },
    async end(ms) {
      if (gone) return
      const timer = setTimeout(() => child.kill('SIGKILL'), ms)
      if (child.connected) child.disconnect()
      await exited
      clearTimeout(timer)
    },
  }
}
