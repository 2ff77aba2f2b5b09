import { relative } from 'node:path'
import type { SerializedError } from 'vitest'
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node'

/** With nothing printed for so long, s, the files that are running are named. */
const SILENCE_S = 30

/** vitest gives no type for it. */
type Log = Parameters<NonNullable<Reporter['onUserConsoleLog']>>[0]

/**
 * What `npm test` prints: a line for each file that ends, with its failures in full; at the end each reason for which tests were
 * skipped, and last, alone on its line, `N passed, N failed, N skipped`. A file or a suite that could not be set up counts as one
 * failure. What tests write is shown only where something of their file failed.
 */
export class LineReporter implements Reporter {
  readonly #write: (text: string) => void
  readonly #running = new Map<string, number>()
  readonly #logs = new Map<string, string[]>()
  #vitest: Vitest | undefined
  #files = { ended: 0, all: 0 }
  #beganMs = performance.now()
  #saidMs = 0
  #watch: NodeJS.Timeout | undefined
  #closing = '0 passed, 1 failed, 0 skipped'

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  /** The last line. Until the end of the run it says that there was none. */
  get closing(): string {
    return this.#closing
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestRunStart(files: readonly unknown[]): void {
    this.#beganMs = performance.now()
    this.#files = { ended: 0, all: files.length }
    this.#watch = setInterval(() => this.#sayWhatRuns(), 1_000)
  }

  onTestModuleQueued(file: TestModule): void {
    this.#running.set(pathOf(file), performance.now())
  }

  onUserConsoleLog({ taskId, content }: Log): void {
    const task = taskId === undefined ? undefined : this.#vitest?.state.idMap.get(taskId)
    const path = task?.file.filepath ?? ''
    this.#logs.set(path, [...(this.#logs.get(path) ?? []), content])
  }

  onTestModuleEnd(file: TestModule): void {
    const beganMs = this.#running.get(pathOf(file)) ?? performance.now()
    this.#running.delete(pathOf(file))
    const { passed, failed, skipped } = countsOf(file)
    const ended = `${++this.#files.ended}/${this.#files.all}`
    const counts = [
      failed > 0 ? `${failed} FAILED` : '',
      `${passed} passed`,
      skipped.length > 0 ? `${skipped.length} skipped` : '',
    ]
    const took = `${seconds(performance.now() - beganMs).padStart(6)} s`
    this.#say(`${ended.padStart(7)} ${took}  ${pathOf(file)}: ${counts.filter(Boolean).join(', ')}\n`)
    if (failed > 0) this.#sayFailures(file)
    this.#logs.delete(file.moduleId)
  }

  onTestRunEnd(files: readonly TestModule[], errors: readonly SerializedError[]): void {
    clearInterval(this.#watch)
    const sum = { passed: 0, failed: errors.length, skipped: [] as TestCase[] }
    for (const counts of files.map(countsOf)) {
      sum.passed += counts.passed
      sum.failed += counts.failed
      sum.skipped.push(...counts.skipped)
    }
    for (const error of errors) this.#sayError('outside any test', error)
    const failures = files.map((file) => ({ path: pathOf(file), failed: countsOf(file).failed }))
    const red = failures.filter(({ failed }) => failed > 0)
    if (red.length > 0) {
      this.#say(`\nFailed, each shown above:\n${red.map(({ path, failed }) => `  ${path}: ${failed}`).join('\n')}\n`)
    }
    if (files.length === 0) this.#say('no test file has such a name\n')
    if (sum.skipped.length > 0) this.#say(`\nSkipped:\n${reasonsOf(sum.skipped).join('\n')}\n`)
    this.#say(`\n${files.length} files in ${seconds(performance.now() - this.#beganMs)} s\n`)
    this.#closing = `${sum.passed} passed, ${sum.failed} failed, ${sum.skipped.length} skipped`
  }

  #say(text: string): void {
    this.#saidMs = performance.now()
    this.#write(text)
  }

  #sayWhatRuns(): void {
    const now = performance.now()
    if (now - this.#saidMs < SILENCE_S * 1_000 || this.#running.size === 0) return
    const each = [...this.#running].map(([path, since]) => `${path} (${seconds(now - since)} s)`)
    this.#say(`        running: ${each.join(', ')}\n`)
  }

  #sayFailures(file: TestModule): void {
    for (const [name, errors] of failuresOf(file)) for (const error of errors) this.#sayError(name, error)
    const log = this.#logs.get(file.moduleId)?.join('')
    if (log) this.#say(`\nwritten by ${pathOf(file)}:\n${log.trimEnd()}\n\n`)
  }

  #sayError(name: string, error: SerializedError): void {
    this.#say(`\nFAILED ${name}\n`)
    this.#vitest?.logger.printError(error, { project: this.#vitest.getRootProject() })
  }
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1)
const pathOf = (file: TestModule) => relative(file.project.config.root, file.moduleId)

/** Each failure with its name: the file's own, those of suites that could not be set up or ended, those of tests. */
function failuresOf(file: TestModule): [name: string, errors: readonly SerializedError[]][] {
  const named = (one: TestCase | TestSuite) => `${pathOf(file)} > ${one.fullName}`
  return [
    [pathOf(file), file.errors()] as [string, readonly SerializedError[]],
    ...Array.from(file.children.allSuites(), (suite) => [named(suite), suite.errors()] as [string, SerializedError[]]),
    ...Array.from(file.children.allTests('failed'), (test): [string, readonly SerializedError[]] => [
      named(test),
      test.result().errors ?? [],
    ]),
  ].filter(([, errors]) => errors.length > 0)
}

function countsOf(file: TestModule) {
  return {
    passed: [...file.children.allTests('passed')].length,
    failed: failuresOf(file).length,
    skipped: [...file.children.allTests('skipped')],
  }
}

/** Why a test was skipped: what it said itself, what its suite or its tag says, or what befell its suite. */
function reasonOf(test: TestCase): string {
  const result = test.result()
  if (result.state === 'skipped' && result.note) return result.note
  const { missing } = test.meta()
  if (missing !== undefined) return missing
  const tag = test.project.config.tags.find(({ name, skip }) => skip && test.tags.includes(name))
  if (tag?.description) return tag.description
  return isCutOff(test) ? 'what they need could not be set up: see the failures' : 'left out by -t, or no reason given'
}

function isCutOff({ parent }: TestCase | TestSuite): boolean {
  if (parent.errors().length > 0) return true
  return parent.type === 'suite' && isCutOff(parent)
}

function reasonsOf(skipped: readonly TestCase[]): string[] {
  const counts = new Map<string, number>()
  for (const test of skipped) counts.set(reasonOf(test), (counts.get(reasonOf(test)) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${String(count).padStart(6)}  ${reason}`)
}
