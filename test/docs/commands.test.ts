// @module-tag full: whole runs.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import lmdb from '../../ledgers/lmdb.ts'
import embedded from '../../queues/embedded.ts'
import { provide } from '../../src/runner/servers/provide.ts'
import type { Server } from '../../src/runner/servers/server.ts'
import { anEvent } from '../events.ts'
import { EVERYTHING_REQUIRED } from '../needs.ts'
import { bury } from '../runner/cli/dlq-stack.ts'
import { floodmark } from '../runner/floodmark.ts'
import { type Block, blocksOf, PAGES, ROOT } from './pages.ts'

// Runs mostly wait.
vi.setConfig({ maxConcurrency: 8 })

const folder = mkdtempSync(join(tmpdir(), 'floodmark-docs-'))
const at = (...names: string[]) => join(folder, ...names)
/** Its commands do not need each other, so that each is run by itself. */
const ALONE = /^npm run (scenario (?!.*--tag)|ceiling|simulate|compare -- (\S+ )?--)/

/** What is run together: a block, or a line of it. */
const parts: Block[] = PAGES.flatMap(blocksOf)
  .filter(({ language }) => language === 'sh')
  .flatMap((block) => {
    const lines = block.text.split('\n')
    return lines.every((line) => ALONE.test(line))
      ? lines.map((text, after) => ({ ...block, text, line: block.line + after }))
      : [block]
  })
const SECRET = `whsec_${Buffer.from('a secret of a person’s own').toString('base64')}`
const seen = new Set<string>()
const once = parts.filter(({ text }) => !seen.has(text) && seen.add(text))

/** Two, for what compares one with the other. */
const targets: HttpServer[] = []
let postgres: Server | undefined
let whyNoPostgres = ''

beforeAll(async () => {
  mkdirSync(at('bin'))
  for (const tool of ['npm', 'npx', 'k6']) {
    const standIn = join(ROOT, 'test/docs/stand-in.ts')
    writeFileSync(at('bin', tool), `#!/bin/sh\nexec '${process.execPath}' '${standIn}' ${tool} "$@"\n`)
    chmodSync(at('bin', tool), 0o755)
  }
  targets.push(receiver(), receiver())
  postgres = await provide('postgres', { folder: at(), nativeOnly: true, onProgress: () => {} }).catch(
    (error: Error) => {
      if (EVERYTHING_REQUIRED) throw error
      whyNoPostgres = error.message
      return undefined
    },
  )
  const { code, out, err } = await floodmark(
    'scenario',
    'steady',
    '--quick',
    '--rate',
    '20',
    '--duration',
    '2s',
    '--out',
    at('run'),
  )
  expect([0, 1, 4, 5], out + err).toContain(code)
  const ledger = await lmdb.open({ url: at('ledger'), namespace: 'shop' })
  await bury(ledger, [anEvent('a1', { source: 'shop', type: 'paid' })], 'no stock left')
  await ledger.close()
  await (await embedded.open({ url: at('queue'), namespace: 'shop' })).close()
})
afterAll(async () => {
  for (const target of targets) target.close()
  await postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A person's own receiver: it takes everything, and tells each event once. */
function receiver(): HttpServer {
  const told = new Map<string, string>()
  return createServer(async (request, response) => {
    if (request.method === 'GET') return void response.end([...told.values()].join(''))
    const body = Buffer.concat(await request.toArray())
    const id = /"id": ?"([^"]+)"/.exec(body.toString())?.[1]
    const digest = createHash('sha256').update(body).digest('hex')
    if (id !== undefined && !told.has(id)) told.set(id, `${id} ${digest} ${Date.now()}\n`)
    response.end()
  }).listen(0, '127.0.0.1')
}

