import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/core/contracts/clock.ts'
import { type BodyFetcherOptions, createBodyFetcher } from '../../../src/core/processing/claim-check.ts'

const CONTENT = Buffer.from('the whole invoice, page after page '.repeat(5_000))
const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
const reference = { url: '/invoice', bytes: CONTENT.length, sha256: sha256(CONTENT) }
const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** A store on a free port, and a fetcher that may fetch from it. */
async function store(answer: RequestListener, options: Partial<BodyFetcherOptions> = {}) {
  const urls: string[] = []
  const server = createServer((request, response) => {
    urls.push(request.url!)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, urls, fetchBody: createBodyFetcher({ origins: [origin], clock: systemClock, ...options }) }
}
const whole: RequestListener = (_, response) => response.end(CONTENT)

describe('the claim-check', () => {
  it('fetches what a reference names, by a path and by its whole address', async () => {
    const { origin, fetchBody } = await store(whole)
    expect(Buffer.from(await fetchBody(reference)).equals(CONTENT)).toBe(true)
    const absolute = { ...reference, url: `${origin}/invoice` }
    expect(Buffer.from(await fetchBody(absolute)).equals(CONTENT)).toBe(true)
  })

  it.each([
    'https://evil.test/x',
    '//evil.test/x',
    '/\\evil.test/x',
    'http://127.0.0.1:1/x',
    'file:///etc/passwd',
    'http://[',
  ])('fetches nothing from elsewhere: %s', async (url) => {
    const { urls, fetchBody } = await store(whole)
    await expect(fetchBody({ ...reference, url })).rejects.toMatchObject({ code: 'rejected' })
    expect(urls).toEqual([])
  })

  it('sends no name and password that an address carries', async () => {
    const { origin, urls, fetchBody } = await store(whole)
    const url = `${origin.replace('http://', 'http://me:secret@')}/invoice`
    await expect(fetchBody({ ...reference, url })).rejects.toMatchObject({ code: 'rejected' })
    expect(urls).toEqual([])
  })

  it('follows no redirect, not even to an origin of its own', async () => {
    const { urls, fetchBody } = await store((_, response) => response.writeHead(302, { location: '/other' }).end())
    await expect(fetchBody(reference)).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringContaining('302'),
    })
    expect(urls).toEqual(['/invoice'])
  })

  it.each([
    ['longer', Buffer.concat([CONTENT, CONTENT])],
    ['one byte longer', Buffer.concat([CONTENT, Buffer.from('x')])],
    ['shorter', CONTENT.subarray(1)],
    ['other', Buffer.concat([CONTENT.subarray(1), Buffer.from('x')])],
  ])('refuses for good a content that is %s than announced', async (_, content) => {
    const { fetchBody } = await store((_request, response) => response.end(content))
    await expect(fetchBody(reference)).rejects.toMatchObject({ code: 'rejected' })
  })

  it('asks for nothing that is announced to be too long', async () => {
    const { urls, fetchBody } = await store(whole, { bytesMax: CONTENT.length - 1 })
    await expect(fetchBody(reference)).rejects.toMatchObject({ code: 'rejected' })
    expect(urls).toEqual([])
  })

  it.each([
    undefined,
    null,
    'x',
    {},
    { ...reference, bytes: -1 },
    { ...reference, bytes: 1.5 },
    { ...reference, sha256: 'abc' },
  ])('refuses for good what is no reference: %j', async (given) => {
    const { fetchBody } = await store(whole)
    await expect(fetchBody(given)).rejects.toMatchObject({ code: 'rejected' })
  })

  it.each([503, 500, 404, 429])('calls an answer of %i something that may be better later', async (status) => {
    const { fetchBody } = await store((_, response) => response.writeHead(status).end())
    await expect(fetchBody(reference)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('calls a store that nobody listens for, or that cuts the content off, unavailable', async () => {
    const { fetchBody } = await store((_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length })
      response.write(CONTENT.subarray(0, 10_000), () => response.destroy())
    })
    await expect(fetchBody(reference)).rejects.toMatchObject({ code: 'unavailable' })
    const gone = createBodyFetcher({ origins: ['http://127.0.0.1:1'], clock: systemClock })
    await expect(gone(reference)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('gives up a store that begins and does not go on', async () => {
    const { fetchBody } = await store(
      (_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length })
        response.write(CONTENT.subarray(0, 10))
      },
      { timeoutMs: 50 },
    )
    await expect(fetchBody(reference)).rejects.toMatchObject({ code: 'timeout' })
  })

  it('fetches no more at once than it may, and all in the end', async () => {
    let now = 0
    let most = 0
    const { fetchBody } = await store(
      (_, response) => {
        most = Math.max(most, ++now)
        setTimeout(() => {
          now--
          response.end(CONTENT)
        }, 5)
      },
      { fetchesMax: 3 },
    )
    await Promise.all(Array.from({ length: 12 }, () => fetchBody(reference)))
    expect(most).toBe(3)
  })

  it.each(['', 'files.example.com', 'ftp://files.example.com', 'https://files.example.com/path'])(
    'takes no origin but a whole one, or one with a path that ends with a slash: %j',
    (origin) => {
      expect(() => createBodyFetcher({ origins: [origin], clock: systemClock })).toThrow(/is not an origin/)
    },
  )

  it('needs to be told from where it may fetch', () => {
    expect(() => createBodyFetcher({ origins: [], clock: systemClock })).toThrow(/at least one/)
  })
})

describe('a fetch of a content', () => {
  it('ends with the try that wanted it, also while it waits for its place', async () => {
    let asked = 0
    const server = createServer(() => void asked++).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const fetchBody = createBodyFetcher({ origins: [origin], clock: systemClock, fetchesMax: 1, timeoutMs: 60_000 })
    const reference = { url: '/a', bytes: 1, sha256: '0'.repeat(64) }
    const first = new AbortController()
    const second = new AbortController()
    const running = fetchBody(reference, { signal: first.signal })
    const waiting = fetchBody(reference, { signal: second.signal })
    await expect.poll(() => asked).toBe(1)
    second.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'timeout', message: 'the try that wanted the content is over' })
    first.abort()
    await expect(running).rejects.toMatchObject({ code: 'timeout' })
    expect(asked).toBe(1)
    server.closeAllConnections()
    server.close()
  })

  it("carries its own origin's headers only, and stays below that origin's path", async () => {
    const seen: (string | undefined)[] = []
    const content = Buffer.from('x')
    const start = async () => {
      const server = createServer((request, response) => {
        seen.push(request.headers.authorization)
        response.end(content)
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    }
    const [one, two] = [await start(), await start()]
    const origins = [{ url: `${one.origin}/ours/`, headers: { authorization: 'for one' } }, two.origin]
    const fetchBody = createBodyFetcher({ origins, clock: systemClock })
    const sha256 = createHash('sha256').update(content).digest('hex')
    await fetchBody({ url: `${one.origin}/ours/a`, bytes: 1, sha256 })
    await fetchBody({ url: `${two.origin}/a`, bytes: 1, sha256 })
    expect(seen).toEqual(['for one', undefined])
    for (const url of [
      `${one.origin}/theirs/a`,
      `${one.origin}/ours/../theirs/a`,
      `${one.origin}/ours%2f..%2ftheirs`,
    ]) {
      await expect(fetchBody({ url, bytes: 1, sha256 })).rejects.toMatchObject({ code: 'rejected' })
    }
    expect(seen).toHaveLength(2)
    one.server.close()
    two.server.close()
  })
})
