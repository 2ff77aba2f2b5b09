import { describe, expect, it } from 'vitest'
import { FIGURES, markdownTable, textTable } from '../../../src/core/base/table.ts'

const head = ['queue', 'events/s']
const rows = [
  ['kafka', '9'],
  ['embedded', '12,000'],
]

describe('a table of text', () => {
  it('has columns of equal width, and figures at their right edge', () => {
    expect(textTable(rows, { head, right: FIGURES })).toEqual([
      'queue     events/s',
      '--------  --------',
      'kafka            9',
      'embedded    12,000',
    ])
  })

  it('has no head without one, and no blanks at the end of a line', () => {
    expect(textTable([...rows, ['', '']])).toEqual(['kafka     9', 'embedded  12,000', ''])
    expect(textTable([])).toEqual([])
  })
})

describe('a table that is wider than its place', () => {
  const wide = ['queue', 'events/s', 'p99', 'cost']
  const cells = [
    ['kafka', '9', '1 ms', '3'],
    ['embedded', '12,000', '200 ms', '12'],
  ]

  it('goes on below, beside its first column', () => {
    expect(textTable(cells, { head: wide, right: FIGURES, columns: 27 })).toEqual([
      'queue     events/s     p99',
      '--------  --------  ------',
      'kafka            9    1 ms',
      'embedded    12,000  200 ms',
      '',
      'queue     cost',
      '--------  ----',
      'kafka        3',
      'embedded    12',
    ])
  })

  it('has every column once, however narrow the place', () => {
    for (const columns of [1, 10, 20, 40]) {
      const lines = textTable(cells, { head: wide, columns }).join(' ')
      for (const name of wide.slice(1)) expect(lines.split(name)).toHaveLength(2)
    }
  })
})

describe('a table of Markdown', () => {
  it('says which columns are figures', () => {
    expect(markdownTable(head, rows, FIGURES)).toEqual([
      '| queue    | events/s |',
      '| -------- | -------: |',
      '| kafka    |        9 |',
      '| embedded |   12,000 |',
    ])
  })

  it('keeps every cell in its place', () => {
    expect(markdownTable(['a'], [['x|y\\\nz']])).toEqual(['| a        |', '| -------- |', '| x\\|y\\\\ z |'])
  })
})
