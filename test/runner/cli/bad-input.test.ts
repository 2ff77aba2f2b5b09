import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** What people get wrong, for each command. Every mistake is told in one line with what to do, and by the exit code alone. */

const CALLER = new URL('caller.ts', import.meta.url).pathname
const ANSWER_MS = 30_000
const folder = mkdtempSync(join(tmpdir(), 'floodmark-bad-input-'))
let caller: ChildProcess | undefined

beforeAll(() => {
  const at = (name: string) => join(folder, name)
  for (const name of ['folder', 'wrong-run', 'taken']) mkdirSync(at(name))
  writeFileSync(at('empty'), '')
  writeFileSync(at('empty.ts'), '')
  writeFileSync(at('broken.ts'), 'export default {\n')
  writeFileSync(at('wrong.json'), '{"a":\n')
  writeFileSync(at('other.json'), '{}\n')
  writeFileSync(at('list.json'), '[1]\n')
  writeFileSync(at('binary'), Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a]))
  writeFileSync(at('wrong-run/run.json'), '{"a":\n')
  writeFileSync(at('taken/something'), 'x')
  mkdirSync(at('closed'))
  chmodSync(at('closed'), 0o500)
})
afterAll(() => {
  caller?.kill('SIGKILL')
  chmodSync(join(folder, 'closed'), 0o700)
  rmSync(folder, { recursive: true, force: true })
})

interface Called {
  readonly code: number
  readonly out: string
  readonly err: string
  /** What came out of the command as it was: nobody has put it into words. */
  readonly thrown?: string
}

async function call(args: readonly string[]): Promise<Called> {
  caller ??= fork(CALLER, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: environment() })
  const running = caller
  return new Promise<Called>((resolve, reject) => {
    const tooLong = setTimeout(() => running.kill('SIGKILL'), ANSWER_MS)
    const done = () => {
      clearTimeout(tooLong)
      running.off('message', answered).off('exit', ended)
    }
    const answered = (said: unknown) => {
      done()
      resolve(said as Called)
    }
    const ended = () => {
      done()
      caller = undefined
      reject(new Error(`floodmark ${args.join(' ')} was not refused`))
    }
    running.on('message', answered).on('exit', ended)
    running.send([...args])
  })
}

/** Settings that stand in the environment would be settings of these calls. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(FLOODMARK_|npm_|INIT_CWD)/.test(name)))
}

const NUMBERS = ['abc', '-5', 'NaN', '5 apples', '1e999', '']
const rows = (command: string, values: readonly string[]) => values.map((value) => [...command.split(' '), value])

const PATHS = {
  scenario: ['./gone.ts', './folder', './empty.ts', './broken.ts', './other.json', './binary'],
  file: ['gone', 'folder', 'empty', 'wrong.json', 'other.json', 'binary'],
  run: ['gone', 'folder', 'empty', 'wrong-run', 'latest', 'previous'],
  /** Where a folder is to be made. */
  out: ['empty', 'taken', 'empty/below'],
}
const PROVIDER = 'init --provider stripe'
const DLQ = '--ledger-url folder --namespace shop'

