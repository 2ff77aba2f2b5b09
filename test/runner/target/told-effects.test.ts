import { describe, expect, it } from 'vitest'
import { planOf } from '../../../src/runner/plan/plan-run.ts'
import { type RunConfig, recorded, settingsOf } from '../../../src/runner/plan/settings.ts'
import { pathAt, targetOf } from '../../../src/runner/scenario/target.ts'
import { readLine } from '../../../src/runner/target/told-effects.ts'

const DIGEST = '9b74c9897bac770f'

describe('a line that tells of an effect', () => {
  it.each([
    [`a-1 ${DIGEST}`, { id: 'a-1', atMs: Number.NaN, isDead: false }],
    [`  a-1\t${DIGEST.toUpperCase()},1700000000123.5 `, { id: 'a-1', atMs: 1_700_000_000_123.5, isDead: false }],
    [`a-1 ${DIGEST} 2026-01-01T00:00:00Z`, { id: 'a-1', atMs: Date.UTC(2026, 0, 1), isDead: false }],
    [`a-1 ${DIGEST}${DIGEST} 5 dead`, { id: 'a-1', atMs: 5, isDead: true }],
    [`a-1 ${DIGEST} dead`, { id: 'a-1', atMs: Number.NaN, isDead: true }],
  ])('%j is read', (line, told) => {
    expect(readLine(line)).toEqual({ ...told, digest: Buffer.from(DIGEST, 'hex') })
  })

  it.each(['a-1', 'a-1 xyz', `a-1 ${DIGEST} yesterday`, `a-1 ${DIGEST} 5 6`, `a-1 ${DIGEST} dead 5`, 'a-1 abc123'])(
    '%j is not read',
    (line) => expect(readLine(line)).toBeUndefined(),
  )
})

describe('the address of a target', () => {
  it.each([
    ...['ftp://host/', 'host/path', 'https://', 'http://host/#part'],
    ...[
      'https://me:hunter2@host/',
      'https://me:12/hunter2@host/',
      'me:hunter2@host/path',
      'https://me:a "hunter2@host/',
    ],
    `https://me:hunter2${'x'.repeat(60)}@host/`,
  ])('%s is refused, without its password', (target) => {
    const { mistakes } = settingsOf('steady', { target })
    expect(mistakes).toEqual([
      [expect.anything(), expect.stringContaining('is no address that requests can be sent to')],
    ])
    expect(mistakes[0]![1]).not.toContain('hunter')
  })

  it('may have an @ in its path', () => {
    for (const target of [
      'https://host/me@home',
      'https://host:1/@me',
      'https://host:1/x?to=me@home',
      'https://host:1/x%40y',
    ])
      expect(settingsOf('steady', { target }).mistakes).toEqual([])
  })

  it('gives host, port, name and path, and is shown without its secret', () => {
    const address = 'https://example.com/hooks/{provider}?code=abc&token=hidden'
    expect(targetOf(address)).toMatchObject({ host: 'example.com', port: 443, secure: true, name: 'example.com' })
    expect(recorded(settingsOf('steady', { target: address }).settings).target).not.toContain('hidden')
    expect(pathAt(address, 'stripe')).toBe('/hooks/stripe?code=abc&token=hidden')
    expect(targetOf('http://[::1]:8080/x')).toMatchObject({ host: '::1', port: 8080, name: '[::1]:8080' })
  })
})

describe('a plan for a target', () => {
  const planned = (scenario: string, more: RunConfig = {}) =>
    planOf(settingsOf(scenario, { target: 'http://127.0.0.1:9/{provider}', ...more }).settings)

  it.each([
    ['retry-storm', 'breaks the stack'],
    ['attack', 'attacks it'],
    ['schema-drift', 'how it processes'],
    ['reconcile', 'how it processes'],
  ])('refuses %s', async (scenario, why) => {
    await expect(planned(scenario)).rejects.toThrow(why)
  })

  it('has one sender where that was asked for, and no effect that is to fail', async () => {
    const plan = await planned('steady', { provider: 'github' })
    expect(plan.routes.map(({ path }) => path)).toEqual(['/github'])
    expect(plan.scenario.effects).toEqual({ failOnce: 0, failAlways: 0 })
  })

  it('says that --effects belongs to a target', async () => {
    await expect(planOf(settingsOf('steady', { effects: '-' }).settings)).rejects.toThrow('--target')
  })
})
