import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import lmdb from '../../../ledgers/lmdb.ts'
import embedded from '../../../queues/embedded.ts'
import { parseMounts, storageOf, timeSyncs } from '../../../src/core/base/storage.ts'
import { MEMORY, noDevice, noMemory } from '../../disks.ts'
import { needing } from '../../needs.ts'
import { noSyncs } from '../../preload.ts'

const onDisk = mkdtempSync(join(tmpdir(), 'floodmark-storage-'))
const folders = [onDisk]
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
function inMemory(): string {
  const folder = mkdtempSync(join(MEMORY, 'floodmark-storage-'))
  folders.push(folder)
  return folder
}
/** Mounts, calls, and unmounts again whatever happens. */
function mounted(folder: string, args: readonly string[], look: () => void): void {
  mkdirSync(folder, { recursive: true })
  execFileSync('mount', [...args, folder], { stdio: 'pipe' })
  try {
    look()
  } finally {
    execFileSync('umount', ['-l', folder], { stdio: 'pipe' })
  }
}
const root = process.getuid?.() === 0 ? undefined : 'mounting needs root'
const shim = noSyncs()

describe('where a folder’s bytes come to rest', () => {
  it('reads the mounts as the kernel writes them', () => {
    const line = '36 35 98:0 /mnt1 /mnt/a\\040b rw,noatime master:1 shared:2 - ext4 /dev/root rw,nobarrier'
    expect(parseMounts(`${line}\n\n`)).toEqual([
      {
        device: '98:0',
        mountPoint: '/mnt/a b',
        fileSystem: 'ext4',
        source: '/dev/root',
        options: ['rw', 'noatime', 'rw', 'nobarrier'],
      },
    ])
  })

  it('is a device here', needing(noDevice), () => {
    expect(storageOf(onDisk)).toMatchObject({ medium: 'device', fileSystem: expect.stringMatching(/\w/) })
  })

  it('is memory on tmpfs', needing(noMemory), () => {
    expect(storageOf(inMemory())).toMatchObject({ medium: 'memory', fileSystem: 'tmpfs', mountPoint: MEMORY })
  })

  it('is memory on a device whose file is in memory, and under an overlay', needing(root ?? noMemory), () => {
    const image = join(inMemory(), 'image')
    execFileSync('truncate', ['-s', '64M', image])
    execFileSync('mkfs.ext4', ['-q', image], { stdio: 'pipe' })
    const loop = join(onDisk, 'loop')
    mounted(loop, ['-o', 'loop', image], () => expect(storageOf(loop).medium).toBe('memory'))
    const over = inMemory()
    for (const name of ['lower', 'upper', 'work']) mkdirSync(join(over, name))
    const layers = `lowerdir=${over}/lower,upperdir=${over}/upper,workdir=${over}/work`
    const overlay = join(onDisk, 'overlay')
    mounted(overlay, ['-t', 'overlay', 'overlay', '-o', layers], () =>
      expect(storageOf(overlay)).toMatchObject({ medium: 'memory', fileSystem: 'overlay' }),
    )
  })

  it('is a place where syncs reach nothing when it is mounted so', needing(root ?? noDevice), () => {
    const image = join(onDisk, 'image')
    execFileSync('truncate', ['-s', '64M', image])
    execFileSync('mkfs.ext4', ['-q', image], { stdio: 'pipe' })
    const folder = join(onDisk, 'no-barrier')
    mounted(folder, ['-o', 'loop,nobarrier', image], () => expect(storageOf(folder).medium).toBe('no-sync'))
  })

  it('is unknown where nothing can be read, and no error', () => {
    expect(storageOf('/no/such/folder').medium).toBe('unknown')
    expect(timeSyncs('/no/such/folder', 5)).toBeUndefined()
  })
})

describe('syncs', () => {
  it('are counted and timed, and leave nothing behind', () => {
    const before = readdirSync(onDisk)
    const times = timeSyncs(onDisk, 20)!
    expect(times.count).toBe(20)
    expect(times.p50Ms).toBeGreaterThan(0)
    expect(times.p99Ms).toBeGreaterThanOrEqual(times.p50Ms)
    expect(readdirSync(onDisk)).toEqual(before)
  })

  it('that do nothing are told from those of a device', needing(shim.missing ?? noDevice), () => {
    const module = new URL('../../../src/core/base/storage.ts', import.meta.url).href
    const code = `import { timeSyncs } from '${module}'; console.log(timeSyncs(process.argv.at(-1), 50).p50Ms)`
    const p50 = (env: NodeJS.ProcessEnv) =>
      Number(execFileSync(process.execPath, ['--input-type=module-typescript', '-e', code, onDisk], { env }).toString())
    expect(p50({ ...process.env, LD_PRELOAD: shim.path })).toBeLessThan(p50(process.env))
  })
})

describe('what the embedded queue and the LMDB ledger say of themselves', () => {
  const open = { queue: embedded.open, ledger: lmdb.open }
  const said = async (part: keyof typeof open, url: string) => {
    const opened = await open[part]({ url: join(url, part), namespace: 'storage' })
    await opened.close()
    return opened.traits
  }

  it.each(['queue', 'ledger'] as const)('no power loss in memory: the %s', needing(noMemory), async (part) => {
    const { survives, server } = await said(part, inMemory())
    expect(survives).toEqual(['receiver-crash', 'broker-crash'])
    expect(server).toMatch(/on tmpfs, which is memory$/)
  })

  it.each(['queue', 'ledger'] as const)('a power loss on a device: the %s', needing(noDevice), async (part) => {
    const { survives, dataFolders } = await said(part, onDisk)
    expect(survives).toContain('power-loss')
    expect(dataFolders).toEqual([join(onDisk, part, 'storage')])
  })
})
