import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { LivePage } from '../../../src/runner/live/live-page.ts'
import { planOf } from '../../../src/runner/plan/plan-run.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import type { Progress } from '../../../src/runner/records/facts.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-live-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const progress = { atMs: 1_000, sent: 300, retries: 0, accepted: 299, refused: 1, unknown: 0, unsent: 0 } as Progress

/** The events that a page is told, as they come. */
async function* eventsOf(address: string): AsyncGenerator<readonly [name: string, data: Record<string, unknown>]> {
  const { body } = await fetch(`${address}events`)
  let text = ''
  for await (const bytes of body!) {
    text += Buffer.from(bytes).toString()
    const whole = text.split('\n\n')
    text = whole.pop()!
    for (const one of whole) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(one) ?? []
      if (name) yield [name, JSON.parse(data!)]
    }
  }
}

describe('the page of a run that goes on', () => {
  it('tells everybody who looks what has come so far, and becomes the report', { timeout: 60_000 }, async () => {
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

  it('is for this machine alone: another host in the request gets nothing, nor does another path', {
    timeout: 30_000,
  }, async () => {
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
