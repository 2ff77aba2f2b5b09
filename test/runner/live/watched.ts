import type { ChildProcess } from 'node:child_process'

/** Where the page of a run is that was started with --live. Rejects with what it said when it ends before. */
export function addressOf({ stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let told = ''
    stderr!.on('data', (data) => {
      told += data
      const line = /live: (http:\S+)/.exec(told)
      if (line) resolve(line[1]!)
    })
    stderr!.on('close', () => reject(new Error(`it has ended without a page: ${told}`)))
  })
}

/** The events that a page is told, as they come. */
export async function* eventsOf(
  address: string,
): AsyncGenerator<readonly [name: string, data: Record<string, unknown>]> {
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
