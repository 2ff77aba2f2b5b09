import type { Command } from 'commander'
import { oneLine } from '../../../core/base/one-line.ts'
import { systemClock } from '../../../core/contracts/clock.ts'
import { checkIds, type EventAnswer, lookUp } from '../../../core/handling/look-up.ts'
import { loadConfig } from '../../../product/config/load.ts'
import { openLook } from '../../../product/config/stores.ts'
import { processingOf } from '../../../product/service/processing.ts'

const AFTER = `
It may be asked beside a running service: nothing is held and nothing is changed. An id is the source, a colon and the sender's own.

Examples:
  npm run lookup -- stripe:evt_1
  npm run lookup -- --json shopify:b1946ac9 shopify:591785b7

Exits: 0 answered, 2 bad input, 3 environment.`

/** The command `lookup`: what became of events. */
export function define(command: Command): void {
  command
    .argument('<id...>', 'ids of events')
    .option('--config <file>', 'the config (default: floodmark.config.ts of this folder)')
    .option('--json', 'the answers as JSON (default: off)')
    .addHelpText('after', AFTER)
    .action(async (ids: string[], { config, json }: { config?: string; json?: boolean }) => {
      checkIds(ids)
      const loaded = await loadConfig(config)
      const { effect } = await processingOf(loaded)
      const ledger = await openLook(loaded, systemClock)
      try {
        const answers = await lookUp(ledger, effect, ids)
        process.stdout.write(json ? `${JSON.stringify(answers, undefined, 2)}\n` : answers.map(linesOf).join(''))
      } finally {
        await ledger.close()
      }
    })
}

function linesOf({ id, fates }: EventAnswer): string {
  return fates.map(({ handler, ...fate }) => `${id}  ${handler ? `${handler}: ` : ''}${fateText(fate)}\n`).join('')
}

function fateText(fate: EventAnswer['fates'][number]): string {
  const at = (ms: number) => new Date(ms).toISOString()
  const tries = (count: number) => (count === 1 ? '1 try' : `${count} tries`)
  if (fate.state === 'unknown') return 'unknown: not tried yet, not meant, or longer ago than the ledger remembers'
  if (fate.state === 'in-hand') return 'in hand: somebody works on it now'
  if (fate.state === 'waiting') {
    return `waiting to be tried again: ${tries(fate.failures)} failed, ${fate.lostTries} ended without an outcome`
  }
  if (fate.state === 'buried')
    return `buried at ${at(fate.atMs)} after ${tries(fate.failures)}: ${oneLine(fate.reason)}`
  if (fate.state !== 'applied' || !fate.handled) return 'took effect'
  const { outcome, attempts, atMs } = fate.handled
  const what = outcome === 'done' ? 'took effect' : 'there was nothing to do'
  return `${what}, at ${at(atMs)}, with ${tries(attempts)}`
}
