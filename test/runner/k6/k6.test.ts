import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { exportK6 } from '../../../src/runner/k6/export.ts'
import { importK6 } from '../../../src/runner/k6/import.ts'
import { iterationsOf, k6Options } from '../../../src/runner/k6/shape.ts'
import { eventId } from '../../../src/runner/plan/identity.ts'
import { planOf } from '../../../src/runner/plan/plan-run.ts'
import { type RunConfig, settingsOf } from '../../../src/runner/plan/settings.ts'
import { readPlan } from '../../../src/runner/records/plan-file.ts'
import type { RunEvents } from '../../../src/runner/records/run-events.ts'
import { html } from '../../../src/runner/render/html.ts'
import { terminal } from '../../../src/runner/render/terminal.ts'
import type { Report } from '../../../src/runner/report/report-schema.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { load } from '../../../src/runner/scenario/plugins.ts'
import { floodmark, runsFolder } from '../floodmark.ts'

const { root } = runsFolder()
beforeAll(() => void mkdirSync(root, { recursive: true }))
const player = new URL('./play-script.ts', import.meta.url).pathname
const TARGET = 'http://127.0.0.1:9/hooks/{provider}'

const planned = async (given: RunConfig = {}, scenario = 'steady', signing = {}) =>
  planOf({ ...settingsOf(scenario, { target: TARGET, rate: 40, duration: '2s', ...given }).settings, signing })

describe('the script for k6', () => {
  it.each(['generic', 'stripe', 'slack', 'standard-webhooks', 'github', 'shopify', 'razorpay', 'label-studio'])(
    'signs as %s does, with the plan’s ids and bodies',
    async (name) => {
      const provider: Provider = await load('provider', name)
      const plan = await planned({ provider: name })
      const out = join(root, `${name}.ts`)
      await exportK6(plan, out)
      const requests = JSON.parse(execFileSync(process.execPath, [player, out, '20'], { encoding: 'utf8' }))
      expect(requests).toHaveLength(20)
      const { events } = readPlan(out.replace('.ts', '.plan'))
      for (const [seq, { url, body, headers, seq: tagged }] of requests.entries()) {
        const header = (wanted: string) => headers[wanted]
        const request = { url: new URL(url).pathname, raw: Buffer.from(body), receivedAtMs: Date.now(), header }
        expect(request.url).toBe(`/hooks/${name}`)
        provider.verify(request, [provider.secret(plan.routes[0]!.verifying)])
        expect(provider.identify(request).id).toContain(`${plan.runId}-${seq}`)
        expect(tagged).toBe(String(seq))
        expect(events.at(seq).bodyBytes).toBe(request.raw.length)
      }
    },
  )

  it('takes a secret from the environment, and no file holds it', async () => {
    const secret = 'whsec_given-by-a-person-0123456789'
    const plan = await planned({ provider: 'stripe' }, 'steady', { stripe: secret })
    const out = join(root, 'secret.ts')
    const { files } = await exportK6(plan, out)
    for (const file of [...files.slice(0, 3), join(files[3]!, 'plan.json'), join(files[3]!, 'export.json')]) {
      expect(readFileSync(file, 'utf8')).not.toContain(secret)
    }
    const env = { ...process.env, FLOODMARK_SECRET_STRIPE: secret }
    const [request] = JSON.parse(execFileSync(process.execPath, [player, out, '1'], { encoding: 'utf8', env }))
    const stripe: Provider = await load('provider', 'stripe')
    const raw = Buffer.from(request.body)
    const header = (name: string) => request.headers[name]
    stripe.verify({ url: '/', raw, receivedAtMs: Date.now(), header }, [stripe.secret(secret)])
    // Nothing is signed with an empty secret.
    const { status, stderr } = spawnSync(process.execPath, [player, out, '1'], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('FLOODMARK_SECRET_STRIPE is not set'),
    })
  })

  it('is refused for a provider that k6 cannot sign for, and for a file that is there', async () => {
    await expect(exportK6(await planned({ provider: 'discord' }), join(root, 'discord.ts'))).rejects.toThrow(
      'k6 cannot sign',
    )
    writeFileSync(join(root, 'there.ts'), '')
    await expect(exportK6(await planned(), join(root, 'there.ts'))).rejects.toThrow('there already')
  })

  it('has the shape’s arrivals, and thresholds from the pass marks', async () => {
    const plan = await planned({ rate: 100, duration: '60s' }, 'flash-sale')
    const { scenarios, thresholds } = k6Options({ ...plan, acceptP99Ms: 250, timeoutMs: 5_000 })
    expect(thresholds).toMatchObject({
      'http_req_duration{expected_response:true}': ['p(99)<=250'],
      dropped_iterations: ['count==0'],
    })
    const { stages } = scenarios.floodmark as unknown as { stages: { target: number; duration: string }[] }
    expect(
      stages
        .filter(({ duration }) => duration !== '0s')
        .reduce((sum, { duration }) => sum + Number.parseInt(duration, 10), 0),
    ).toBe(60_000)
    expect(Math.max(...stages.map(({ target }) => target))).toBeGreaterThan(9_000)
    const mean = stages.reduce(
      (sum, { target, duration }) => sum + (target / 10) * (Number.parseInt(duration, 10) / 1_000),
      0,
    )
    expect(iterationsOf(plan).most).toBeGreaterThanOrEqual(mean)
  })
})