/** Bad input: each exits with 2. */
const INPUT: Readonly<Record<string, readonly (readonly string[])[]>> = {
  scenario: [
    ...rows('scenario', PATHS.scenario),
    ...rows('scenario steady --shape', PATHS.file),
    ...rows('scenario steady --queue', PATHS.scenario),
    ...rows('scenario steady --ledger', PATHS.scenario),
    ...rows('scenario steady --receiver', PATHS.scenario),
    ...rows('scenario steady --provider', PATHS.scenario),
    ...rows('scenario steady --out', PATHS.out),
    ...['rate', 'duration', 'spike', 'seed', 'processes', 'senders', 'connections-max', 'in-flight-max'].flatMap(
      (flag) => rows(`scenario steady --${flag}`, NUMBERS),
    ),
    ...['publish-deadline', 'capacity', 'p99'].flatMap((flag) => rows(`scenario steady --${flag}`, NUMBERS)),
    ...rows('scenario steady --fsync', ['sometimes', '']),
    ...rows('scenario steady --target', ['nowhere', 'ftp://host/hook', 'http://', '']),
    ...rows('scenario steady --tag', ['a b', '']),
    ['scenario', 'steady', 'flash-sale'],
    ['scenario', ''],
  ],
  ceiling: [
    ...['trial', 'budget', 'max-rate', 'p99', 'processes'].flatMap((flag) => rows(`ceiling --${flag}`, NUMBERS)),
    ...rows('ceiling --resume', PATHS.run),
    ...rows('ceiling --out', PATHS.out),
    ['ceiling', 'steady'],
  ],
  compare: [
    ['compare'],
    ...rows('compare steady --rounds', NUMBERS),
    ...rows('compare steady --queues', ['nothing', ',', '']),
    ...rows('compare steady --vary', ['nothing', 'fsync', 'fsync=', 'queue=nothing,embedded']),
    ...rows('compare steady --queues embedded,memory --resume', PATHS.run),
    ...rows('compare --ceiling --budget', NUMBERS),
    ...rows('compare', ['nothing', './gone.ts']),
    ...rows('compare folder', PATHS.run),
    ...rows('compare wrong-run folder --allow', NUMBERS),
  ],
  scaling: [
    ...rows('scaling --processes', [...NUMBERS, '0..3', '1..1000', '3..1']),
    ...['trial', 'budget', 'max-rate'].flatMap((flag) => rows(`scaling --${flag}`, NUMBERS)),
    ...rows('scaling --out', PATHS.out),
  ],
  calibrate: [
    ...rows('calibrate --out', PATHS.out),
    ...['everything', '--bottlenecks --only mmc', '--bottlenecks slow-sync --ceilings'].map((words) => [
      'calibrate',
      ...words.split(' '),
    ]),
  ],
  'export:k6': [
    ...rows('export:k6 steady --out', ['sale', 'folder', 'empty/sale.ts']),
    ...rows('export:k6 steady --out sale.ts --rate', NUMBERS),
    ...rows('export:k6 --out sale.ts', PATHS.scenario),
    ['export:k6', 'steady'],
  ],
  'import:k6': [
    ...rows('import:k6 empty --plan', ['gone', 'folder', 'empty', 'wrong-run']),
    ['import:k6', 'empty'],
    ['import:k6', '--plan', 'folder'],
  ],
  report: rows('report', PATHS.run),
  event: [...PATHS.run.map((run) => ['event', run, '17']), ['event', 'folder', 'NaN'], ['event', 'folder']],
  brokers: [
    ['brokers'],
    ['brokers', 'start'],
    ['brokers', 'up', 'mongodb'],
    ...rows('brokers sweep redis --older-than', NUMBERS),
    ['brokers', 'sweep', '--url', 'redis://127.0.0.1:1'],
    ['brokers', 'status', '--yes'],
    ...rows('brokers sweep redis --url', ['nowhere', 'http://host', '']),
  ],
  init: [
    ...rows('init --provider', PATHS.scenario),
    ...rows(`${PROVIDER} --port`, [...NUMBERS, '70000', '1.5']),
    ...rows(`${PROVIDER} --from`, PATHS.file),
    ...rows(`${PROVIDER} --queue`, PATHS.scenario),
    ['init'],
  ],
  check: [...rows('check --config', [...PATHS.file, 'list.json', 'broken.ts', 'empty.ts']), ['check']],
  'check --rate': rows('check --config other.json --rate', NUMBERS),
  node: rows('node --config', [...PATHS.file, 'list.json', 'broken.ts', 'empty.ts']),
  serve: rows('serve --config', [...PATHS.file, 'list.json', 'broken.ts', 'empty.ts']),
  work: rows('work --config', [...PATHS.file, 'list.json', 'broken.ts', 'empty.ts']),
  lookup: [
    ['lookup'],
    ['lookup', 'evt_1'],
    ['lookup', ''],
    ...PATHS.file.map((path) => ['lookup', 'stripe:evt_1', '--config', path]),
  ],
  dlq: [
    ['dlq', 'list'],
    ['dlq', 'list', '--namespace', 'shop'],
    ...rows('dlq list --namespace shop --ledger-url', ['gone', 'folder', 'empty', '']),
    ...rows('dlq list --namespace shop --ledger', PATHS.scenario),
    ...rows('dlq list --ledger-url folder --namespace', ['A b', '../x', '']),
    ...rows(`dlq list ${DLQ} --since`, NUMBERS),
    ...rows(`dlq list ${DLQ} --cause`, ['nothing', '']),
    ...rows(`dlq replay ${DLQ} --rate`, NUMBERS),
    ['dlq', 'show', ...DLQ.split(' ')],
    ['dlq', 'purge', ...DLQ.split(' ')],
  ],
  record: [
    ...['gone', 'folder', 'empty', 'wrong.json'].map((path) => ['record', 'stripe', path, '--out', 'mine.jsonl']),
    ...PATHS.scenario.map((path) => ['record', path, 'other.json', '--out', 'mine.jsonl']),
    ['record', 'stripe', 'empty'],
    ['record', 'stripe', '--out', 'mine.jsonl'],
  ],
  simulate: [...rows('simulate --seed', NUMBERS), ...rows('simulate --scenario', [...PATHS.scenario, 'posion'])],
  bench: [
    ...rows('bench stack --seconds', [...NUMBERS, '61', '0']),
    ...rows('bench stack --rounds', [...NUMBERS, '51']),
    ['bench', 'everything'],
  ],
  traits: [['traits', 'memory']],
}
const COMMANDS = [...new Set(Object.keys(INPUT).map((name) => name.split(' ')[0]!))]

