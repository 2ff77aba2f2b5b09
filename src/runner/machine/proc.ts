import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts the CPU time of processes in hundredths of a second, whatever its own clock does. */
export const TICKS_PER_S = 100
/** The parent of all threads of the kernel. What they do, they do for whoever asked for it. */
const KERNEL = 2

/** undefined: there is no such file here. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

export interface CpuTicks {
  /** Time of programs, and of the kernel in their name. Interrupts belong to nobody. */
  readonly busy: number
  readonly stolen: number
}

/**
 * Lines of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal; the first is the sum of all cores. `cores`: only
 * these count, for a run that is kept to a part of a machine.
 */
export function cpuTicks(text: string | undefined, cores?: readonly number[]): CpuTicks | undefined {
  const lines = (text ?? '').split('\n').map((line) => line.trim().split(/ +/))
  const wanted = cores ? cores.map((core) => `cpu${core}`) : ['cpu']
  const found = lines.filter(([name]) => wanted.includes(name!)).map((fields) => fields.slice(1).map(Number))
  if (found.length < wanted.length || found.length === 0 || found.some(({ length }) => length < 8)) return undefined
  const sum = (at: number) => found.reduce((total, fields) => total + fields[at]!, 0)
  return { busy: sum(0) + sum(1) + sum(2), stolen: sum(7) }
}

/** How long something waited since the machine started, ms, as a line of /proc/pressure says. */
export function waitedMs(text: string | undefined): number | undefined {
  const total = /^some .*total=(\d+)/m.exec(text ?? '')?.[1]
  return total === undefined ? undefined : Number(total) / 1_000
}

export interface Running {
  readonly pid: number
  readonly parent: number
  readonly name: string
  /** CPU time of its own, and of its children that have ended, in ticks. */
  readonly ticks: number
  readonly childTicks: number
}

/** A line of /proc/<pid>/stat. The name may hold anything, blanks and brackets too. */
export function parseStat(text: string): Running | undefined {
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  const [parent, own, system, child, childSystem] = [1, 11, 12, 13, 14].map((at) => Number(fields[at]))
  if (end === -1 || Number.isNaN(childSystem!)) return undefined
  const name = text.slice(text.indexOf('(') + 1, end)
  const ticks = own! + system!
  return { pid: Number.parseInt(text, 10), parent: parent!, name, ticks, childTicks: child! + childSystem! }
}

/** A process and all below it that run now. Where the system does not tell of children it is alone. */
export function processTree(pid: number): Running[] {
  const own = parseStat(readText(`/proc/${pid}/stat`) ?? '')
  if (!own) return []
  const children = readText(`/proc/${pid}/task/${pid}/children`)?.match(/\d+/g) ?? []
  return [own, ...children.flatMap((child) => processTree(Number(child)))]
}

/** Every process that can be seen from here, but for the kernel's own threads. undefined: none can. */
export function everyProcess(): ReadonlyMap<number, Running> | undefined {
  let names: string[]
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return undefined
  }
  const found = names.flatMap((name) => parseStat(readText(`/proc/${name}/stat`) ?? '') ?? [])
  return found.length === 0 ? undefined : new Map(found.map((one) => [one.pid, one]))
}

/** CPU time so far of these processes, of all below them, and of the kernel's threads, ticks. */
export interface Split {
  readonly own: number
  readonly kernel: number
  /** All other processes that can be seen. */
  readonly others: ReadonlyMap<number, Running>
}

/** A child that ends leaves its time with its parent, so that the sum of a tree never shrinks. */
export function splitBy(roots: readonly number[], all: ReadonlyMap<number, Running>): Split {
  const memo = new Map<number, 'own' | 'kernel' | 'other'>()
  const kindOf = ({ pid, parent }: Running): 'own' | 'kernel' | 'other' => {
    const known = memo.get(pid)
    if (known) return known
    memo.set(pid, 'other')
    const above = all.get(parent)
    const kind = roots.includes(pid)
      ? 'own'
      : pid === KERNEL || parent === KERNEL
        ? 'kernel'
        : above && kindOf(above) === 'own'
          ? 'own'
          : 'other'
    memo.set(pid, kind)
    return kind
  }
  let own = 0
  let kernel = 0
  const others = new Map<number, Running>()
  for (const one of all.values()) {
    const kind = kindOf(one)
    if (kind === 'own') own += one.ticks + one.childTicks
    else if (kind === 'kernel') kernel += one.ticks
    else others.set(one.pid, one)
  }
  return { own, kernel, others }
}

/** '0-2,5' as [0, 1, 2, 5]. */
export function parseCores(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number)
    return Array.from({ length: to! - from! + 1 }, (_, at) => from! + at)
  })
}

/** The cores that any of these processes may run on; undefined where none says. */
export function coresOf(pids: readonly number[]): number[] | undefined {
  const lists = pids.flatMap(
    (pid) => /^Cpus_allowed_list:\s*(\S+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1] ?? [],
  )
  if (lists.length === 0) return undefined
  return [...new Set(lists.flatMap(parseCores))].toSorted((a, b) => a - b)
}
