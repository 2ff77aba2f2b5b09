import { grouped } from '../../../core/base/words.ts'
import type { Cell } from '../../report/card.ts'
import { type Content, type Markup, markup } from '../markup.ts'

/** A figure with its unit, or a count: it stands at the right edge of its cell. */
const FIGURE = /^[−+]?[\d.,]+([ \u00a0]?(ms|s|µs|%|\/s|KiB|MiB|GiB|bytes))?$/

/** A figure and its unit stay in one line. */
export const bound = (text: string) =>
  text.replaceAll(/(?<=\d) (?=(?:ms|s|a second|cores|bytes|KiB|MiB|GiB)\b)/g, '\u00a0')

type TableLine = readonly (Cell | Markup)[]

/** Wide tables scroll by themselves, by keyboard too; the page does not. */
export function table(head: readonly string[], rows: readonly TableLine[]): Markup {
  const isRight = (at: number) =>
    rows.some((row) => isFigure(row[at])) && rows.every((row) => isFigure(row[at]) || !row[at] || row[at] === '–')
  const right = Array.from({ length: Math.max(0, head.length, ...rows.map((row) => row.length)) }, (_, at) =>
    isRight(at),
  )
  // A head without any name says nothing, and a name that is empty heads nothing.
  const names = head.map((name, at) => {
    if (name === '') return markup`<td></td>`
    return right[at] ? markup`<th scope="col" class="figure">${name}</th>` : markup`<th scope="col">${name}</th>`
  })
  const top = head.some((name) => name !== '') && markup`<thead><tr>${names}</tr></thead>`
  const lines = rows.map((row) => markup`<tr>${row.map((value, at) => cell(value, right[at] ?? false))}</tr>`)
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${head.find((name) => name !== '') ?? 'table'}"><table>${top}<tbody>${lines}</tbody></table></div>`
}

/** A path or an address: paper has no room for it in one line, as it has for a word. */
const LONG = /\S{25}/

function cell(value: Cell | Markup, right: boolean): Markup {
  const text = typeof value === 'number' ? grouped(value) : value
  if (typeof text === 'string' && LONG.test(text)) return markup`<td class="long">${text}</td>`
  return right ? markup`<td class="figure">${text}</td>` : markup`<td>${text}</td>`
}

const isFigure = (value: Cell | Markup | undefined) =>
  typeof value === 'number' || (typeof value === 'string' && FIGURE.test(value))

export function section(title: string, ...content: readonly Content[]): Markup {
  return markup`<section id="${anchor(title)}"><h2>${title}</h2>${content}</section>\n`
}

/** The id of the section with this title. */
export function anchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}