/** In a document stands what a person has: a server of their own, a secret, a folder. */
function filledIn(text: string): string {
  const [mine, other] = targets.map((target) => `http://127.0.0.1:${(target.address() as AddressInfo).port}`)
  return text
    .replaceAll(/https:\/\/staging\.example\.com|http:\/\/127\.0\.0\.1:\d+/g, (address) =>
      address.endsWith(':8081') ? `${other}` : `${mine}`,
    )
    .replaceAll('whsec_…', SECRET)
    .replaceAll('--admin-port 9090', '--admin-port 0')
    .replaceAll('=… ', '=a-secret-of-a-persons-own-0123456789 ')
    .replaceAll('postgres://user:password@localhost/shop', postgres?.url ?? '')
    .replace('--ledger-url <folder>', `--ledger-url ${at('ledger')}`)
    .replace('--queue-url <folder>', `--queue-url ${at('queue')}`)
    .replace('<name>', 'shop')
}

/** A folder like a clone's, with what the block takes for granted: earlier runs, a shop. */
function placeFor({ page, line, text }: Block) {
  const home = at(`${page.replaceAll('/', '-')}-${line}`)
  const cwd = join(home, 'here')
  for (const made of ['here/reports', 'shop']) mkdirSync(join(home, made), { recursive: true })
  symlinkSync(ROOT, join(home, 'floodmark'))
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  for (const name of ['examples', 'queues', 'node_modules', '.cache']) symlinkSync(join(ROOT, name), join(cwd, name))
  writeFileSync(join(home, 'shop', 'access.log'), '0,6\n1,9\n2,5\n')
  if (/compare -- \w+ \w+|report -- latest/.test(text)) {
    for (const [nth, tag] of ['base', 'change'].entries()) {
      const run = join(cwd, 'reports', `2026-01-0${nth + 1}T08-00-00-steady`)
      cpSync(at('run'), run, { recursive: true })
      for (const name of ['report.json', 'run.json']) {
        const record = JSON.parse(readFileSync(join(run, name), 'utf8'))
        record.settings.tag = tag
        writeFileSync(join(run, name), JSON.stringify(record))
      }
    }
  }
  return { home, cwd, log: join(home, 'log') }
}

interface Told {
  readonly command: string
  readonly code?: number
  readonly leftOut?: string
  readonly all?: string
}

async function run(block: Block) {
  const { home, cwd, log } = placeFor(block)
  // Services go on in the background until the last command is done.
  const lines = filledIn(block.text).replaceAll(/^npx floodmark node\b.*$/gm, '$& & npx floodmark lookup stripe:evt_1')
  const isOfConfig = lines.includes('floodmark node') && !lines.includes('floodmark init')
  const script = `set -eu\n${isOfConfig ? 'npx floodmark init --provider stripe\n' : ''}${lines}\nfor job in $(jobs -p); do kill "$job"; done; wait`
  const env = {
    ...process.env,
    HOME: home,
    DOCS_LOG: log,
    STRIPE_WEBHOOK_SECRET: SECRET,
    GITHUB_STEP_SUMMARY: join(home, 'summary.md'),
  }
  const child = spawn('bash', ['-c', script], {
    cwd,
    env: { ...env, PATH: `${at('bin')}:${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const heard: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => void heard.push(String(data)))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const told = existsSync(log)
    ? readFileSync(log, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line): Told => JSON.parse(line))
    : []
  return { code, told, said: heard.join('') }
}

const ENVIRONMENT = 3

describe.concurrent('the commands in the documents run as they are written', () => {
  const named = once.map((block) => [`${block.page}:${block.line}`, block] as const)
  it.for(named)('%s', { timeout: 400_000 }, async ([, block], { skip, expect: expected }) => {
    skip(block.text.includes('postgres://') && !postgres, `no postgres server: ${whyNoPostgres}`)
    const { code, told, said } = await run(block)
    const missing = told.find((one) => one.code === ENVIRONMENT)
    skip(missing !== undefined && !EVERYTHING_REQUIRED, `${missing?.command}: ${missing?.all}`)
    expected(code, said + JSON.stringify(told)).toBe(0)
    const commands = block.text.match(/\b(npm (?=run|--prefix|ci|install)|npx |k6 (?=run))/g) ?? []
    expected(told.length, JSON.stringify(told)).toBeGreaterThanOrEqual(commands.length)
  })
})
