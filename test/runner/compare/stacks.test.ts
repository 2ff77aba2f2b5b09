import { describe, expect, it } from 'vitest'
import { orderOf, stacksOf, variedOf } from '../../../src/runner/compare/stacks.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'

const { settings } = settingsOf('steady', { seed: 7 })

describe('the stacks of a comparison', () => {
  it('are all combinations, each with a name of its own', () => {
    const stacks = stacksOf(settings, [
      variedOf('queue=embedded,kafka'),
      variedOf('receiver=raw-http,fastify'),
      variedOf('in-flight-max=100,1k'),
    ])
    expect(stacks).toHaveLength(8)
    expect(new Set(stacks.map(({ name }) => name)).size).toBe(8)
    expect(stacks.at(-1)).toMatchObject({
      name: 'fastify → kafka → lmdb, in-flight-max 1000',
      settings: { receiver: 'fastify', queue: 'kafka', inFlightMax: 1_000, seed: 7 },
    })
  })

  it.each([
    ['fsync', "--vary 'fsync' is not name=a,b"],
    ['seed=1,2', "--vary 'seed=1,2' is not name=a,b"],
    ['fsync=always,', "--vary fsync 'always,' has an empty name"],
    ['fsync=always,always', 'has always twice'],
  ])('are refused in a line: %s', (text, told) => {
    expect(() => variedOf(text)).toThrow(told)
  })

  it('may be servers of others, named by their addresses', () => {
    const stacks = stacksOf(settings, [
      variedOf('target=http://a/{provider},http://b/x?token=one'),
      variedOf('senders=1,2'),
    ])
    expect(stacks.map(({ name }) => name)).toEqual([
      'http://a/{provider}, senders 1',
      'http://a/{provider}, senders 2',
      ...[1, 2].map((senders) => expect.stringMatching(RegExp(`^http://b/x\\?token=.*, senders ${senders}$`))),
    ])
    expect(stacks.map(({ name }) => name).join()).not.toContain('one')
  })

  it('are refused where only a secret tells two of them apart: nobody would know which is which', () => {
    const varied = [variedOf('target=http://b/x?token=one,http://b/x?token=two')]
    expect(() => stacksOf(settings, varied)).toThrow(
      /^two of the compared are http:\/\/b\/x\?token=.*what differs is a secret/,
    )
  })

  it('have values that their settings take', () => {
    expect(() => stacksOf(settings, [variedOf('processes=1,many')])).toThrow("--processes 'many' is not a whole number")
  })
})

describe('the order of a round', () => {
  it('has each stack once, and over a few rounds each at every place about as often', () => {
    const stacks = ['a', 'b', 'c']
    const rounds = Array.from({ length: 6 }, (_, round) => orderOf(stacks, round))
    for (const round of rounds) expect(round.toSorted()).toEqual(stacks)
    for (const place of [0, 1, 2]) {
      for (const stack of stacks) expect(rounds.filter((round) => round[place] === stack)).toHaveLength(2)
    }
  })
})
