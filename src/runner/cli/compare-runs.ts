import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { oneLined } from '../../core/base/one-line.ts'
import { makePrivateFolder } from '../../core/base/private-files.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { changesOf } from '../compare/changes.ts'
import { reportsOf } from '../history/named.ts'
import { changesHtml, changesJunit, changesLines, changesMarkdown } from '../render/compare/changes.ts'
import { writeWhole } from '../render/write-whole.ts'
import { EXIT } from './exit.ts'

export interface RunsFlags {
  /** A share, as 10% or 0.1. */
  readonly allow: string
  readonly out?: string
  /** A file that the markdown is added to. */
  readonly summary?: string
  readonly json?: boolean
}

/** What changed from one run, or from the runs of one tag, to another. */
export function compareRuns(before: string, after: string, { allow, out, summary, json }: RunsFlags): number {
  const share = shareOf(allow)
  const sides = [before, after].map((name) => ({ name, reports: reportsOf(name) }))
  // Strings of a report that another has made do not control the terminal that shows them.
  const changes = oneLined(changesOf(sides[0]!, sides[1]!, share))
  if (out !== undefined) {
    makePrivateFolder(out)
    writeWhole(out, {
      'changes.json': `${JSON.stringify(changes, null, 1)}\n`,
      'changes.html': changesHtml(changes),
      'changes.md': changesMarkdown(changes),
      'junit.xml': changesJunit(changes),
    })
  }
  if (summary !== undefined) addTo(summary, changesMarkdown(changes))
  process.stdout.write(json ? `${JSON.stringify(changes, null, 1)}\n` : `${changesLines(changes).join('\n')}\n`)
  if (out !== undefined && !json) process.stdout.write(`  ${join(out, 'changes.html')}\n\n`)
  return { regression: EXIT.FAIL, 'no-regression': EXIT.PASS, 'not-comparable': EXIT.INDETERMINATE }[changes.outcome]
}

function addTo(path: string, text: string): void {
  try {
    appendFileSync(path, text)
  } catch (cause) {
    throw new FloodmarkError('unavailable', `cannot write ${path}: ${messageOf(cause)}`, { cause })
  }
}

/** @throws FloodmarkError 'misuse'. */
function shareOf(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim())
  const share = found ? Number(found[1]) / (found[2] ? 100 : 1) : Number.NaN
  if (share >= 0 && share <= 10) return share
  throw new FloodmarkError('misuse', `--allow '${text}' is not a share: write 10% or 0.1`)
}
