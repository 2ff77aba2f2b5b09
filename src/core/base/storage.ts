import {
  closeSync,
  existsSync,
  fdatasyncSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import type { FailureMode } from '../contracts/queue.ts'
import { openPrivate } from './private-files.ts'

/**
 * What a folder's bytes come to rest on. 'memory': gone with the power. 'no-sync': mounted so that a sync does not reach the
 * device. 'elsewhere': another machine's, or a program's. 'unknown': the system does not say.
 */
export type Medium = 'device' | 'unknown' | 'elsewhere' | 'no-sync' | 'memory'

export interface Storage {
  readonly medium: Medium
  /** undefined where the system does not say. */
  readonly fileSystem: string | undefined
  readonly mountPoint: string | undefined
  /** The device, or whatever else was mounted. */
  readonly source: string | undefined
}

/** Times of syncs that were really made, ms. */
export interface SyncTimes {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** The media from worst to best. Where there are several layers the worst one decides. */
const WORST: readonly Medium[] = ['memory', 'no-sync', 'elsewhere', 'unknown', 'device']
const IN_MEMORY = /^(tmpfs|ramfs|devtmpfs|hugetlbfs)$/
/** What statfs says of those, for systems that hide their mounts. */
const MEMORY_MAGIC: Readonly<Record<number, string>> = {
  16914836: 'tmpfs',
  2240043254: 'ramfs',
  2508478710: 'hugetlbfs',
}
const ON_DEVICE = /^(ext[234]|xfs|btrfs|zfs|f2fs|bcachefs|jfs|nilfs2|reiserfs|ntfs3?|exfat|vfat|fuseblk)$/
const ELSEWHERE = /^(nfs4?|cifs|smb3?|9p|virtiofs|ceph|lustre|glusterfs|vboxsf|prl_fs|afs|fuse(\..*)?)$/
/** Mount options with which a sync is not handed on to the device. */
const NO_SYNC = /^(nobarrier|barrier=0|volatile|fsync_mode=nobarrier)$/
const DEVICE_IN_MEMORY = /^(ram|zram)\d+$/
const LAYERS_MAX = 8

/** Where a folder's bytes come to rest. It must exist. Never throws: what cannot be read is 'unknown'. */
export function storageOf(folder: string, layers = LAYERS_MAX): Storage {
  const nothing = { fileSystem: undefined, mountPoint: undefined, source: undefined }
  const inMemory = attempt(() => MEMORY_MAGIC[statfsSync(folder).type])
  const mount = layers > 0 ? attempt(() => mountOf(realpathSync(folder))) : undefined
  if (!mount) return { ...nothing, fileSystem: inMemory, medium: inMemory ? 'memory' : 'unknown' }
  const { fileSystem, mountPoint, source } = mount
  return { fileSystem, mountPoint, source, medium: inMemory ? 'memory' : mediumOf(mount, layers - 1) }
}

/** What is known of a file that was synced in the folder. `note`: what a person should know of the place, or nothing. */
export function syncedIn(folder: string): { readonly survives: readonly FailureMode[]; readonly note: string } {
  const { medium, fileSystem } = storageOf(folder)
  const crashes = ['receiver-crash', 'broker-crash'] as const
  if (medium === 'memory') return { survives: crashes, note: `, on ${fileSystem}, which is memory` }
  if (medium === 'no-sync') return { survives: crashes, note: `, on ${fileSystem} that is mounted without syncs` }
  return { survives: [...crashes, 'power-loss'], note: '' }
}

interface Mount {
  readonly device: string
  readonly mountPoint: string
  readonly fileSystem: string
  readonly source: string
  readonly options: readonly string[]
}

/** Lines of /proc/self/mountinfo: id, parent, device, root, mount point, options, any number of fields, '-', type, source, options. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [own, shared] = line.split(' - ')
    const [, , device, , mountPoint, options] = own!.split(' ')
    const [fileSystem, source, superOptions = ''] = (shared ?? '').split(' ')
    if (!device || !mountPoint || !fileSystem) return []
    const all = [...(options ?? '').split(','), ...superOptions.split(',')].map(unescaped)
    return [{ device, mountPoint: unescaped(mountPoint), fileSystem, source: unescaped(source ?? ''), options: all }]
  })
}

/** Blanks and such stand as three octal digits. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))

/** The mount that a path lies on: the innermost, and of several at one place the last. */
function mountOf(path: string): Mount | undefined {
  const around = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8')).filter(({ mountPoint }) => {
    return mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`)
  })
  // A mount that another one hides has another device.
  const device = numberOf(statSync(path).dev)
  const seen = around.filter((mount) => mount.device === device)
  return (seen.length > 0 ? seen : around).reduce<Mount | undefined>(
    (best, one) => (best && best.mountPoint.length > one.mountPoint.length ? best : one),
    undefined,
  )
}

function mediumOf({ fileSystem, options, source, device }: Mount, layers: number): Medium {
  if (IN_MEMORY.test(fileSystem)) return 'memory'
  if (options.some((option) => NO_SYNC.test(option))) return 'no-sync'
  if (fileSystem === 'overlay') return underneath(options, layers)
  if (ELSEWHERE.test(fileSystem)) return 'elsewhere'
  if (!ON_DEVICE.test(fileSystem)) return 'unknown'
  if (!source.startsWith('/dev/')) return 'device'
  // Some file systems have a number of their own instead of their device's.
  const number = device.startsWith('0:') ? attempt(() => numberOf(statSync(source).rdev)) : device
  return number === undefined ? 'device' : deviceMedium(number, layers)
}

/** What is written to an overlay goes to its upper folder. In a container that is usually out of sight. */
function underneath(options: readonly string[], layers: number): Medium {
  const upper = options.find((option) => option.startsWith('upperdir='))?.slice('upperdir='.length)
  return upper && isAbsolute(upper) && existsSync(upper) ? storageOf(upper, layers).medium : 'unknown'
}

/** A device may itself lie in memory, in a file, or on other devices. */
function deviceMedium(number: string, layers: number): Medium {
  const folder = attempt(() => realpathSync(join('/sys/dev/block', number)))
  if (folder === undefined || layers <= 0) return 'device'
  if (DEVICE_IN_MEMORY.test(basename(folder))) return 'memory'
  const file = attempt(() => readFileSync(join(folder, 'loop/backing_file'), 'utf8').trim())
  if (file !== undefined) return existsSync(file) ? storageOf(dirname(file), layers).medium : 'unknown'
  const below = attempt(() => readdirSync(join(folder, 'slaves'))) ?? []
  const media = below.map((name) => {
    const slave = attempt(() => readFileSync(join(folder, 'slaves', name, 'dev'), 'utf8').trim())
    return slave === undefined ? 'unknown' : deviceMedium(slave, layers - 1)
  })
  return WORST.find((medium) => media.includes(medium)) ?? 'device'
}

/** 'major:minor', as Linux packs it. */
function numberOf(device: number): string {
  const all = BigInt(device)
  const major = ((all >> 8n) & 0xfffn) | ((all >> 32n) & 0xfffff000n)
  return `${major}:${(all & 0xffn) | ((all >> 12n) & 0xffffff00n)}`
}

const SYNC_BYTES = 4_096
/** A slow device is not asked for more than this. */
const SYNCS_MS_MAX = 3_000

/** Appends to a file in the folder and syncs it, so many times, and deletes it. undefined: nothing can be written there. */
export function timeSyncs(folder: string, count: number): SyncTimes | undefined {
  const path = join(folder, `sync-times-${process.pid}`)
  return attempt(() => {
    const file = openPrivate(path, 'wx')
    try {
      const bytes = Buffer.alloc(SYNC_BYTES)
      const took: number[] = []
      for (const beganMs = performance.now(); took.length < count && performance.now() - beganMs < SYNCS_MS_MAX; ) {
        writeSync(file, bytes)
        const fromMs = performance.now()
        fdatasyncSync(file)
        took.push(performance.now() - fromMs)
      }
      took.sort((a, b) => a - b)
      const at = (share: number) => took[Math.ceil(share * took.length) - 1]!
      return { count: took.length, p50Ms: at(0.5), p99Ms: at(0.99) }
    } finally {
      closeSync(file)
      rmSync(path, { force: true })
    }
  })
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
