import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FloodmarkError, messageOf } from './errors.ts'

const NAMESPACE = /^[a-z0-9-]{1,64}$/

/** The folder of a namespace. @throws FloodmarkError 'misuse' when the name could lead elsewhere. */
export function namespaceFolder({ url, namespace }: { readonly url: string; readonly namespace: string }): string {
  if (!NAMESPACE.test(namespace)) {
    throw new FloodmarkError('misuse', `'${namespace}' is no namespace: use 1-64 of a-z, 0-9 and -`)
  }
  return join(url, namespace)
}

/**
 * Makes the folder if need be and takes it for this process alone; returns what gives it back. A lock left by a process
 * that is gone is taken over, also when its number has been given to another process since.
 * @throws FloodmarkError 'unavailable' when another process holds it, or the folder cannot be written.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'lock')
  const mine = `${process.pid} ${startOf(process.pid)} ${performance.timeOrigin}`
  try {
    mkdirSync(folder, { recursive: true })
    if (holderIsGone(path)) rmSync(path, { force: true })
    writeFileSync(path, mine, { flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new FloodmarkError('unavailable', `cannot write in ${folder}: ${messageOf(cause)}`, { cause })
    }
    const [pid] = readFileSync(path, 'utf8').split(' ')
    throw new FloodmarkError('unavailable', `${folder} is in use by process ${pid}: end it, or choose another folder`)
  }
  return () => rmSync(path, { force: true })
}

function holderIsGone(path: string): boolean {
  let holder: string[]
  try {
    holder = readFileSync(path, 'utf8').split(' ')
  } catch {
    return false
  }
  const pid = Number(holder[0])
  if (!Number.isSafeInteger(pid) || pid <= 0) return true
  // In a container a restarted process often gets the number of the one before: then the time it began tells them apart.
  if (pid === process.pid) return holder[2] !== String(performance.timeOrigin)
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  return holder[1] !== startOf(pid)
}

/** When a process began, as the kernel counts it; '-' where the system does not say. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '-'
  } catch {
    return '-'
  }
}
