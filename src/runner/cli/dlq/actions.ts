import { once } from 'node:events'
import { systemClock } from '../../../core/contracts/clock.ts'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import { KEPT_COPIES, type Ledger } from '../../../core/contracts/ledger.ts'
import { LinesFile } from '../../../core/dead-letters/file.ts'
import { chosen, type FilterFlags, filterOf, isFiltered } from '../../../core/dead-letters/filter.ts'
import { Groups } from '../../../core/dead-letters/groups.ts'
import { ReplayJournal } from '../../../core/dead-letters/journal.ts'
import { toJson } from '../../../core/dead-letters/letter.ts'
import { countForPurge, purge } from '../../../core/dead-letters/purge.ts'
import { heldBackFor, type ReplayOptions, replay, resume } from '../../../core/dead-letters/replay.ts'
import { isExpired, RetentionWatch } from '../../../core/dead-letters/retention.ts'
import { perS } from '../../plan/quantities.ts'
import { EXIT } from '../exit.ts'
import { flagValue } from '../settings/flag-value.ts'
import { openLedger, openQueue } from './open.ts'
import { copyText, groupLines, groupRows, letterLine, lettersIn, letterText } from './view.ts'

/** As they come from the command line. */
export interface DlqFlags extends FilterFlags {
  readonly ledger: string
  readonly ledgerUrl?: string
  readonly namespace: string
  readonly queue: string
  readonly queueUrl?: string
  readonly rate: string
  readonly journal?: string
  readonly resume?: string
  readonly dryRun?: boolean
  readonly out?: string
  readonly copy?: string
  readonly all?: boolean
  readonly expired?: boolean
  readonly yes?: boolean
}
type Action = (flags: DlqFlags, signal: AbortSignal) => Promise<number>

const RATE = perS('letters', 0.001, 100_000)
const clock = systemClock

async function out(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}
const say = (line: string) => void process.stderr.write(`${line}\n`)

async function list(flags: DlqFlags): Promise<number> {
  const filter = filterOf(flags, clock.now())
  const groups = new Groups()
  const watch = new RetentionWatch(clock.now())
  await withLedger(flags, async (ledger) => {
    for await (const letter of chosen(ledger, filter)) {
      groups.add({ ...letter.event, ...letter })
      watch.add(letter)
      await out(letterLine(letter))
    }
  })
  for (const line of [...groupLines(groups), ...watch.lines()]) await out(line)
  return EXIT.PASS
}

async function copies(flags: DlqFlags): Promise<number> {
  return withLedger(flags, async (ledger) => {
    let kept = 0
    for await (const copy of ledger.keptCopies()) {
      kept++
      await out(`${copyText(copy)}\n`)
    }
    await out(kept === 0 ? 'no copies with another body' : `${kept} kept: the latest ${KEPT_COPIES.copiesMax} at most`)
    return EXIT.PASS
  })
}

async function show(flags: DlqFlags): Promise<number> {
  const filter = filterOf({ id: flags.id! }, clock.now())
  return withLedger(flags, async (ledger) => {
    for await (const letter of chosen(ledger, filter)) {
      await out(letterText(letter))
      return EXIT.PASS
    }
    throw new FloodmarkError('misuse', `no dead letter has the id ${flags.id}: see dlq list`)
  })
}

async function exportAll(flags: DlqFlags): Promise<number> {
  const filter = filterOf(flags, clock.now())
  return withLedger(flags, async (ledger) => {
    const file = flags.out === undefined ? undefined : new LinesFile(flags.out)
    let letters = 0
    for await (const letter of chosen(ledger, filter)) {
      letters++
      if (file) file.add(toJson(letter))
      else await out(JSON.stringify(toJson(letter)))
    }
    file?.sync()
    file?.close()
    if (file) say(`${lettersIn(letters)} in ${flags.out}`)
    return EXIT.PASS
  })
}

