import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { providers } from '../../../providers/index.ts'
import type { Provider, Secret } from '../../../src/core/contracts/provider.ts'
import { seeded } from '../../../src/core/contracts/random.ts'
import { documentOf } from '../../../src/runner/recording/document.ts'
import { templateOf } from '../../../src/runner/recording/template.ts'
import { readJournal } from '../../../src/runner/records/journal.ts'
import { journalPath } from '../../../src/runner/records/run-record.ts'
import { filler } from '../../../src/runner/scenario/templates.ts'
import { floodmark, played, runsFolder } from '../floodmark.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-record-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const SEALED = ['adyen']
const PERSON = 'person-9f3a'
/** Longer than any sample: it tells own bodies from samples. */
const NOTE_BYTES = 50_000

/** One for each provider: PayPal's is a pair of RSA keys, which takes long to make. */
const secrets = new Map<Provider, Secret>()
function secretOf(provider: Provider): Secret {
  const text = () => provider.newSecret?.().signing ?? 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I='
  const secret = secrets.get(provider) ?? provider.secret(text())
  secrets.set(provider, secret)
  return secret
}

/** A request as the provider sends it, headers and all. */
async function requestOf(name: string, seed: number) {
  const provider: Provider = (await providers[name as keyof typeof providers]()).default
  const sample = provider.sample(seeded(seed), { id: PERSON, key: `${PERSON}-key` })
  const signed = provider.sign(sample.body, secretOf(provider), {
    id: PERSON,
    type: sample.type,
    atMs: 0,
    url: 'http://x.invalid/',
  })
  const headers = Object.fromEntries(Object.entries(signed).map(([header, value]) => [header.toLowerCase(), value]))
  return { provider, sample, headers }
}

describe('a recorded request', () => {
  it.each(Object.keys(providers).filter((name) => !SEALED.includes(name)))(
    'of %s becomes a body with an id and a key of the run, and nothing of its own',
    async (name) => {
      for (let seed = 0; seed < 20; seed++) {
        const { provider, sample, headers } = await requestOf(name, seed)
        const template = templateOf(provider, { headers, body: sample.body })
        expect(template.type).toBe(sample.type)
        expect(template.body).not.toContain(PERSON)
        const body = filler(template)({ id: 'run12345-7', key: 'k42' })
        const sent = provider.sign(body, secretOf(provider), {
          id: 'run12345-7',
          type: template.type,
          atMs: 0,
          url: 'http://x.invalid/',
        })
        const header = (wanted: string) => Object.entries(sent).find(([one]) => one.toLowerCase() === wanted)?.[1]
        const identity = provider.identify({ url: 'http://x.invalid/', header, raw: body, receivedAtMs: 0 })
        expect(identity.id).toMatch(/run12345-7$/)
        expect(identity.type).toBe(sample.type)
        expect(identity.key).toMatch(/k42$/)
        // Id and key are what differs in length, and some escapes.
        expect(Math.abs(body.length - sample.body.length)).toBeLessThan(64 + 0.02 * sample.body.length)
      }
    },
  )

  it('keeps its fields and the length of each value, and no value', () => {
    const value = fc.oneof(fc.string({ minLength: 5, unit: 'grapheme' }), fc.integer({ min: 10_000 }))
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('name', 'email', 'note', 'amount'), value, { minKeys: 1 }),
        (fields) => {
          const document = documentOf(Buffer.from(JSON.stringify({ id: 'x', deep: [{ ...fields }] })))!
          const [{ ...scrambled }] = JSON.parse(document.render(() => undefined)).deep
          expect(Object.keys(scrambled)).toEqual(Object.keys(fields))
          for (const [name, own] of Object.entries(fields)) {
            expect(Buffer.byteLength(String(scrambled[name]))).toBe(Buffer.byteLength(String(own)))
            if (/[a-z]{8}|[0-9]{8}/i.test(String(own))) expect(scrambled[name]).not.toBe(own)
          }
        },
      ),
    )
  })

  it('loses data that serves as a name', () => {
    const body = Buffer.from('{"members":{"jane.doe@example.com":1,"+4917012345678":2},"__proto__":{"email":"a@b.c"}}')
    const text = documentOf(body)!.render(() => undefined)
    expect(text).not.toMatch(/jane|example|4917012345678|a@b\.c/)
    expect(text).toContain('"__proto__"')
  })
})

