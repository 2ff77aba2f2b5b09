import { describe, expect, it } from 'vitest'
import { bytes, interval, inWords, ms, percent, perS, seconds } from '../../../src/core/base/words.ts'

describe('quantities in words', () => {
  it.each([
    [ms(0.5), '0.50 ms'],
    [ms(-12.4), '-12 ms'],
    [ms(12.4), '12 ms'],
    [ms(4_510), '4,510 ms'],
    [ms(12_345), '12.3 s'],
    [seconds(800), '0.8 s'],
    [percent(0.9953), '99.5%'],
    [percent(0), '0.0%'],
    [percent(0.000_031), '0.0031%'],
    [perS(149.6), '150/s'],
    [bytes(898), '898 bytes'],
    [bytes(12.7 * 1_024), '12.7 KiB'],
    [bytes(2 ** 20), '1.00 MiB'],
    [bytes(40 * 2 ** 20), '40 MiB'],
    [bytes(-53 * 2 ** 20), '-53 MiB'],
    [bytes(24 * 2 ** 30), '24 GiB'],
    [interval({ ms: 17, lowMs: 14, highMs: 23 }), '17 ms (14 ms … 23 ms)'],
  ])('%s', (is, wanted) => {
    expect(is).toBe(wanted)
  })

  it('have the words for each kind of value', () => {
    expect(inWords({ value: 0, unit: 'count' })).toBe('0')
    expect(inWords({ value: 0.8, unit: 'share' })).toBe('80.0%')
    expect(inWords({ value: 9, unit: 'ms', low: 8, high: 11 })).toBe('9.00 ms (8.00 ms … 11 ms)')
    expect(inWords({ count: 3, of: 5 })).toBe('3 of 5')
    expect(inWords('too-few-episodes')).toBe('too few episodes')
    expect(inWords(undefined)).toBe('not measured')
  })
})
