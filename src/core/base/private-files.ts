import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  fsync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'

/*
 * Whatever may hold a webhook's body or id is for its owner's eyes only, whatever the umask says: folders 0700, files 0600.
 * Everything that writes files goes through here; test/private-files.test.ts holds the code to it.
 */
const FOLDER = 0o700
const FILE = 0o600
const OTHERS = 0o077

/** Makes the folder where it is missing, with the ones above it, durably. One that is there already is left as it is. */
export function makePrivateFolder(folder: string): void {
  const first = makeAll(resolve(folder))
  if (first === undefined) return
  for (let made = resolve(folder); ; made = dirname(made)) {
    chmodSync(made, FOLDER)
    syncFolderSync(dirname(made))
    if (made === resolve(first)) return
  }
}

/** Returns the topmost folder that it made. */
function makeAll(folder: string): string | undefined {
  try {
    return mkdirSync(folder, { recursive: true, mode: FOLDER })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // Node says so of a disk that is read-only, too. Made by itself, the topmost one that is missing tells the reason.
    let top = folder
    while (!existsSync(dirname(top))) top = dirname(top)
    mkdirSync(top, { mode: FOLDER })
    mkdirSync(folder, { recursive: true, mode: FOLDER })
    return top
  }
}

/** Makes a folder in one that is there. False: something has that name already. Of several that try at once one is told true. */
export function makePrivateFolderFirst(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: FOLDER })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  chmodSync(folder, FOLDER)
  syncFolderSync(dirname(resolve(folder)))
  return true
}

/** As makePrivateFolder, with a name of its own behind the prefix; returns its path. */
export function makePrivateTemporaryFolder(prefix: string): string {
  const folder = mkdtempSync(prefix)
  chmodSync(folder, FOLDER)
  return folder
}

/**
 * Takes from others what they may do with a folder or file of ours that is there already. Where its owner is somebody else
 * that cannot be done: then the process says so as a warning, and goes on.
 */
export function keepPrivate(path: string): void {
  const { mode } = statSync(path)
  if ((mode & OTHERS) === 0 || process.platform === 'win32') return
  try {
    chmodSync(path, mode & ~OTHERS & 0o7777)
  } catch {
    const has = (mode & 0o777).toString(8)
    process.emitWarning(`${path} is open to other users (mode ${has}): its owner can close it with 'chmod go= ${path}'`)
  }
}

/** Opens for writing. The file is 0600 from its first moment; one that is there already becomes it. */
export function openPrivate(path: string, flags: 'w' | 'wx' | 'w+' | 'wx+' | 'a' | 'r+'): number {
  const file = openSync(path, flags, FILE)
  try {
    const { mode } = fstatSync(file)
    if ((mode & 0o777) !== FILE && process.platform !== 'win32') fchmodSync(file, FILE)
    return file
  } catch (error) {
    closeSync(file)
    throw error
  }
}

export function writePrivate(path: string, content: string | Uint8Array): void {
  const file = openPrivate(path, 'w')
  try {
    writeFileSync(file, content)
  } finally {
    closeSync(file)
  }
}

/** After this the names in a folder, new and gone, are on disk. */
export async function syncFolder(folder: string): Promise<void> {
  const file = openSync(folder, 'r')
  try {
    await promisify(fsync)(file)
  } finally {
    closeSync(file)
  }
}

export function syncFolderSync(folder: string): void {
  const file = openSync(folder, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
