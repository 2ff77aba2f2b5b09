import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import lmdb from '../../../ledgers/lmdb.ts'
import { fromJson, letterSchema } from '../../../src/core/dead-letters/letter.ts'
import { anEvent } from '../../events.ts'
import { floodmark, planted } from '../floodmark.ts'
import { stack } from './dlq-stack.ts'

const KILLED = ['--queue', planted('queue-killed-in-publish')]
const lines = (path: string) => readFileSync(path, 'utf8').split('\n').filter(Boolean)

describe('dlq list and show', () => {
  it('list gives a line for each and then the groups with their counts, the largest first', async () => {
    const { dlq } = await stack()
    const { code, out } = await dlq('list')
    expect(code).toBe(0)
    const [a1, a2, b1, , total, ...groups] = out.trimEnd().split('\n')
    expect(a1).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z {2}test:a1 {2}paid {2}1 failed {2}no stock left$/)
    expect(a2).toContain('test:a2')
    expect(b1).toContain('test:b1')
    expect(total).toBe('3 dead letters, by source, type and reason:')
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`
    expect(groups).toHaveLength(2)
    expect(groups[0]).toMatch(new RegExp(`^ +2 {2}shop {2}paid {3}${time}( … ${time})? {2}no stock left$`))
    expect(groups[1]).toMatch(new RegExp(`^ +1 {2}bank {2}moved {2}${time} {2,}no account$`))
  })

  it('filters take what matches all of them, and nothing else', async () => {
    const { dlq } = await stack()
    const idsOf = async (...flags: string[]) => [...(await dlq('list', ...flags)).out.matchAll(/test:\w+/g)].join()
    expect(await idsOf('--source', 'bank')).toBe('test:b1')
    expect(await idsOf('--type', 'paid')).toBe('test:a1,test:a2')
    expect(await idsOf('--reason', 'account')).toBe('test:b1')
    expect(await idsOf('--type', 'paid', '--id', 'test:a2')).toBe('test:a2')
    expect(await idsOf('--type', 'paid', '--source', 'bank')).toBe('')
    expect(await idsOf('--since', '2h')).toBe('test:a1,test:a2,test:b1')
    expect(await idsOf('--since', '2999-01-01T00:00:00Z')).toBe('')
  })

  it('show gives headers, reason, failures and the payload: text where it is UTF-8, else base64', async () => {
    const { dlq } = await stack()
    const text = await dlq('show', 'test:a1')
    expect(text.code).toBe(0)
    for (const part of ['x-try: 3', 'no stock left', 'failures  1', '{"id":"a1"}']) expect(text.out).toContain(part)
    const bytes = await dlq('show', 'test:b1')
    expect(bytes.out).toContain(Buffer.from([0xff, 0, 1]).toString('base64'))
  })
})

describe('the address of a ledger or a queue', () => {
  it('may come from the environment, where no list of processes shows its password; an empty one is none', async () => {
    const { ledgerAt, toQueue } = await stack()
    onTestFinished(() => void vi.unstubAllEnvs())
    vi.stubEnv('FLOODMARK_LEDGER_URL', ledgerAt.url)
    vi.stubEnv('FLOODMARK_QUEUE_URL', toQueue[1])
    const named = ['--namespace', ledgerAt.namespace]
    expect((await floodmark('dlq', 'list', ...named)).out).toContain('3 dead letters')
    const { code, out } = await floodmark('dlq', 'replay', ...named, '--dry-run')
    expect([code, out]).toEqual([0, expect.stringContaining('3 letters would be replayed')])
    vi.stubEnv('FLOODMARK_LEDGER_URL', '')
    const { code: none, err } = await floodmark('dlq', 'list', ...named)
    expect([none, err]).toEqual([2, expect.stringContaining('--ledger-url')])
  })
})

describe('dlq copies', () => {
  it('shows copies that were absorbed although they had another body', async () => {
    const { dlq, ledgerAt } = await stack()
    expect((await dlq('copies')).out).toBe('no copies with another body\n')
    const ledger = await lmdb.open(ledgerAt)
    await ledger.keepCopy(anEvent('a1', { body: Buffer.from('{"amount":900}') }))
    await ledger.close()
    const { code, out } = await dlq('copies')
    expect(code).toBe(0)
    for (const part of ['test:a1', '{"amount":900}', '1 kept']) expect(out).toContain(part)
    expect((await dlq('list')).out).toContain('3 dead letters')
  })
})

describe('dlq export', () => {
  it('holds everything: reading its lines gives the letters back, byte for byte', async () => {
    const { dlq, letters } = await stack()
    const { code, out } = await dlq('export')
    expect(code).toBe(0)
    const read = out
      .trimEnd()
      .split('\n')
      .map((line) => fromJson(letterSchema.parse(JSON.parse(line))))
    expect(read).toEqual(await letters())
  })

  it('writes a new file, and never over one that is there', async () => {
    const { dlq, root } = await stack()
    const path = join(root, 'letters.jsonl')
    expect((await dlq('export', '--out', path, '--type', 'paid')).code).toBe(0)
    expect(lines(path)).toHaveLength(2)
    const again = await dlq('export', '--out', path)
    expect(again.code).toBe(2)
    expect(again.err.trim().split('\n')).toHaveLength(1)
    expect(lines(path)).toHaveLength(2)
  })
})

describe('dlq replay', () => {
  it('each letter takes effect exactly once, also where it is replayed twice', async () => {
    const { dlq, toQueue, ids, effects, root } = await stack()
    const first = await dlq('replay', ...toQueue, '--type', 'paid', '--journal', join(root, 'j1'))
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(await ids()).toEqual(['test:b1'])
    const rest = await dlq('replay', ...toQueue, '--journal', join(root, 'j2'))
    expect(rest.out).toContain('1 letter replayed')
    expect(await ids()).toEqual([])
    expect(await effects(3)).toEqual({ 'test:a1': '1', 'test:a2': '1', 'test:b1': '1' })
  })

  it('a dry run says what would be replayed and changes nothing', async () => {
    const { dlq, toQueue, ids, root, queueFolder } = await stack()
    const journal = join(root, 'journal')
    const { code, out } = await dlq('replay', ...toQueue, '--dry-run', '--type', 'paid', '--journal', journal)
    expect(code).toBe(0)
    expect(out).toContain('2 letters would be replayed')
    expect(out).not.toContain('test:b1')
    expect(await ids()).toEqual(['test:a1', 'test:a2', 'test:b1'])
    expect(existsSync(journal)).toBe(false)
    expect(readdirSync(queueFolder)).toEqual(['shop'])
  })

  it.each(['before', 'after'])('what a crash %s publishing left open is finished by --resume, once', async (when) => {
    const { dlq, toQueue, ids, effects, root, queueFolder } = await stack()
    const journal = join(root, 'journal')
    writeFileSync(join(queueFolder, 'kill'), when)
    const crashed = await dlq('replay', ...KILLED, ...toQueue, '--journal', journal)
    expect(crashed.code).toBe(null)
    // The ledger has forgotten it: now only the journal is sure to hold it.
    expect(await ids()).toEqual(['test:a2', 'test:b1'])
    const resumed = await dlq('replay', ...KILLED, ...toQueue, '--resume', journal)
    expect(resumed).toMatchObject({ code: 0, err: '' })
    expect(resumed.out).toContain('1 letter replayed')
    const again = await dlq('replay', ...KILLED, ...toQueue, '--resume', journal)
    expect(again.out).toContain('0 letters replayed')
    expect(await effects(when === 'after' ? 2 : 1)).toEqual({ 'test:a1': '1' })
  })

  it('a journal of another route, or what is no journal, is refused in one line', async () => {
    const { dlq, toQueue, root } = await stack()
    const journal = join(root, 'journal')
    await dlq('replay', ...toQueue, '--journal', journal)
    writeFileSync(join(root, 'other'), '{"hello":1}\n')
    for (const flags of [
      [...KILLED, '--resume', journal],
      ['--resume', join(root, 'other')],
      ['--resume', join(root, 'none')],
    ]) {
      const { code, err } = await dlq('replay', ...toQueue, ...flags)
      expect(code).toBe(2)
      expect(err.trim().split('\n')).toHaveLength(1)
    }
  })
})

describe('dlq purge', () => {
  it('refuses without a filter, and without --yes, and then deletes nothing', async () => {
    const { dlq, ids } = await stack()
    for (const flags of [['--yes'], [], ['--all'], ['--type', 'paid']]) {
      const { code } = await dlq('purge', ...flags)
      expect(code).toBe(2)
    }
    expect(await ids()).toHaveLength(3)
  })

  it('deletes what the filter takes, keeps a copy, and warns of letters younger than 14 days', async () => {
    const { dlq, ids, letters, root } = await stack()
    const before = await letters()
    const copy = join(root, 'copy')
    const { code, err } = await dlq('purge', '--type', 'paid', '--yes', '--copy', copy)
    expect(code).toBe(0)
    expect(err).toContain('2 of 2 are younger than 14 days')
    expect(await ids()).toEqual(['test:b1'])
    expect(lines(copy).map((line) => fromJson(JSON.parse(line)))).toEqual(before.slice(0, 2))
  })

  it('a dry run says what would go, by source, type and reason, and changes nothing', async () => {
    const { dlq, ids } = await stack()
    const { code, out } = await dlq('purge', '--source', 'shop', '--dry-run', '--yes')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^ +2 {2}shop {2}paid {2}.* {2}no stock left\n2 letters would be deleted; nothing was changed\n$/,
    )
    expect(await ids()).toHaveLength(3)
  })

  it('deletes nothing when the copy cannot be written', async () => {
    const { dlq, ids, root } = await stack()
    const { code } = await dlq('purge', '--all', '--yes', '--copy', join(root, 'none', 'copy'))
    expect(code).toBe(2)
    expect(await ids()).toHaveLength(3)
  })
})

describe('dlq refusals', () => {
  it('a ledger that a running process holds is said in one line, exit 3', async () => {
    const { dlq, ledgerAt } = await stack()
    const ledger = await lmdb.open(ledgerAt)
    const { code, err } = await dlq('list')
    await ledger.close()
    expect(code).toBe(3)
    expect(err).toMatch(/^floodmark: .* is in use by process \d+: .*\n$/)
  })

  it.each([
    ['a time that is not valid', 'is not a time', 'list', '--since', 'yesterday'],
    ['a letter that is not there', 'no dead letter has the id', 'show', 'test:none'],
    ['a ledger that is not there', 'there is no ledger in', 'list', '--namespace', 'other'],
    ['an unknown flag', "unknown option '--colour'", 'list', '--colour'],
    ['an unknown ledger', "unknown ledger 'papyrus'", 'list', '--ledger', 'papyrus'],
    ['a rate that is none', '--rate', 'replay', '--rate', '0'],
    ['a replay without a queue', 'give the queue', 'replay'],
    ['a resumed replay with a filter', 'leave out filters', 'replay', '--resume', 'x', '--type', 'paid'],
  ])('%s is bad input: one line, exit 2', async (_, says, command, ...flags) => {
    const { dlq } = await stack()
    const { code, err } = await dlq(command, ...flags)
    expect(code).toBe(2)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(err).toContain(says)
  })

  it('a queue that ends with its process gets no letter', async () => {
    const { dlq, toQueue, ids } = await stack()
    const { code, err } = await dlq('replay', '--queue', 'memory', ...toQueue)
    expect(code).toBe(2)
    expect(err).toContain('letters would be lost in it')
    expect(await ids()).toHaveLength(3)
  })
})