async function replayAll(flags: DlqFlags, signal: AbortSignal): Promise<number> {
  const ratePerS = flagValue('--rate', RATE, flags.rate)
  if (flags.resume !== undefined && (flags.dryRun || flags.journal !== undefined || isFiltered(flags))) {
    throw new FloodmarkError('misuse', '--resume takes the letters of its journal: leave out filters and other flags')
  }
  const filter = filterOf(flags, clock.now())
  return withLedger(flags, async (ledger) => {
    const place = { name: flags.queue, url: flags.queueUrl, namespace: flags.namespace }
    const queue = await openQueue(place, { name: flags.ledger, url: flags.ledgerUrl, namespace: flags.namespace })
    try {
      const moved = { ledger, queue, ratePerS, clock, signal, say }
      if (flags.dryRun) return await rehearse(moved, filter)
      return await move(moved, flags, filter)
    } finally {
      await queue.close()
    }
  })
}

async function rehearse(
  { ledger, queue, ratePerS }: Omit<ReplayOptions, 'journal'>,
  filter: ReturnType<typeof filterOf>,
) {
  let letters = 0
  for await (const letter of chosen(ledger, filter)) {
    const why = heldBackFor(letter, queue, clock.now())
    if (!why) letters++
    await out(why ? `would hold back ${letterLine(letter)} (${why})` : `would replay ${letterLine(letter)}`)
  }
  const tookS = (letters / ratePerS).toFixed(1)
  await out(`${lettersIn(letters)} would be replayed, in ${tookS} s at ${ratePerS}/s; nothing was changed`)
  return EXIT.PASS
}

async function move(moved: Omit<ReplayOptions, 'journal'>, flags: DlqFlags, filter: ReturnType<typeof filterOf>) {
  const route = { ledger: flags.ledger, queue: flags.queue, namespace: flags.namespace }
  const begun = flags.resume === undefined ? undefined : ReplayJournal.resume(flags.resume, route)
  const journal = begun?.journal ?? ReplayJournal.begin(flags.journal ?? named('dlq-replay'), route)
  try {
    const options = { ...moved, journal }
    const { replayed, heldBack } = begun ? await resume(options, begun.open) : await replay(options, filter)
    await out(`${lettersIn(replayed)} replayed${heldBack ? `, ${heldBack} held back` : ''}; journal: ${journal.path}`)
    if (moved.signal.aborted) {
      const how = begun ? 'the journal still holds: resume it again' : 'are still there: run it again'
      await out(`interrupted between two letters; those not replayed ${how}`)
      return EXIT.INTERRUPTED
    }
    if (begun) await out('the journal holds none open; letters that its replay never began: replay them with a filter')
    return heldBack ? EXIT.ENVIRONMENT : EXIT.PASS
  } finally {
    journal.close()
  }
}

async function purgeAll(flags: DlqFlags): Promise<number> {
  if ((isFiltered(flags) || Boolean(flags.expired)) === Boolean(flags.all)) {
    throw new FloodmarkError('misuse', 'purge needs a filter (--expired, --type, --reason, …), or --all; not both')
  }
  const wanted = filterOf(flags, clock.now())
  const filter: typeof wanted = (letter) => wanted(letter) && (!flags.expired || isExpired(letter, clock.now()))
  return withLedger(flags, async (ledger) => {
    const { groups, young } = await countForPurge(ledger, filter, clock.now())
    const letters = lettersIn(groups.total)
    if (young > 0) say(`warning: ${young} of ${groups.total} are younger than 14 days, the time to mend and replay`)
    if (groups.total === 0 || flags.dryRun) {
      for (const line of groupRows(groups)) await out(line)
      await out(`${letters} would be deleted; nothing was changed`)
      return EXIT.PASS
    }
    if (!flags.yes) {
      throw new FloodmarkError('misuse', `${letters} would be deleted: see them with --dry-run, delete them with --yes`)
    }
    const copy = flags.copy ?? named('dlq-purged')
    const { deleted } = await purge(ledger, filter, copy)
    await out(`${lettersIn(deleted)} deleted; copy: ${copy}. Their marks stay: what a sender sends again is absorbed`)
    return EXIT.PASS
  })
}

async function withLedger<T>(flags: DlqFlags, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = await openLedger({ name: flags.ledger, url: flags.ledgerUrl, namespace: flags.namespace })
  try {
    return await work(ledger)
  } finally {
    await ledger.close()
  }
}

const named = (what: string) => `${what}-${new Date(clock.now()).toISOString().replace(/[:.]/g, '-')}.jsonl`

export const actions = { list, show, copies, export: exportAll, replay: replayAll, purge: purgeAll } satisfies Record<
  string,
  Action
>
export type Actions = typeof actions
