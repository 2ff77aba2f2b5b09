import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { LiveSample } from '../../../src/runner/live/live-messages.ts'
import { LivePage } from '../../../src/runner/live/live-page.ts'
import { planOf } from '../../../src/runner/plan/plan-run.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { preciseNow } from '../../../src/runner/processes/precise-now.ts'
import type { Progress, ServiceSample } from '../../../src/runner/records/facts.ts'
import { eventsOf } from './watched.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-live-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const progress = { atMs: 1_000, sent: 300, retries: 0, accepted: 299, refused: 1, unknown: 0, unsent: 0 } as Progress

describe('the page of a run that goes on', () => {
  it('tells everybody who looks what has come so far, and becomes the report', async () => {
    const live = await LivePage.start()
    try {
      const plan = await planOf(settingsOf('broker-restart', { quick: true }).settings)
      const events = live.show(plan, 'a stack')
      events.progress(0, progress)
      expect(await (await fetch(live.address)).text()).toContain('EventSource')
      const seen: string[] = []
      for await (const [name, data] of eventsOf(live.address)) {
        seen.push(name)
        if (name === 'begin') {
          expect(data.run).toMatchObject({ title: 'broker-restart: a stack', acceptP99Ms: 15_000 })
          expect(data).toMatchObject({ run: { bands: [{ text: 'kill: queue-server' }] } })
          const page = join(folder, 'report.html')
          writeFileSync(page, '<p>the report</p>')
          events.phase('drain')
          live.note('one run is over')
          void live.become(page)
        }
        if (name === 'done') break
      }
      expect(seen).toEqual(expect.arrayContaining(['begin', 'phase', 'note', 'done']))
      expect(await (await fetch(`${live.address}report`)).text()).toBe('<p>the report</p>')
    } finally {
      await live.end()
    }
  })

  it('counts what took effect since sending began, of all processes, and at last what the ledger has', async () => {
    const live = await LivePage.start()
    try {
      const events = live.show(await planOf(settingsOf('steady', { quick: true }).settings), 'a stack')
      const nowMs = preciseNow()
      const service = (atMs: number, applied: number) =>
        ({ atMs: nowMs + atMs, applied, buried: 0, backlog: 3 }) as ServiceSample
      // Sending began a second ago; what was applied before is of the warm-up, and one process began only then.
      events.sample(service(-2_000, 400), 'a')
      events.sample(service(-1_500, 500), 'a')
      events.sample(service(-500, 540), 'a')
      events.sample(service(-400, 10), 'b')
      events.progress(0, { ...progress, firstP99Ms: 12 })
      const seen: LiveSample[] = []
      for await (const [name, data] of eventsOf(live.address)) {
        if (name === 'begin') seen.push(...(data.samples as LiveSample[]))
        if (name === 'sample') seen.push(data.sample as LiveSample)
        const last = seen.at(-1)
        if (last?.applied === 50) events.settled!({ applied: 299, buried: 1 })
        if (last?.applied === 299) break
      }
      expect(seen.at(-1)).toMatchObject({ atMs: 1_000, sent: 300, applied: 299, buried: 1, firstP99Ms: 12 })
    } finally {
      await live.end()
    }
  })

  it('is for this machine alone: another host in the request gets nothing, nor does another path', async () => {
    const live = await LivePage.start()
    try {
      const statusOf = (path: string, host: string) =>
        new Promise((resolve, reject) => {
          request(new URL(path, live.address), { headers: { host } }, (response) => {
            response.resume()
            resolve(response.statusCode)
          })
            .once('error', reject)
            .end()
        })
      expect(await statusOf('/', 'evil.example')).toBe(404)
      expect(await statusOf('/report', '127.0.0.1')).toBe(404)
      expect(await statusOf('/../package.json', 'localhost')).toBe(404)
      expect(await statusOf('/', 'localhost')).toBe(200)
    } finally {
      await live.end()
    }
  })
})
