import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { shownUrl } from '../../core/base/kit/address.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'

/** Where a target tells of its effects. */
export interface Feed {
  /** Every line so far. @throws FloodmarkError 'unavailable' when it cannot be asked now. */
  lines(): Promise<readonly string[]>
  close(): void
}

const ANSWER_MS = 10_000

/** Beforehand, so that nothing of it is missed. `from`: an address, a file, or - for the standard input. */
export function openFeed(from: string, runId: string, input: NodeJS.ReadableStream = process.stdin): Feed {
  if (from === '-') return streamed(input)
  const read = /^https?:\/\//i.test(from) ? () => asked(from, runId) : () => readFile(from, 'utf8')
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

async function asked(from: string, runId: string): Promise<string> {
  const url = new URL(from)
  url.searchParams.set('run', runId)
  const headers = loginTakenFrom(url)
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) })
  if (!response.ok) throw new Error(`it answered ${response.status}`)
  return response.text()
}

/** A fetch takes no address with a user or a password in it, and its error would show them. */
function loginTakenFrom(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {}
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  return { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
}