/** A request's points as k6 writes them. */
function point(seq: number, atMs: number, tookMs: number, tags: Record<string, string>): string {
  const time = new Date(atMs).toISOString().replace('Z', '000000Z')
  const of = (metric: string, value: number) =>
    JSON.stringify({ type: 'Point', metric, data: { time, value, tags, metadata: { seq: String(seq) } } })
  return `${of('http_req_duration', tookMs - 1)}\n${of('http_req_waiting', 1)}\n${of('http_req_blocked', 1)}\n`
}

/** Into a folder of that name, by the plan that the first test exports. */
function imported(
  name: string,
  {
    effects,
    ...more
  }: { points: string; plan?: string; effects?: string; interrupt?: AbortSignal; events?: RunEvents },
) {
  const folder = join(root, name)
  mkdirSync(folder)
  const quiet = { interrupt: new AbortController().signal, events: QUIET }
  return importK6({ ...quiet, plan: join(root, 'import.plan'), folder, effects, ...more })
}
const QUIET: RunEvents = { phase: () => {}, sample: () => {}, progress: () => {} }

describe('what k6 wrote', () => {
  it('is a run: outcomes by status and error, waits from sending, and what was dropped was not sent', async () => {
    const out = join(root, 'import.ts')
    await exportK6(await planned({ provider: 'github' }), out)
    const points = join(root, 'out.json')
    const startMs = Date.UTC(2026, 0, 1)
    writeFileSync(points, `${JSON.stringify({ type: 'Metric', metric: 'http_reqs', data: {} })}\n`)
    const ends = [{ status: '500' }, { status: '0', error_code: '1212' }, { status: '0', error_code: '1050' }]
    for (let seq = 0; seq < 60; seq++) {
      const tags: Record<string, string> = ends[seq - 10] ?? { status: '200' }
      appendFileSync(points, point(seq, startMs + seq * 20 + 7, 7, tags))
    }
    const time = new Date(startMs + 1_300).toISOString()
    appendFileSync(
      points,
      `${JSON.stringify({ type: 'Point', metric: 'dropped_iterations', data: { time, value: 3 } })}\n`,
    )
    const record = await imported('imported', { points })
    const report = await summarise(join(root, 'imported'), record)
    expect(report.audit).toMatchObject({ planned: 63, unfollowed: 57, refused: 2, unknown: 1, unsent: 3 })
    expect(report).toMatchObject({ sentBy: 'k6', verdict: 'INVALID', target: { followed: false } })
    expect(report.latency.accepted.first.p50!.ms).toBeCloseTo(7, 1)
    const ids = report.checks.map(({ id }) => id)
    for (const unknown of ['generator-lateness', 'generator-event-loop', 'sender-connections', 'lost'])
      expect(ids).not.toContain(unknown)
  })

  it('may be more than one call takes as arguments', async () => {
    const points = join(root, 'many.json')
    const atMs = Date.UTC(2026, 0, 1)
    const data = { time: new Date(atMs).toISOString(), value: 250_000 }
    writeFileSync(points, point(0, atMs + 7, 7, { status: '200' }))
    appendFileSync(points, `${JSON.stringify({ type: 'Point', metric: 'dropped_iterations', data })}\n`)
    const { startedAtEpochMs } = await imported('many', { points })
    expect(startedAtEpochMs).toBe(atMs)
  })

  /** Thirty accepted events of a plan that waits 0.3 s for their effects. */
  async function accepted(name: string): Promise<{ readonly points: string; readonly plan: string }> {
    const scenario = join(root, `${name}-scenario.ts`)
    const steady = new URL('../../../scenarios/steady.ts', import.meta.url).pathname
    const passes = '{ ...steady.passes, drainMs: 300 }'
    writeFileSync(scenario, `import steady from '${steady}'\nexport default { ...steady, passes: ${passes} }\n`)
    await exportK6(await planned({ provider: 'github' }, scenario), join(root, `${name}.ts`))
    const points = join(root, `${name}.points`)
    for (let seq = 0; seq < 30; seq++)
      appendFileSync(points, point(seq, Date.UTC(2026, 0, 1) + seq * 20, 7, { status: '200' }))
    return { points, plan: join(root, `${name}.plan`) }
  }
  const okOf = ({ checks }: Report, id: string) => checks.find((one) => one.id === id)?.ok

  it('whose effects are not waited for to the end is interrupted, and nothing is lost', async () => {
    const effects = join(root, 'no-effects.txt')
    writeFileSync(effects, '')
    const interrupt = new AbortController()
    const events = { ...QUIET, phase: () => interrupt.abort() }
    const of = await accepted('interrupted')
    const record = await imported('interrupted-run', { ...of, effects, events, interrupt: interrupt.signal })
    const report = await summarise(join(root, 'interrupted-run'), record)
    expect(report).toMatchObject({ interrupted: true, verdict: 'INDETERMINATE' })
    expect([okOf(report, 'lost'), okOf(report, 'drained')]).toEqual([null, null])
  })

  it('is refused where its effects cannot be read', async () => {
    const effects = join(root, 'mistyped.txt')
    const of = await accepted('mistyped')
    await expect(imported('mistyped-run', { ...of, effects })).rejects.toThrow(
      `cannot read the effects from ${effects}`,
    )
    expect(readdirSync(join(root, 'mistyped-run'))).toEqual([])
  })

  it('says nothing of effects that the target stops telling of, but of a double one that it has told of', async () => {
    const of = await accepted('stops')
    const runId = JSON.parse(readFileSync(join(of.plan, 'export.json'), 'utf8')).runId
    const line = `${eventId(runId, 1)} ${'0'.repeat(64)}`
    for (const [name, told] of Object.entries({ once: [line], twice: [line, line] })) {
      let asked = 0
      const server = createServer((_, response) => {
        // The first answer is to see whether it can be read at all.
        if (asked++ < 2) response.end(told.join('\n'))
        else response.writeHead(503).end()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const effects = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const record = await imported(name, { ...of, effects })
      server.close()
      const report = await summarise(join(root, name), record)
      // What it told has another body than what was sent.
      expect(report.audit).toMatchObject({ lost: 0, altered: 1, unfollowed: 29, lossBound95: null })
      const ok = ['lost', 'drained', 'effects-never-sent', 'effects-followed'].map((id) => okOf(report, id))
      expect(ok).toEqual([null, null, null, null])
      expect(okOf(report, 'double-effects')).toBe(name === 'once' ? null : false)
      expect(report.errors.join()).toContain('it answered 503')
      expect(report.cards.told?.unread).toContain('it answered 503')
      expect(html(report)).toContain('not told of')
      expect(terminal(report)).toContain('29 not told of')
    }
  })

  it.each(['', '{"type":"Metric"}\n', 'no json'])('is refused in one line where it is %j', async (text) => {
    const file = join(root, 'wrong.json')
    writeFileSync(file, text)
    const { code, err } = await floodmark(
      'import:k6',
      file,
      '--plan',
      join(root, 'import.plan'),
      '--out',
      join(root, 'wrong'),
    )
    expect(code).toBe(2)
    expect(err.trim().split('\n')).toHaveLength(1)
  })
})

function noK6(): string | undefined {
  if (spawnSync('k6', ['version']).status === 0) return undefined
  return 'k6 is not installed: go install go.k6.io/k6@latest'
}

it('a real k6 sends what was exported, every event once', async ({ skip }) => {
  const missing = noK6()
  if (missing) skip(missing)
  const ids: string[] = []
  const server = createServer((request, response) => {
    ids.push(String(request.headers['x-github-delivery']))
    request.resume().on('end', () => response.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const out = join(root, 'real.ts')
  try {
    await exportK6(await planned({ provider: 'github', target }), out)
    expect(await k6(out)).toBe(0)
  } finally {
    server.close()
  }
  const {
    code,
    out: said,
    err,
  } = await floodmark(
    'import:k6',
    join(root, 'real.points'),
    '--plan',
    join(root, 'real.plan'),
    '--out',
    join(root, 'real'),
  )
  expect(code, said + err).toBe(0)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.length).toBeGreaterThan(70)
})

function k6(script: string): Promise<number | null> {
  const child = spawn('k6', ['run', '--quiet', '--out', `json=${script.replace('.ts', '.points')}`, script], {
    stdio: 'ignore',
  })
  return new Promise((resolve) => child.on('close', resolve))
}
