import { existsSync, readFileSync } from 'node:fs'
import { writePrivate } from '../../core/base/private-files.ts'
import type { Ledger, Tx } from '../../core/contracts/ledger.ts'
import type { Drift } from '../../core/processing/schemas.ts'
import { driftPath } from './run-record.ts'

/** What the stack noticed about an event and let pass; written in the transaction of its effect. */
export interface DriftNote {
  readonly seq: number
  readonly outcome: Drift['outcome']
  readonly reason: string
}

const NOTES = 'drift/'

export function noteDrift(tx: Tx, source: string, note: DriftNote): void {
  tx.append(NOTES + source, Buffer.from(JSON.stringify(note)))
}

/** Writes the notes beside the report; no file where there are none. */
export async function exportNotes(ledger: Ledger, folder: string): Promise<void> {
  const lines: string[] = []
  for await (const [, value] of ledger.items(NOTES)) lines.push(`${Buffer.from(value)}\n`)
  if (lines.length > 0) writePrivate(driftPath(folder), lines.join(''))
}

export function readNotes(folder: string): DriftNote[] {
  const path = driftPath(folder)
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}
