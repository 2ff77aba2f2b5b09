import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openFeed } from '../../../src/runner/target/feed.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-feed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('where a target tells of its effects', () => {
  it('is a file, read whole each time', async () => {
    const path = join(folder, 'effects.txt')
    writeFileSync(path, 'a-1 x\n')
    const feed = openFeed(path, 'a')
    expect(await feed.lines()).toEqual(['a-1 x', ''])
    writeFileSync(path, 'a-1 x\na-2 y\n')
    expect(await feed.lines()).toEqual(['a-1 x', 'a-2 y', ''])
    feed.close()
  })

  it('is the standard input, from the first line on', async () => {
    const input = new PassThrough()
    const feed = openFeed('-', 'a', input)
    input.write('a-1 x\na-2 ')
    await vi.waitFor(async () => expect(await feed.lines()).toEqual(['a-1 x']))
    input.write('y\n')
    await vi.waitFor(async () => expect(await feed.lines()).toEqual(['a-1 x', 'a-2 y']))
    feed.close()
  })

  it('is an address, which is told the run and keeps its own words', async () => {
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(request.url)
      response.writeHead(asked.length === 1 ? 200 : 500).end('a-1 x')
    })
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const feed = openFeed(`http://127.0.0.1:${port}/effects?token=hidden`, 'run-1')
    expect(await feed.lines()).toEqual(['a-1 x'])
    expect(asked).toEqual(['/effects?token=hidden&run=run-1'])
    const refused = feed.lines()
    await expect(refused).rejects.toThrow('it answered 500')
    await expect(refused).rejects.not.toThrow('hidden')
  })

  it('that cannot be read is said with its name', async () => {
    await expect(openFeed(join(folder, 'absent.txt'), 'a').lines()).rejects.toThrow('cannot read the effects from')
  })
})
