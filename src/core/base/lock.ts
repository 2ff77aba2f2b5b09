import { randomInt } from 'node:crypto'
import { closeSync, fstatSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import { checkNamespace } from '../contracts/namespace.ts'
import { lockFile } from './file-lock.ts'
import { ADDRESS } from './kit/address.ts'
import { keepPrivate, makePrivateFolder, openPrivate } from './private-files.ts'

/** The folder of a namespace. @throws FloodmarkError 'misuse' when the name could lead elsewhere, or `url` is a server's address. */
export function namespaceFolder({ url, namespace }: { readonly url: string; readonly namespace: string }): string {
  const scheme = ADDRESS.exec(url)?.[0]
  if (scheme?.toLowerCase() === 'file://') {
    const what = 'an address with file:// is not taken for the folder of a queue or a ledger'
    throw new FloodmarkError('misuse', `${what}: give the path of the folder, as /var/data`)
  }
  if (scheme) {
    const what = `an address with ${scheme} is that of a server, and this queue or ledger lies in a folder`
    throw new FloodmarkError('misuse', `${what}: give a folder, or name the queue or ledger that is on the server`)
  }
  return join(url, checkNamespace(namespace))
}

export interface FolderLock {
  /** Call it before writing, and before telling anybody that it was written. @throws FloodmarkError 'unavailable' when the claim is gone or another's: nothing may be written any more. */
  check(): void
  /** Twice is fine. */
  release(): void
}

/** Two that begin at the same moment may each find the lock just being looked at; they try again after a random while. */
const TRIES = 5
const STEP_BACK_MS = 20
/** The claim is renewed this often; another machine takes one for dead that is older than CLAIM_MS. */
const RENEW_MS = 3_000
const CLAIM_MS = 15_000

/** The process that holds a folder, as the file `holder` in it says. */
interface LockHolder {
  readonly pid: number
  readonly host: string
  /** The life of the kernel that numbers its processes; the host's name where the system does not say. */
  readonly machine: string
  readonly pidNamespace: string
  /** Inode of the lock's file. A copy of a folder copies the claim, but not the folder that is claimed. */
  readonly lockInode: number
}

/**
 * Makes the folder if need be (durably, for its owner's eyes only) and takes it for this process alone. Among the
 * processes of one machine, in whatever containers, the operating system's lock decides, and ends with its holder. For
 * file systems that keep a lock from other machines, a claim in the folder is renewed while its holder lives.
 * @throws FloodmarkError 'unavailable' when another holder is alive, or the folder cannot be written.
 */
export function lockFolder(folder: string): FolderLock {
  try {
    makePrivateFolder(folder)
    keepPrivate(folder)
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const unlock = lockFile(join(folder, 'lock'))
      if (unlock) return claimed(folder, unlock)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1 + Math.random() * STEP_BACK_MS)
    }
  } catch (cause) {
    if (cause instanceof FloodmarkError) throw cause
    throw new FloodmarkError('unavailable', `cannot write in ${folder}: ${messageOf(cause)}`, { cause })
  }
  throw inUse(folder, readHolder(folder))
}

/** The lock is ours. Another machine that the lock does not reach may still hold the folder. */
function claimed(folder: string, unlock: () => void): FolderLock {
  const path = join(folder, 'holder')
  const half = join(folder, `holder.${randomInt(2 ** 32)}`)
  const me = myself(statSync(join(folder, 'lock')).ino)
  const before = readHolder(folder)
  const file = openPrivate(half, 'wx')
  const renew = () => writeSync(file, JSON.stringify(me), 0)
  try {
    // On a full disk the claim stays without words.
    attempt(renew)
    const { ino, mtimeMs } = fstatSync(file)
    // Both times are the file system's own, so that no two clocks are compared.
    const agoMs = before ? mtimeMs - before.renewedMs : 0
    if (before && before.machine !== me.machine && before.lockInode === me.lockInode && agoMs < CLAIM_MS) {
      const leftS = Math.ceil((CLAIM_MS - agoMs) / 1_000)
      throw inUse(folder, before, ` (if it is gone, wait ${leftS} s)`)
    }
    renameSync(half, path)
    // A renewal that fails is no reason to stop: check() looks at what is there.
    const renewing = setInterval(() => void attempt(renew), RENEW_MS).unref()
    const isMine = () => statSync(path, { throwIfNoEntry: false })?.ino === ino
    let released = false
    return {
      check() {
        if (!isMine()) throw lost(folder)
      },
      release() {
        if (released) return
        released = true
        clearInterval(renewing)
        if (isMine()) rmSync(path, { force: true })
        closeSync(file)
        unlock()
      },
    }
  } catch (error) {
    closeSync(file)
    rmSync(half, { force: true })
    unlock()
    throw error
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

function myself(lockInode: number): LockHolder {
  const machine = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? hostname()
  const pidNamespace = attempt(() => readlinkSync('/proc/self/ns/pid')) ?? ''
  return { pid: process.pid, host: hostname(), machine, pidNamespace, lockInode }
}

function readHolder(folder: string): (LockHolder & { readonly renewedMs: number }) | undefined {
  const path = join(folder, 'holder')
  return attempt(() => ({ ...JSON.parse(readFileSync(path, 'utf8')), renewedMs: statSync(path).mtimeMs }))
}

function inUse(folder: string, holder: LockHolder | undefined, hint = ''): FloodmarkError {
  let who = 'another process (or its file system keeps no locks)'
  if (holder) {
    const me = myself(0)
    if (holder.pid === me.pid && holder.machine === me.machine && holder.pidNamespace === me.pidNamespace) {
      const what = `${folder} is in use by process ${me.pid}, this one: give each queue and ledger a folder of its own`
      return new FloodmarkError('unavailable', what)
    }
    who = `process ${holder.pid}`
    if (holder.machine !== me.machine || holder.host !== me.host) who += ` on ${holder.host}`
    else if (holder.pidNamespace !== me.pidNamespace) who += ' of another container'
  }
  return new FloodmarkError('unavailable', `${folder} is in use by ${who}${hint}: end it, or choose another folder`)
}

function lost(folder: string): FloodmarkError {
  const by = readHolder(folder)
  const what = by ? `process ${by.pid} on ${by.host} has taken ${folder}` : `the claim on ${folder} is gone`
  return new FloodmarkError('unavailable', `${what}: this process writes nothing more there. End one of the two`, {
    definite: false,
  })
}
