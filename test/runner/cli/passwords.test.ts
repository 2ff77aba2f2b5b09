import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { commandOf } from '../../../src/runner/cli/compare/asked.ts'
import { variedOf } from '../../../src/runner/compare/stacks.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { victimsOf } from '../../../src/runner/testbed/victims.ts'
import { fullUnless } from '../../needs.ts'

const CALLER = new URL('caller.ts', import.meta.url).pathname
const WORD = 'hunter2'
const LOGIN = `me:${WORD}`
const LONG = `${WORD}${'x'.repeat(60)}`
/** Nobody listens there. */
const NOBODY = `${LOGIN}@127.0.0.1:1`

const folder = mkdtempSync(join(tmpdir(), 'floodmark-passwords-'))
const callers: ChildProcess[] = []
afterAll(() => {
  for (const caller of callers) caller.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Called {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly thrown?: string
}

async function call(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Called> {
  const own = Object.entries(process.env).filter(([name]) => !/^(FLOODMARK_|npm_|INIT_CWD)/.test(name))
  const caller = fork(CALLER, {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...Object.fromEntries(own), ...env },
  })
  callers.push(caller)
  caller.send([...args])
  const said = await new Promise<Called>((resolve, reject) => {
    caller.once('message', (message) => resolve(message as Called))
    caller.once('exit', () => reject(new Error('it ended without an answer')))
  })
  caller.kill('SIGKILL')
  return said
}

/** Every name and every text below the folder. */
function written(at: string): string {
  return readdirSync(at)
    .map((name) => {
      const path = join(at, name)
      return `${name}\n${statSync(path).isDirectory() ? written(path) : readFileSync(path, 'latin1')}`
    })
    .join('\n')
}

const STEADY = ['scenario', 'steady']
const SHOP = ['--namespace', 'shop']

describe('a password in an address is in no message and in no file', () => {
  it.each<[string, readonly string[]]>([
    ['without a scheme', [...STEADY, '--queue', 'redis-streams', '--queue-url', NOBODY]],
    ['of another kind of server', [...STEADY, '--queue', 'kafka', '--queue-url', `redis://${NOBODY}`]],
    ['with a bare @ and /', [...STEADY, '--queue', 'kafka', '--queue-url', `redis://me:a@b/${WORD}@127.0.0.1:1`]],
    ['of a user with an @', [...STEADY, '--queue', 'kafka', '--queue-url', `redis://me@corp.com:${WORD}@127.0.0.1:1`]],
    ['with a blank and quotes', [...STEADY, '--queue', 'kafka', '--queue-url', `redis://me:a "'${WORD}@127.0.0.1:1`]],
    ['of SQS', [...STEADY, '--queue', 'sqs-fifo', '--queue-url', `http://${LOGIN}@sqs.eu-west-1.amazonaws.com`]],
    ['for a queue that lies in a folder', [...STEADY, '--queue-url', `redis://${NOBODY}`]],
    ['for a ledger that lies in a folder', [...STEADY, '--ledger-url', `postgres://${NOBODY}/shop`]],
    ['in the place of a queue', [...STEADY, '--queue', `redis://${NOBODY}`]],
    ['in the place of a queue, without a scheme', [...STEADY, '--queue', NOBODY]],
    ['in the place of a queue, with a blank', [...STEADY, '--queue', `redis://me:a ${WORD}@127.0.0.1:1`]],
    ['in the place of a queue, with a / and no scheme', [...STEADY, '--queue', `me:a/ ${WORD}@127.0.0.1:1`]],
    ['in the place of a scenario', ['scenario', `redis://${NOBODY}`]],
    ['behind a flag that is not there, with a blank', [...STEADY, `--queue-ur=redis://me:a ${WORD}@127.0.0.1:1`]],
    ['as one word too many', [...STEADY, `redis://${NOBODY}`]],
    ['behind a flag that is not there', [...STEADY, `--queue-ur=redis://${NOBODY}`]],
    ['of a target', [...STEADY, '--target', `https://${NOBODY}/hooks`]],
    ['of a target, without a scheme', [...STEADY, '--target', `${NOBODY}/hooks`]],
    ['of a target, as digits and a path', [...STEADY, '--target', `https://me:12/${WORD}@127.0.0.1:1/hooks`]],
    ['of a target, however long', [...STEADY, '--target', `https://me:${LONG}@127.0.0.1:1/hooks`]],
    ['among those that are compared', ['compare', 'steady', '--queues', `embedded,redis://${NOBODY}`]],
    ['where one is swept', ['brokers', 'sweep', 'redis', '--url', NOBODY]],
    ['where a folder is wanted', ['dlq', 'list', ...SHOP, '--ledger-url', `redis://${NOBODY}`]],
    ['in the place of a file', ['report', `redis://${NOBODY}`]],
  ])('%s', async (_, args) => {
    const { code, out, err, thrown } = await call(args)
    expect(thrown).toBeUndefined()
    expect(code, err).toBe(2)
    // A run says what it is at before.
    expect(out + err).toMatch(/^(plan\n)?floodmark: [^\n]+\n$/)
    expect(out + err + written(folder)).not.toContain(WORD)
  })

  it('that npm took for itself: the line to type has none', async () => {
    for (const url of [`redis://${NOBODY}`, `redis://me:a ${WORD}@127.0.0.1:1`]) {
      const { code, err } = await call(STEADY, { npm_lifecycle_event: 'scenario', npm_config_queue_url: url })
      expect([code, err]).toEqual([2, expect.stringContaining('-- --queue-url redis://me@127.0.0.1:1')])
      expect(err).not.toContain(WORD)
    }
  })

  it.each<[string, readonly string[]]>([
    ['redis-streams', [...STEADY, '--queue', 'redis-streams', '--queue-url', `redis://${NOBODY}`]],
    ['bullmq', [...STEADY, '--queue', 'bullmq', '--queue-url', `redis://${NOBODY}`]],
    ['the redis ledger', [...STEADY, '--ledger', 'redis', '--ledger-url', `redis://${NOBODY}`]],
    ['the postgres ledger', [...STEADY, '--ledger', 'postgres', '--ledger-url', `postgres://${NOBODY}/shop`]],
    ['kafka', [...STEADY, '--queue', 'kafka', '--queue-url', `kafka+ssl://${NOBODY}?mechanism=plain`]],
    ['kafkajs', [...STEADY, '--queue', 'kafkajs', '--queue-url', `kafka+ssl://${NOBODY}?mechanism=plain`]],
    ['sqs', [...STEADY, '--queue', 'sqs', '--queue-url', `http://${NOBODY}`]],
    ['a sweep of redis', ['brokers', 'sweep', 'redis', '--url', `redis://${NOBODY}`]],
    ['a sweep of kafka', ['brokers', 'sweep', 'kafka', '--url', `kafka+ssl://${NOBODY}?mechanism=plain`]],
    ['a sweep of postgres', ['brokers', 'sweep', 'postgres', '--url', `postgres://${NOBODY}/shop`]],
    ['dead letters', ['dlq', 'list', ...SHOP, '--ledger', 'redis', '--ledger-url', `redis://${NOBODY}`]],
  ])('%s, where nobody answers', fullUnless(false), async (_, args) => {
    const { code, out, err, thrown } = await call(args)
    expect(thrown).toBeUndefined()
    expect(code, err).toBe(3)
    expect(out + err + written(folder)).not.toContain(WORD)
  })

  it('in the config of a service', async () => {
    const queue = { use: 'embedded', url: `redis://${NOBODY}` }
    const routes = { '/stripe': { provider: 'stripe', secrets: { env: 'STRIPE_SECRET' } } }
    writeFileSync(join(folder, 'service.json'), JSON.stringify({ queue, routes, handlers: './handlers.mjs' }))
    writeFileSync(join(folder, 'handlers.mjs'), 'export default async () => {}')
    const { code, out, err } = await call(['check', '--config', 'service.json'], {
      STRIPE_SECRET: 'whsec_of-this-test-alone',
    })
    rmSync(join(folder, 'service.json'))
    expect(code, err).toBe(1)
    expect(out).toContain('queue embedded: an address with redis:// is that of a server')
    expect(out + err + written(folder)).not.toContain(WORD)
  })

  it('in the line that makes a comparison again', () => {
    const { settings } = settingsOf('steady', {})
    const varied = [variedOf(`queue-url=redis://${NOBODY}/?db=1,redis://${LOGIN}@other:1`)]
    const line = `npm run compare -- steady --vary 'queue-url=redis://me@127.0.0.1:1/?db=1,redis://me@other:1'`
    expect(commandOf(['steady'], varied, settings, [])).toBe(line)
  })

  it('in the line that makes a comparison of targets again, which asks for what signed', () => {
    const { settings } = settingsOf('steady', { effects: `https://${LOGIN}@h/effects` })
    const signing = { stripe: WORD }
    const line = commandOf(['steady'], [variedOf('target=http://h:1,http://h:2')], { ...settings, signing }, [])
    expect(line).toMatch(
      /^FLOODMARK_SECRET_STRIPE="\$\{.*\}" npm run compare -- steady --vary \S+ --effects "\$\{EFFECTS:\?/,
    )
    expect(line).not.toContain(WORD)
  })

  it('of a server that a scenario would strike', () => {
    const store = { url: `redis://${NOBODY}`, shared: true, victim: undefined }
    const parts = { stack: { members: [] }, stores: { queue: store, ledger: store }, links: {}, disk: undefined }
    const strike = () => victimsOf(parts as unknown as Parameters<typeof victimsOf>[0])('queue-server')
    expect(strike).toThrow("strikes the queue's server, and this run did not start one: leave --queue-url out")
    expect(strike).not.toThrow(WORD)
  })
})
