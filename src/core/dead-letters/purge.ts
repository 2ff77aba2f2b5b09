import type { Ledger } from '../contracts/ledger.ts'
import { LinesFile } from './file.ts'
import { chosen, type Filter } from './filter.ts'
import { Groups } from './groups.ts'
import { toJson } from './letter.ts'
import { isExpired } from './retention.ts'

interface Purged {
  readonly deleted: number
}

/** What a purge would delete, and how many of them are younger than they should get. */
export async function countForPurge(ledger: Ledger, filter: Filter, nowMs: number) {
  const groups = new Groups()
  let young = 0
  for await (const letter of chosen(ledger, filter)) {
    groups.add({ ...letter.event, ...letter })
    if (!isExpired(letter, nowMs)) young++
  }
  return { groups, young }
}

/** Deletes chosen letters, all but their marks, each only after its copy is in a new file on the disk. @throws as LinesFile and the ledger. */
export async function purge(ledger: Ledger, filter: Filter, copyPath: string): Promise<Purged> {
  const copy = new LinesFile(copyPath)
  const ids: string[] = []
  try {
    for await (const letter of chosen(ledger, filter)) {
      copy.add(toJson(letter))
      ids.push(letter.event.id)
    }
    copy.sync()
  } finally {
    copy.close()
  }
  for (const id of ids) await ledger.forget(id)
  return { deleted: ids.length }
}
