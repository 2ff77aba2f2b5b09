import type { Block, CardWords } from '../../report/card.ts'
import { type Markup, markup } from '../markup.ts'
import { section, table } from './table.ts'

/** Sentences that a reader must see first. */
export function leads(cards: readonly CardWords[]): Markup[] {
  return cards.flatMap(({ lead }) => {
    return lead ? [markup`<section class="lead ${lead.tone}"><p>${lead.text}</p></section>\n`] : []
  })
}

/** The cards that have a section of their own. */
export function cardSections(cards: readonly CardWords[]): Markup[] {
  return cards.flatMap(({ title, blocks }) => (title === undefined ? [] : [section(title, blocks.map(written))]))
}

/** The others, for the section of the accounting. */
export function accountingBlocks(cards: readonly CardWords[]): Markup[] {
  return cards.flatMap(({ title, blocks }) => (title === undefined ? blocks.map(written) : []))
}

function written(block: Block): Markup {
  if ('heading' in block) return markup`<h3>${block.heading}</h3>`
  if ('paragraph' in block) return markup`<p>${block.paragraph}</p>`
  return table(block.head, block.rows)
}
