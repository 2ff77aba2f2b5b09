import { expect, it } from 'vitest'
import { diskCounts, parseDisks } from '../../../src/runner/machine/disks.ts'

const TEXT = `   7       0 loop0 982 0 37820 225 553 478 2876 46 0 248 304 0 0 0 0 375 31
 254       0 vda 2612152 246376 68993282 3400358 35374375 3227213 1000 6870485 0 2090428 11479165 2181424 22189 551135256 244258 40 964062
   8       0 sda 1 0 1 1 1 1 24 1 0 1 1
`

it('sums what disks wrote, and their flushes where the kernel counts them', () => {
  expect(parseDisks(TEXT, ['vda'])).toEqual({ writtenBytes: 512_000, flushes: 40 })
  expect(parseDisks(TEXT, ['vda', 'sda'])).toEqual({ writtenBytes: 512 * 1_024, flushes: null })
  expect(parseDisks(TEXT, ['nvme0n1'])).toBeUndefined()
  expect(parseDisks('', ['vda'])).toBeUndefined()
})

it('reads those of this machine, or says that nobody tells', () => {
  const counts = diskCounts()
  if (counts) expect(counts.writtenBytes).toBeGreaterThan(0)
})
