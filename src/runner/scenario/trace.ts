import { readFileSync, statSync } from 'node:fs'
import { fileWords } from '../../core/base/kit/file-refusal.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Scenario } from './scenario.ts'
import { decodeText } from './text-file.ts'
import { readCounts } from './trace-file.ts'

const BYTES_MAX = 256 * 1024 * 1024

/** Arrivals of each second, one after the other. */
export type Trace = readonly number[]

/** `read`: what the file was taken for, in words. @throws FloodmarkError 'misuse', naming the line. */
export function readTrace(path: string): { readonly trace: Trace; readonly read: string } {
  let bytes: Buffer
  try {
    if (statSync(path).size > BYTES_MAX) throw new Error(`it has more than ${BYTES_MAX} bytes`)
    bytes = readFileSync(path)
  } catch (cause) {
    throw new FloodmarkError('misuse', `--shape ${path} cannot be read: ${fileWords(cause)}`, { cause })
  }
  const { counts, read } = readCounts(decodeText(bytes, path), path)
  return { trace: counts, read }
}

/** Arrivals a second on average. */
export function meanPerS(trace: Trace): number {
  return Number((sum(trace) / trace.length).toPrecision(6))
}

/** The scenario with a trace's course in place of its own shape, and of the phases that named it; the trace's mean is 1. */
export function withTrace(scenario: Scenario, trace: Trace | undefined): Scenario {
  if (!trace) return scenario
  const mean = sum(trace) / trace.length
  const last = trace.length - 1
  const shape = (at: number) => trace[Math.min(last, Math.max(0, Math.floor(at * trace.length)))]! / mean
  return { ...scenario, shape, phases: [{ name: 'trace', until: 1 }] }
}

function sum(trace: Trace): number {
  return trace.reduce((total, count) => total + count, 0)
}
