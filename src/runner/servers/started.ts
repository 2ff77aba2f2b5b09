import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { makePrivateFolder, makePrivateTemporaryFolder, writePrivate } from '../../core/base/private-files.ts'
import { composeDown } from './docker.ts'
import { isAlive, type ProcessHolder, signal } from './holder.ts'

/** A server that was started: kept in a file of its own, so that a later process can end what a crashed one left. */
export interface StartedServer {
  readonly kind: string
  readonly url: string
  readonly says: string
  /** Its data; removed with it. */
  readonly folder: string
  /** The process that ends it. null: it stays until `brokers down`. */
  readonly owner: ProcessHolder | null
  /** Null for a container, and while it is killed. */
  readonly process: ProcessHolder | null
  /** Its compose project; null for a process. */
  readonly project: string | null
}

export interface FoundServer extends StartedServer {
  readonly file: string
}

const DATA_FOLDER = /^server-data-[\w-]+-\w{6}$/
const END_MS = 10_000

const folderOf = (cacheFolder: string) => join(cacheFolder, 'servers')
const nameOf = ({ project, folder }: StartedServer) => `${project ?? basename(folder)}.json`

/** Writes a server's entry, anew if need be, whole or not at all; returns what removes it. */
export function remember(cacheFolder: string, entry: StartedServer): () => void {
  const file = join(folderOf(cacheFolder), nameOf(entry))
  const half = `${file}.${process.pid}.half`
  makePrivateFolder(folderOf(cacheFolder))
  writePrivate(half, JSON.stringify(entry))
  renameSync(half, file)
  return () => rmSync(file, { force: true })
}

/** All that is remembered, readable or not yet removed by another process. */
export function remembered(cacheFolder: string): FoundServer[] {
  let names: string[]
  try {
    names = readdirSync(folderOf(cacheFolder)).filter((name) => name.endsWith('.json'))
  } catch {
    return []
  }
  return names.flatMap((name) => {
    const file = join(folderOf(cacheFolder), name)
    try {
      return [{ ...(JSON.parse(readFileSync(file, 'utf8')) as StartedServer), file }]
    } catch {
      return []
    }
  })
}

/** Its owner is gone without ending it, or it stays and has ended. */
export function isStale({ owner, process }: StartedServer): boolean {
  return owner ? !isAlive(owner) : process !== null && !isAlive(process)
}

/** Ends the process, if it is still the one that was started, or the container, and removes data and entry. */
export async function endEntry({ kind, process, project, folder, file }: FoundServer): Promise<void> {
  if (process) await endProcess(process)
  if (project) await composeDown(kind, project)
  removeData(folder)
  rmSync(file, { force: true })
}

/** SIGKILL, as the data goes too; resolves when it has ended. */
export async function endProcess(holder: ProcessHolder): Promise<void> {
  signal(holder, 'SIGKILL')
  for (let waitedMs = 0; waitedMs < END_MS && isAlive(holder); waitedMs += 20) await pause(20)
}

/** A new data folder for one server, with a name that `removeData` knows. */
export function makeData(folder: string, kind: string): string {
  makePrivateFolder(folder)
  return makePrivateTemporaryFolder(join(resolve(folder), `server-data-${kind}-`))
}

/** The same for a server that runs as somebody else, who could not come to a folder within one that is closed to others. */
export function makeDataOfOthers(kind: string): string {
  return makePrivateTemporaryFolder(join(tmpdir(), `server-data-${kind}-`))
}

/** Removes a data folder, if by its name it is one of ours. */
export function removeData(folder: string): void {
  if (DATA_FOLDER.test(basename(folder))) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
