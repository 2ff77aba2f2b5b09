import type { Cell } from '../../report/card.ts'
import { type Content, type Markup, markup } from '../markup.ts'

/** Wide tables scroll by themselves; the page does not. */
export function table(head: readonly string[], rows: readonly (readonly (Cell | Markup)[])[]): Markup {
  const names = head.map((name) => markup`<th>${name}</th>`)
  const lines = rows.map((row) => markup`<tr>${row.map((cell) => markup`<td>${cell}</td>`)}</tr>`)
  return markup`<div class="scroll"><table><thead><tr>${names}</tr></thead><tbody>${lines}</tbody></table></div>`
}

export function section(title: string, ...content: readonly Content[]): Markup {
  return markup`<section><h2>${title}</h2>${content}</section>\n`
}
