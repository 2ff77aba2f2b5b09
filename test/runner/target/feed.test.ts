import { once } from 'node:events'
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

  it('may be an address with a login, which goes with the request and is in no error', async () => {
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.headers.authorization} ${request.url}`)
      response.writeHead(asked.length > 1 ? 403 : 200).end('a-1 x')
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const feed = openFeed(`http://me:p%40ss@127.0.0.1:${port}/effects?k=v`, 'run-1')
    expect(await feed.lines()).toEqual(['a-1 x'])
    const login = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    expect(asked).toEqual([`${login} /effects?k=v&run=run-1`])
    const shown = `http://me@127.0.0.1:${port}/effects?k=***`
    await expect(feed.lines()).rejects.toThrow(`cannot read the effects from ${shown}: it answered 403`)
  })

  it.each([
    ['http://me:hunter2%@127.0.0.1:1/effects', 'the address of --effects has a % that begins no code: write it as %25'],
    ['http://me:a/hunter2@127.0.0.1:1/effects', 'http://me@127.0.0.1:1/effects is no address that tells of effects'],
  ])('is refused before anything is sent where its login cannot be read: %s', (from, words) => {
    expect(() => openFeed(from, 'a')).toThrow(words)
    expect(() => openFeed(from, 'a')).not.toThrow('hunter2')
  })

  it('that cannot be read is said with its name', async () => {
    const path = join(folder, 'absent.txt')
    await expect(openFeed(path, 'a').lines()).rejects.toThrow(`cannot read the effects from ${path}: `)
  })
})
