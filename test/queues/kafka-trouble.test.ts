import { expect, it } from 'vitest'
import { isLasting } from '../../queues/kafka/cluster.ts'
import { LASTING, reasonOf } from '../../queues/kafka-shared/trouble.ts'
import { lastingTrouble } from '../../queues/kafkajs/cluster.ts'

const errorOf = (name: string) => Object.assign(new Error(`the broker says ${name}`), { apiId: name, type: name })

it('what a client only calls failed is told by what the broker said', () => {
  const inner = errorOf('NOT_ENOUGH_REPLICAS')
  const wrapped = new AggregateError([new AggregateError([inner], 'Sending failed.')], 'Producing messages failed.')
  expect(reasonOf(wrapped)).toBe('the broker says NOT_ENOUGH_REPLICAS')
  expect(reasonOf(new Error('Sending failed.', { cause: inner }))).toBe(
    'Sending failed: the broker says NOT_ENOUGH_REPLICAS',
  )
})

it.each(LASTING)('%s is told by both drivers as what somebody has to mend, however deep it lies', (name) => {
  const wrapped = new AggregateError([errorOf(name)], 'Joining failed.')
  expect(isLasting(wrapped)).toBe(true)
  expect(lastingTrouble(wrapped)).toMatchObject({ code: 'unavailable' })
})

it.each(['REBALANCE_IN_PROGRESS', 'NOT_LEADER_OR_FOLLOWER'])('%s passes by itself, and is nothing to mend', (name) => {
  expect(isLasting(errorOf(name))).toBe(false)
  expect(lastingTrouble(errorOf(name))).toBeUndefined()
})
