import { z } from 'zod'
import { textAt } from '../../core/base/json-body.ts'
import type { SourceSchemas } from '../../core/processing/schemas.ts'

/**
 * Schemas as a consumer writes them: the envelope whole, so that a new field shows; of what lies in it the fields that the work
 * needs. They fit the providers' samples.
 */

const text = z.string()
const amount = z.int().nonnegative()
const seconds = z.int()
const anything = z.unknown()

/** Senders that number no versions are taken to send the first one. */
const versionOr1 = (body: unknown) => textAt(body, 'version') ?? '1'

function stripe(object: z.ZodRawShape) {
  const common = { id: text, customer: text, currency: text, status: text }
  const data = z.strictObject({ object: z.looseObject({ ...common, ...object }) })
  const envelope = { id: text, object: text, api_version: text, created: seconds, livemode: z.boolean(), type: text }
  return { '2026-08-27.basil': z.strictObject({ ...envelope, data, pending_webhooks: z.int(), request: anything }) }
}

const payment = z.object({ entity: z.looseObject({ id: text, amount, currency: text, order_id: text, status: text }) })
const order = z.object({ entity: z.looseObject({ id: text, amount_paid: amount, currency: text, status: text }) })

function razorpay(payload: z.ZodRawShape) {
  const contains = z.array(text)
  const envelope = { entity: text, account_id: text, event: text, contains, created_at: seconds }
  return { 1: z.strictObject({ ...envelope, payload: z.object(payload) }) }
}

const shopOrder = {
  1: z.strictObject({
    id: text,
    type: text,
    key: text,
    createdAt: seconds,
    data: z.looseObject({
      account: z.looseObject({ id: text }),
      order: z.strictObject({ number: z.int(), amount, status: text, note: text }),
      lines: z.array(z.looseObject({ sku: text, quantity: z.int(), unitAmount: amount })),
    }),
  }),
}

function github(own: z.ZodRawShape) {
  const repository = z.looseObject({ full_name: text, default_branch: text, visibility: text })
  const from = { repository, organization: anything, sender: z.looseObject({ login: text }), hook_delivery: text }
  return { 1: z.strictObject({ ...from, ...own }) }
}

const flag = z.boolean()
const push = {
  ...{ ref: text, before: text, after: text, pusher: anything, compare: text, base_ref: anything },
  ...{ created: flag, deleted: flag, forced: flag, commits: z.array(anything), head_commit: anything },
}

const SOURCES: Readonly<Record<string, Omit<SourceSchemas, 'mode'>>> = {
  stripe: {
    version: ['api_version'],
    types: {
      'payment_intent.succeeded': stripe({ amount_received: amount }),
      'charge.succeeded': stripe({ amount_captured: amount }),
      'invoice.paid': stripe({ amount_paid: amount }),
    },
  },
  razorpay: {
    version: versionOr1,
    types: { 'payment.captured': razorpay({ payment }), 'order.paid': razorpay({ payment, order }) },
  },
  generic: {
    version: versionOr1,
    types: { 'order.created': shopOrder, 'order.updated': shopOrder, 'order.paid': shopOrder },
  },
  github: {
    version: versionOr1,
    types: {
      push: github(push),
      star: github({ action: text, starred_at: text }),
      issues: github({ action: text, issue: anything }),
      pull_request: github({ action: text, number: z.int(), pull_request: anything }),
    },
  },
}

/** The schemas of a run: those of the named providers strict, the others permissive. */
export function schemasFor(strict: readonly string[]): Record<string, SourceSchemas> {
  const entries = Object.entries(SOURCES).map(([name, source]): [string, SourceSchemas] => {
    return [name, { ...source, mode: strict.includes(name) ? 'strict' : 'permissive' }]
  })
  return Object.fromEntries(entries)
}
