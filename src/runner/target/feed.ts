import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { decodedPart, shownUrl } from '../../core/base/kit/address.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'

/** Where a target tells of its effects. */
export interface Feed {
  /** Every line so far. @throws FloodmarkError 'unavailable' when it cannot be asked now. */
  lines(): Promise<readonly string[]>
  close(): void
}

const ANSWER_MS = 10_000

/**
 * Beforehand, so that nothing of it is missed. `from`: an address, a file, or - for the standard input.
 * @throws FloodmarkError 'misuse' where the login in an address cannot be read.
 */
export function openFeed(from: string, runId: string, input: NodeJS.ReadableStream = process.stdin): Feed {
  if (from === '-') return streamed(input)
  const read = /^https?:\/\//i.test(from) ? asking(from, runId) : () => readFile(from, 'utf8')
  return {
    async lines() {
      try {
        return (await read()).split('\n')
      } catch (cause) {
        throw new FloodmarkError('unavailable', `cannot read the effects from ${shownUrl(from)}: ${messageOf(cause)}`, {
          cause,
        })
      }
    },
    close() {},
  }
}

function streamed(input: NodeJS.ReadableStream): Feed {
  const lines: string[] = []
  const reader = createInterface({ input })
  reader.on('line', (line) => lines.push(line))
  return {
    lines: async () => lines,
    close: () => {
      reader.close()
      input.pause()
    },
  }
}

function asking(from: string, runId: string): () => Promise<string> {
  const url = URL.parse(from)
  if (!url) throw new FloodmarkError('misuse', `${shownUrl(from)} is no address that tells of effects`)
  url.searchParams.set('run', runId)
  const headers = loginTakenFrom(url)
  return async () => {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) })
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    return response.text()
  }
}

/** A fetch takes no address with a user or a password in it, and its error would show them. */
function loginTakenFrom(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {}
  const [user, password] = [url.username, url.password].map((part) =>
    decodedPart(part, 'the user or password in the address of --effects'),
  )
  const login = `${user}:${password}`
  url.username = ''
  url.password = ''
  return { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
}
