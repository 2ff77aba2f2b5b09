import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { reportSchema } from '../../src/runner/report-schema.ts'

const cli = new URL('../../src/runner/cli.ts', import.meta.url).pathname

/** Runs the command line as a person would, in a process of its own. */
export function floodmark(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
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
}

export const planted = (name: string) => new URL(`../planted/${name}.ts`, import.meta.url).pathname

/** A folder for a file's runs, gone when its tests are over. */
export function runsFolder() {
  const root = mkdtempSync(join(tmpdir(), 'floodmark-run-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return {
    root,
    /** A few seconds of a scenario, at a rate and with a pass mark that any machine takes. */
    run: (name: string, scenario: string, ...flags: string[]) => {
      const easy = ['--rate', '300', '--duration', '4', '--p99', '10000']
      return floodmark('scenario', scenario, ...easy, '--out', join(root, name), ...flags)
    },
    reportOf: (name: string) => reportSchema.parse(JSON.parse(readFileSync(join(root, name, 'report.json'), 'utf8'))),
  }
}
