import { randomInt } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { FloodmarkError, messageOf } from '../contracts/errors.ts'
import { checkNamespace } from '../contracts/namespace.ts'

/** The folder of a namespace. @throws FloodmarkError 'misuse' when the name could lead elsewhere. */
export function namespaceFolder({ url, namespace }: { readonly url: string; readonly namespace: string }): string {
  return join(url, checkNamespace(namespace))
}

/** Who wants the folder: `lock-<pid>-<start>-<try>`, an empty file, so that it is there with all it says or not at all. */
const CLAIM = /^lock-(\d+)-([0-9a-f.x]+)-\d+$/
/** When several begin at the same moment each may see the other and step back; they try again after a random while. */
const TRIES = 5
const STEP_BACK_MS = 20

/**
 * Makes the folder if need be (durably) and takes it for this process alone; returns what gives it back. What a process
 * that is gone left behind does not count, also when its number has been given to another process since.
 * @throws FloodmarkError 'unavailable' when another holder is alive, or the folder cannot be written.
 */
export function lockFolder(folder: string): () => void {
  let rival = 0
  try {
    makeFolder(folder)
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const mine = `lock-${process.pid}-${startOf(process.pid) ?? 'x'}-${randomInt(2 ** 32)}`
      const path = join(folder, mine)
      writeFileSync(path, '', { flag: 'wx' })
      // Each shows itself before it looks: of two alive, the later one to look sees the other, so never both go on.
      const others = readdirSync(folder).filter((name) => name !== mine && CLAIM.test(name))
      const alive = others.find(isAlive)
      if (!alive) {
        for (const name of others) rmSync(join(folder, name), { force: true })
        return () => rmSync(path, { force: true })
      }
      rmSync(path, { force: true })
      rival = pidOf(alive)
      if (rival === process.pid) break
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1 + Math.random() * STEP_BACK_MS)
    }
  } catch (cause) {
    throw new FloodmarkError('unavailable', `cannot write in ${folder}: ${messageOf(cause)}`, { cause })
  }
  throw new FloodmarkError('unavailable', `${folder} is in use by process ${rival}: end it, or choose another folder`)
}

/** A folder whose name outlives a power cut: each one made is synced into its parent. */
function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true })
  if (first === undefined) return
  for (let made = resolve(folder); ; made = dirname(made)) {
    const parent = openSync(dirname(made), 'r')
    try {
      fsyncSync(parent)
    } finally {
      closeSync(parent)
    }
    if (made === resolve(first)) return
  }
}

function pidOf(claim: string): number {
  return Number(CLAIM.exec(claim)![1])
}

function isAlive(claim: string): boolean {
  const pid = pidOf(claim)
  if (pid === 0) return false
  const start = CLAIM.exec(claim)![2]
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  // In a container a restarted process often gets the number of the one before: then the time it began tells them apart.
  return start === (startOf(pid) ?? 'x')
}

/** When a process began, within which life of the machine, as the kernel counts it; undefined where the system does not say. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')')).split(' ')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
    // A zombie holds nothing any more.
    return fields[1] === 'Z' || fields[1] === 'X' ? 'gone' : `${boot}.${fields[20]}`
  } catch {
    return undefined
  }
}
