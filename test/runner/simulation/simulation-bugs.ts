import memory from '../../../ledgers/memory.ts'
import type { Clock } from '../../../src/core/contracts/clock.ts'
import type { WebhookEvent } from '../../../src/core/contracts/event.ts'
import type { Claim, Ledger, LedgerDriver, Settled } from '../../../src/core/contracts/ledger.ts'
import type { Queue } from '../../../src/core/contracts/queue.ts'
import type { SimulationOptions } from '../../../src/runner/simulation/simulate.ts'
import ledgerForgets from '../../planted/ledger-forgets.ts'
import queueDrops from '../../planted/queue-drops.ts'

type Base = { queue: Queue; ledger: Ledger }
type Plant = Pick<SimulationOptions, 'queue' | 'ledger' | 'seenBy' | 'lethalShare'>

const LATE_MS = 500
/** Of the events, where a bug needs some that end their process. */
const LETHAL_SHARE = 0.02

/** Publish resolves at once; the event is stored a moment later, unless the service has crashed by then. */
function acksEarly({ queue, ledger }: Base, clock: Clock, ended: () => boolean): Base {
  const publish: Queue['publish'] = async (events, options) => {
    clock.after(LATE_MS, () => {
      if (!ended()) void queue.publish(events, options)
    })
  }
  return { ledger, queue: Object.create(queue, { publish: { value: publish } }) }
}

/** Deliveries are acked as they are handed out: what then fails or dies never comes again. */
function acksBeforeEffect({ queue, ledger }: Base): Base {
  const consume: Queue['consume'] = (handle, options) =>
    queue.consume(async (batch) => {
      handle(batch, () => {}).catch(() => {})
      return batch.map(() => 'ack' as const)
    }, options)
  return { ledger, queue: Object.create(queue, { consume: { value: consume } }) }
}

/** Each service takes the log for its own: it numbers events from where the log ended at its start, and so writes over another's. */
function sharesOneLog() {
  const log: (WebhookEvent | undefined)[] = []
  return ({ queue, ledger }: Base, clock: Clock): Base => {
    let end = log.length
    const publish: Queue['publish'] = async (events, options) => {
      for (const event of events) {
        const at = end++
        log[at] = event
        clock.after(LATE_MS, () => {
          const isWhole = log[at] === event
          log[at] = undefined
          if (isWhole) void queue.publish([event], options)
        })
      }
    }
    return { ledger, queue: Object.create(queue, { publish: { value: publish } }) }
  }
}

/** What is published is kept back for a while, and then delivered last first. */
function reorders() {
  const held: Parameters<Queue['publish']>[0][number][] = []
  return ({ queue, ledger }: Base, clock: Clock): Base => {
    const publish: Queue['publish'] = async (events, options) => {
      if (held.length === 0) clock.after(LATE_MS, () => void queue.publish(held.splice(0).reverse(), options))
      held.push(...events)
    }
    return { ledger, queue: Object.create(queue, { publish: { value: publish } }) }
  }
}

/** The ledger with other claims and settlements. */
function changed(ledger: Ledger, { claim, settle }: Pick<Ledger, 'claim' | 'settle'>): Ledger {
  const claimAlone: Ledger['claimAlone'] = (event, leaseMs) => ledger.claimAlone(event, leaseMs)
  return Object.create(ledger, {
    claim: { value: claim },
    claimAlone: { value: claimAlone },
    settle: { value: settle },
  })
}

let copies = 0
/** Applies settlements under ids of their own, so that no mark and no claim of the real ledger stops them. */
async function applyAnyway(ledger: Ledger, settlements: Parameters<Ledger['settle']>[0]): Promise<void> {
  const applied = settlements
    .filter(({ result }) => result === 'applied')
    .map((one) => ({ ...one, event: { ...one.event, id: `${one.event.id}#${copies++}` } }))
  const events = applied.map(({ event }) => event)
  const claims = (await ledger.claim(events, 1_000)) as readonly { fence: number }[]
  await ledger.settle(applied.map((one, at) => ({ ...one, fence: claims[at]!.fence })))
}

