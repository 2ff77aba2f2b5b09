import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileError } from '../../core/base/kit/file-refusal.ts'
import { oneLined } from '../../core/base/one-line.ts'
import { makePrivateFolder } from '../../core/base/private-files.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { changesOf } from '../compare/changes.ts'
import { reportsOf } from '../history/named.ts'
import { changesLines, changesMarkdown, renderChanges } from '../render/compare/changes.ts'
import { EXIT } from './exit.ts'
import { addressOf } from './report.ts'
import { type Answering, answer } from './telling/answer.ts'
import { columnsOf } from './telling/columns.ts'

export interface RunsFlags extends Answering {
  /** A share, as 10% or 0.1. */
  readonly allow: string
  readonly out?: string
  /** A file that the markdown is added to. */
  readonly summary?: string
}

/** Beyond ten times as much nothing would be a regression. */
const ALLOW_MAX = 10

/** What changed from one run, or from the runs of one tag, to another. */
export function compareRuns(before: string, after: string, { allow, out, summary, json, quiet }: RunsFlags): number {
  const share = shareOf(allow)
  const sides = [before, after].map((name) => ({ name, reports: reportsOf(name) }))
  // Strings of a report that another has made do not control the terminal that shows them.
  const changes = oneLined(changesOf(sides[0]!, sides[1]!, share))
  if (out !== undefined) {
    makePrivateFolder(out)
    renderChanges(changes, out)
  }
  if (summary !== undefined) addTo(summary, changesMarkdown(changes))
  answer({ json, quiet }, changes, () => {
    const lines = changesLines(changes, columnsOf(process.stdout)).join('\n')
    return out === undefined ? `${lines}\n` : `${lines}\n  ${addressOf(join(out, 'changes.html'))}\n\n`
  })
  return { regression: EXIT.FAIL, 'no-regression': EXIT.PASS, 'not-comparable': EXIT.INDETERMINATE }[changes.outcome]
}

function addTo(path: string, text: string): void {
  try {
    appendFileSync(path, text)
  } catch (cause) {
    throw fileError(`cannot write ${path}`, cause)
  }
}

/** @throws FloodmarkError 'misuse'. */
function shareOf(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim())
  const isPercent = found?.[2] === '%'
  const share = found ? Number(found[1]) / (isPercent ? 100 : 1) : Number.NaN
  // Whoever writes 10 means 10%, and not ten times as much.
  if (share >= 0 && (isPercent ? share <= ALLOW_MAX : share < 1)) return share
  throw new FloodmarkError('misuse', `--allow '${text}' is not a share: write 10% or 0.1, and at most ${ALLOW_MAX}00%`)
}