function expectOneLine({ code, out, err, thrown }: Called, exit: number, line: string): void {
  const said = `floodmark ${line}: exit ${code}\n${out}${err}`
  expect(thrown, said).toBeUndefined()
  expect(code, said).toBe(exit)
  expect(out, said).toBe('')
  expect(err, said).toMatch(/^floodmark: [^\n]{15,}\n$/)
  // What only programmers understand: a stack, an error's class, a system's code, a value nobody meant.
  expect(err, said).not.toMatch(
    /\n +at |\b(?:TypeError|ZodError|SyntaxError)\b|\bE[A-Z]{4,}\b|\\u\{|\[object |undefined\b|Invalid input/,
  )
}

describe('a mistake is told in one line, with exit 2', () => {
  it.each(COMMANDS)('%s', async (command) => {
    const unknown = [
      [command, '--frobnicate'],
      [command, '--frobnicate=1'],
    ]
    const own = Object.entries(INPUT).filter(([name]) => name.split(' ')[0] === command)
    const before = readdirSync(folder)
    const wrong: string[] = []
    for (const args of [...unknown, ...own.flatMap(([, all]) => all)]) {
      const line = args.map((arg) => (/^[\w./:=-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')
      try {
        expectOneLine(await call(args), 2, line)
      } catch (error) {
        wrong.push((error as Error).message)
      }
    }
    expect(wrong.join('\n\n')).toBe('')
    expect(readdirSync(folder)).toEqual(before)
  })
})

it.each(['lint', 'reference'])('an argument of %s, which takes none, is told in one line', (command) => {
  const launcher = new URL('../../../bin/floodmark.js', import.meta.url).pathname
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, command, '--frobnicate'], {
    encoding: 'utf8',
  })
  expectOneLine({ code: status!, out: stdout, err: stderr }, 2, `${command} --frobnicate`)
})

describe('what the machine refuses is told in one line, with exit 3', () => {
  // For root every folder is open, but not this one.
  const closed = process.getuid?.() === 0 ? '/sys' : 'closed'
  it.each([
    ['scenario', 'steady', '--out', `${closed}/run`],
    ['ceiling', '--out', `${closed}/run`],
    ['calibrate', '--out', `${closed}/run`],
    ['export:k6', 'steady', '--out', `${closed}/sale.ts`],
  ])('%s %s %s %s', async (...args) => {
    expectOneLine(await call(args), 3, args.join(' '))
  })
})