/** Looks whether an id was settled, and later settles it, whoever else has done so between the two. */
function checksThenActs({ queue, ledger }: Base): Base {
  const claim: Ledger['claim'] = async (events, leaseMs) => {
    const claims = await ledger.claim(events, leaseMs)
    return claims.map(
      (one): Claim =>
        one.state === 'busy' ? { state: 'new', fence: 0, failures: 0, failingForMs: 0, lostTries: 0 } : one,
    )
  }
  const settle: Ledger['settle'] = async (settlements) => {
    await applyAnyway(ledger, settlements)
    const settled = await ledger.settle(withoutWrites(settlements))
    return settled.map((one): Settled => ({ ...one, held: true }))
  }
  return { queue, ledger: changed(ledger, { claim, settle }) }
}

/** The effect is written in a transaction of its own, the mark a moment later; a crash between doubles the effect. */
function effectOutside({ queue, ledger }: Base, clock: Clock, ended: () => boolean): Base {
  const settle: Ledger['settle'] = async (settlements) => {
    await applyAnyway(ledger, settlements)
    await new Promise<void>((resolve) => clock.after(LATE_MS, resolve))
    return ended() ? new Promise(() => {}) : ledger.settle(withoutWrites(settlements))
  }
  const claim: Ledger['claim'] = (events, leaseMs) => ledger.claim(events, leaseMs)
  return { queue, ledger: changed(ledger, { claim, settle }) }
}

function withoutWrites(settlements: Parameters<Ledger['settle']>[0]) {
  return settlements.map((one) => (one.result === 'applied' ? { ...one, writes: [] } : one))
}

/** Suspects are claimed with all others. `told`: what the processor hears of their lost tries. */
function claimsSuspects(told: (lostTries: number) => number) {
  return ({ queue, ledger }: Base): Base => {
    const claim: Ledger['claim'] = async (events, leaseMs) => {
      const claims = await ledger.claim(events, leaseMs)
      const again = claims.map((one, at) => (one.state === 'suspect' ? ledger.claimAlone(events[at]!, leaseMs) : one))
      return (await Promise.all(again)).map((one) =>
        one.state === 'new' ? { ...one, lostTries: told(one.lostTries) } : one,
      )
    }
    return { queue, ledger: changed(ledger, { claim, settle: (settlements) => ledger.settle(settlements) }) }
  }
}

/** Marks end long before the senders' last attempts. */
const endsMarksEarly: LedgerDriver = { ...memory, open: (options) => memory.open({ ...options, ttlMs: LATE_MS }) }

export interface Bug {
  /** Makes the bug anew for one simulation. */
  readonly plant: () => Plant
  /** The counter that must tell, and in what share of all seeds it has to, at least: a bug that harms nobody proves nothing. */
  readonly harms: 'lost' | 'duplicateEffects' | 'reordered' | 'blamed'
  readonly share: number
}

export const BUGS: Readonly<Record<string, Bug>> = {
  'acks before the event is durable': { plant: () => ({ seenBy: acksEarly }), harms: 'lost', share: 0.5 },
  'acks before the effect': { plant: () => ({ seenBy: acksBeforeEffect }), harms: 'lost', share: 0.8 },
  'drops one event in fifty': { plant: () => ({ queue: queueDrops }), harms: 'lost', share: 0.4 },
  'reorders a key': { plant: () => ({ seenBy: reorders() }), harms: 'reordered', share: 0.7 },
  'gives one log to two services': { plant: () => ({ seenBy: sharesOneLog() }), harms: 'lost', share: 0.2 },
  'forgets what it settled': { plant: () => ({ ledger: ledgerForgets }), harms: 'duplicateEffects', share: 0.6 },
  'ends marks while senders still send': {
    plant: () => ({ ledger: endsMarksEarly }),
    harms: 'duplicateEffects',
    share: 0.2,
  },
  'checks, then acts': { plant: () => ({ seenBy: checksThenActs }), harms: 'duplicateEffects', share: 0.1 },
  'writes the effect outside the transaction': {
    plant: () => ({ seenBy: effectOutside }),
    harms: 'duplicateEffects',
    share: 0.5,
  },
  'counts no lost tries': {
    plant: () => ({ seenBy: claimsSuspects(() => 0), lethalShare: LETHAL_SHARE }),
    harms: 'lost',
    share: 0.3,
  },
  'tries suspects beside others': {
    plant: () => ({ seenBy: claimsSuspects((lostTries) => lostTries), lethalShare: LETHAL_SHARE }),
    harms: 'blamed',
    share: 0.1,
  },
}
