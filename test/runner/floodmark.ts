import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { reportSchema } from '../../src/runner/report/report-schema.ts'

const cli = new URL('../../src/runner/cli/main.ts', import.meta.url).pathname

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Starts the command line as a person would, in a process of its own. */
export function start(...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  return startIn(process.cwd(), ...args)
}

/** The same in another folder. */
export function startIn(cwd: string, ...args: string[]) {
  const child = spawn(process.execPath, [cli, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<Ended>((resolve) => {
    let out = ''
    let err = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    child.stderr.on('data', (data) => {
      err += data
    })
    child.on('close', (code) => resolve({ code, out, err }))
  })
  return { child, ended }
}

export function floodmark(...args: string[]): Promise<Ended> {
  return start(...args).ended
}

export const planted = (name: string) => new URL(`../planted/${name}.ts`, import.meta.url).pathname

/** A folder for a file's runs, gone when its tests are over. */
export function runsFolder() {
  const root = join(tmpdir(), `floodmark-run-${randomUUID()}`)
  // Not before a test needs it: of a file whose tests are all skipped nothing would remove it.
  beforeAll(() => void mkdirSync(root))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return {
    root,
    /** A few seconds of a scenario, at a rate and with a pass mark that any machine takes. */
    run: (name: string, scenario: string, ...flags: string[]) => {
      const easy = ['--rate', '300', '--duration', '4', '--p99', '300000']
      return floodmark('scenario', scenario, ...easy, '--out', join(root, name), ...flags)
    },
    reportOf: (name: string) => reportSchema.parse(JSON.parse(readFileSync(join(root, name, 'report.json'), 'utf8'))),
  }
}
