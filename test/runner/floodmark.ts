import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { EXIT } from '../../src/runner/cli/exit.ts'
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

/** How often what says nothing about the stack is made again. */
const AGAIN_MAX = 2

/** Makes a run, and again while it says nothing. @param out the folder that each is made in, if it is one. */
export async function untilTelling<T>(
  make: () => Promise<T> | T,
  saysNothing: (ended: T) => boolean,
  out?: string,
): Promise<T> {
  for (let again = 0; ; again++) {
    const ended = await make()
    if (again === AGAIN_MAX || !saysNothing(ended)) return ended
    if (out) rmSync(out, { recursive: true, force: true })
  }
}

/**
 * Makes a run, and again where it is INVALID: the machine kept the sender from its schedule, so it says nothing about the stack.
 * A stack that did harm, or that failed while the sender was on time, has failed at once.
 */
export function untilValid<T extends { readonly code: number | null }>(make: () => Promise<T> | T, out?: string) {
  return untilTelling(make, ({ code }) => code === EXIT.INVALID, out)
}

/** Plays a scenario into a folder, again while the run is INVALID. */
export function played(out: string, scenario: string, ...flags: string[]): Promise<Ended> {
  return untilValid(() => floodmark('scenario', scenario, '--out', out, ...flags), out)
}

export const planted = (name: string) => new URL(`../planted/${name}.ts`, import.meta.url).pathname

const EASY = ['--rate', '300', '--duration', '4', '--p99', '300000']

/** A folder for a file's runs, gone when its tests are over. */
export function runsFolder() {
  const root = join(tmpdir(), `floodmark-run-${randomUUID()}`)
  // Not before a test needs it: of a file whose tests are all skipped nothing would remove it.
  beforeAll(() => void mkdirSync(root))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return {
    root,
    /** A few seconds of a scenario, at a rate and with a pass mark that any machine takes; again while it is INVALID. */
    run: (name: string, scenario: string, ...flags: string[]) => played(join(root, name), scenario, ...EASY, ...flags),
    /** The same where a test takes a run that is INVALID too. */
    runOnce: (name: string, scenario: string, ...flags: string[]) =>
      floodmark('scenario', scenario, ...EASY, '--out', join(root, name), ...flags),
    reportOf: (name: string) => reportSchema.parse(JSON.parse(readFileSync(join(root, name, 'report.json'), 'utf8'))),
  }
}
