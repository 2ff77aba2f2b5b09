import type { Row } from '../../src/clients/postgres/connection.ts'
import { decodeDeadLetter } from '../../src/core/base/dead-letter.ts'
import { fateOfBuried } from '../../src/core/base/marks.ts'
import type { DeadLetter, EventFate, KeptCopy } from '../../src/core/contracts/ledger.ts'
import type { Asking } from './ask.ts'
import { wholeLetter } from './call.ts'

/** Behind every name that has a prefix. */
const LAST_NAME = '\u{10ffff}'

/** Dead letters, oldest first. */
export async function* buried(asking: Asking): AsyncIterable<DeadLetter> {
  for (let after: unknown = 0; ; ) {
    const rows = await asking.ask('settling', 'buried', [after])
    for (const { at_ms, failures, letter } of rows) {
      yield decodeDeadLetter(wholeLetter(at_ms as number, failures as number, letter as Buffer))
    }
    if (rows.length === 0) return
    after = rows.at(-1)!.position
  }
}

/** The fates of ids whose letters are kept. */
export async function lettersOf(asking: Asking, ids: readonly string[]): Promise<ReadonlyMap<string, EventFate>> {
  const rows = ids.length === 0 ? [] : await asking.ask('claims', 'letters', [ids])
  return new Map(
    rows.map(({ id, at_ms, failures, letter }) => {
      const whole = wholeLetter(at_ms as number, failures as number, letter as Buffer)
      return [id as string, fateOfBuried(decodeDeadLetter(whole))]
    }),
  )
}

export async function* keptCopies(asking: Asking): AsyncIterable<KeptCopy> {
  for (const { letter } of await asking.ask('settling', 'keptCopies')) {
    const { event, atMs } = decodeDeadLetter(letter as Buffer)
    yield { event, atMs }
  }
}

/** Names with a prefix and what they hold, a page at a time. */
export async function* pagesOf(
  asking: Asking,
  statement: 'scan' | 'items',
  prefix: string,
): AsyncIterable<readonly [string, Uint8Array]> {
  for (let last: Row | undefined; ; ) {
    const after = [last?.name ?? null, ...(statement === 'items' ? [last?.position ?? null] : [])]
    const rows = await asking.ask('settling', statement, [prefix, prefix + LAST_NAME, ...after])
    for (const { name, value } of rows) yield [name as string, value as Buffer]
    last = rows.at(-1)
    if (!last) return
  }
}
