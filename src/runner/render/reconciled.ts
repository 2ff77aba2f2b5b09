import { ms } from '../../core/base/words.ts'
import type { Report } from '../report/report-schema.ts'

/** What a person wants to know of events whose webhook was never sent. */
export function reconciledLines({ reconciled }: Report): string[] {
  if (!reconciled) return []
  const { found, neverFound, toEffect, requests, unavailable, listed } = reconciled
  const times = [
    ...(toEffect.p50 ? [`p50 ${ms(toEffect.p50.ms)}`] : []),
    ...(toEffect.p99 ? [`p99 ${ms(toEffect.p99.ms)}`] : []),
    ...(toEffect.maxMs === undefined ? [] : [`max ${ms(toEffect.maxMs)}`]),
  ]
  return [
    `lost by the sender: ${found + neverFound}, found in the provider's list: ${found}; from creation to effect ${times.join(', ') || 'nothing to say'}`,
    `the list was read ${requests} times (${unavailable} answered with 503), ${listed} events on its pages`,
  ]
}
