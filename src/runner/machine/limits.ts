import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readText } from './proc.ts'

const ROOT = '/sys/fs/cgroup'

/** The folders of this process's control group and of those around it, innermost first; of version 2, else of a controller of version 1. */
function groupFolders(controller: string): string[] {
  const lines = (readText('/proc/self/cgroup') ?? '')
    .trim()
    .split('\n')
    .map((line) => line.split(':'))
  const first = lines.find(([, names]) => names?.split(',').includes(controller))
  const unified = lines.find(([number]) => number === '0')
  const folders: string[] = []
  for (const [root, path] of [
    [ROOT, unified?.[2]],
    [join(ROOT, 'unified'), unified?.[2]],
    [join(ROOT, controller), first?.[2]],
  ] as const) {
    if (path === undefined) continue
    for (let inner = path; ; inner = dirname(inner)) {
      folders.push(join(root, inner))
      if (inner === '/' || inner === '.') break
    }
  }
  return folders
}

const least = (limits: readonly number[]) => (limits.length === 0 ? null : Math.min(...limits))

/** '50000 100000' of version 2; 'max' is none. */
export function parseCpuMax(text: string | undefined): number | undefined {
  const [quota, period] = (text ?? '').trim().split(' ').map(Number)
  return quota! > 0 && period! > 0 ? quota! / period! : undefined
}

/** The least that a control group around this process allows. */
export function cpuLimitCores(): number | null {
  const folders = groupFolders('cpu')
  return least(
    folders.flatMap((folder) => {
      const old = [readText(join(folder, 'cpu.cfs_quota_us')), readText(join(folder, 'cpu.cfs_period_us'))]
      return parseCpuMax(readText(join(folder, 'cpu.max')) ?? old.map((text) => text?.trim() ?? '').join(' ')) ?? []
    }),
  )
}

/** Version 1 says a number near 2^63 where there is none, and version 2 'max'. */
export function memoryLimitBytes(totalBytes: number): number | null {
  const files = ['memory.max', 'memory.limit_in_bytes']
  const all = groupFolders('memory').flatMap((folder) =>
    files.map((file) => Number(readText(join(folder, file)) ?? Number.NaN)),
  )
  return least(all.filter((limit) => limit > 0 && limit < totalBytes))
}

/** How long control groups have kept their processes waiting, ms; null where none counts it. */
export function throttledMs(): number | null {
  const counts = groupFolders('cpu').flatMap((folder) => {
    const text = readText(join(folder, 'cpu.stat')) ?? ''
    const microseconds = /^throttled_usec (\d+)/m.exec(text)?.[1]
    const nanoseconds = /^throttled_time (\d+)/m.exec(text)?.[1]
    if (microseconds !== undefined) return Number(microseconds) / 1_000
    return nanoseconds === undefined ? [] : Number(nanoseconds) / 1e6
  })
  return counts.length === 0 ? null : Math.max(...counts)
}

const CPUS = '/sys/devices/system/cpu'

export function governors(): string[] | null {
  try {
    const cpus = readdirSync(CPUS).filter((name) => /^cpu\d+$/.test(name))
    const found = cpus.flatMap((name) => readText(join(CPUS, name, 'cpufreq/scaling_governor'))?.trim() ?? [])
    return found.length === 0 ? null : [...new Set(found)]
  } catch {
    return null
  }
}
