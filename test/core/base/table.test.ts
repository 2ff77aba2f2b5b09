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
