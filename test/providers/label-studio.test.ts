import { expect, it } from 'vitest'
import labelStudio from '../../providers/label-studio.ts'
import { incoming, providerContract } from '../contract/provider.ts'
import { expectSizes } from './sizes.ts'

// The body is not signed: nothing made of it can be refused.
providerContract(labelStudio, { signature: 'x-floodmark-token', digest: /.+/, forge: () => [] })

it('label-studio: an event without a time of change is known by its bytes', () => {
  const identify = (text: string) => labelStudio.identify(incoming({}, Buffer.from(text)))
  const one = identify('{"action":"TASKS_DELETED","tasks":[{"id":1}],"project":{"id":7}}')
  expect(one).toMatchObject({ key: '7', type: 'TASKS_DELETED' })
  expect(identify('{"action":"TASKS_DELETED","tasks":[{"id":2}],"project":{"id":7}}').id).not.toBe(one.id)
})

it('label-studio sends annotations of 2 kB', () => expectSizes(labelStudio, { ANNOTATION_CREATED: [1_800, 2_600] }))