const { root, reportOf } = runsFolder()

describe('npm run record', () => {
  it('makes bodies that a scenario sends, and a run passes', async () => {
    const lines: string[] = []
    for (let seed = 0; seed < 30; seed++) {
      const { sample, headers } = await requestOf('stripe', seed)
      const own = { ...JSON.parse(Buffer.from(sample.body).toString()), note: 'n'.repeat(NOTE_BYTES) }
      lines.push(JSON.stringify({ headers, body: own }))
    }
    const input = join(folder, 'kept.jsonl')
    const out = join(folder, 'mine.jsonl')
    writeFileSync(input, [...lines, 'not json', '{"no":"id"}'].join('\n'))
    const recorded = await floodmark('record', 'stripe', input, '--out', out)
    expect(recorded.code, recorded.err).toBe(0)
    expect(recorded.out).toContain('30 bodies')
    expect(recorded.err).toContain('left out line 31: not JSON')
    expect(recorded.err).toContain('left out line 32: the body has no id')
    expect(readFileSync(out, 'utf8')).not.toContain(PERSON)

    const core = new URL('../../../src/runner/scenario/scenario.ts', import.meta.url).href
    writeFileSync(
      join(folder, 'sale.ts'),
      `import steady from '${new URL('../../../scenarios/steady.ts', import.meta.url).href}'
import { defineScenario } from '${core}'
export default defineScenario({ ...steady, name: 'mine', mix: [{ provider: 'stripe', share: 1, bodies: './mine.jsonl' }] })`,
    )
    const easy = ['--rate', '300', '--duration', '3', '--p99', '300000']
    const { code, err, out: said } = await played(join(root, 'mine'), join(folder, 'sale.ts'), ...easy)
    expect(code, said + err).toBe(0)
    const { audit } = reportOf('mine')
    expect(audit).toMatchObject({ lost: 0, refused: 0, misjudged: 0, unexpected: 0 })
    expect(audit.applied).toBeGreaterThan(500)
    for (const { bodyBytes } of readJournal(journalPath(join(root, 'mine'), 0)))
      expect(bodyBytes).toBeGreaterThan(NOTE_BYTES)
  })

  it.each([
    [['record', 'stripe', '/nowhere', '--out', 'x'], 'cannot be read'],
    [['record', 'nope', folder, '--out', 'x'], "unknown provider 'nope'"],
    [['record', 'adyen', folder, '--out', 'x'], 'signs inside the body'],
  ])('says in one line what is wrong with %j', async (args, what) => {
    const { code, err } = await floodmark(...args)
    expect(code).toBe(2)
    expect(err).toContain(what)
    expect(err).not.toContain('    at ')
  })

  it("a scenario whose bodies are another provider's is refused by line", async () => {
    const path = join(folder, 'other.jsonl')
    writeFileSync(path, '{"provider":"github","type":"push","body":"{}"}\n')
    const scenario = join(folder, 'other.ts')
    writeFileSync(
      scenario,
      `import steady from '${new URL('../../../scenarios/steady.ts', import.meta.url).href}'
export default { ...steady, mix: [{ provider: 'stripe', share: 1, bodies: './other.jsonl' }] }`,
    )
    const { code, err } = await floodmark('scenario', scenario, '--out', join(root, 'other'))
    expect(code).toBe(2)
    expect(err).toContain('line 1 was recorded for github, not stripe')
  })
})
