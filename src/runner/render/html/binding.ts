import { percent } from '../../../core/base/words.ts'
import type { Binding } from '../../search/binding/binding-schema.ts'
import type { Ceiling } from '../../search/ceiling-schema.ts'
import { type Markup, markup } from '../markup.ts'
import { bindingWords, littleWords, partWords, resourceTable, usageTable } from '../words/binding.ts'
import { section, table } from './table.ts'

/** What binds, as far as it was asked, and what each process was busy with. */
export function bindingSections(ceiling: Ceiling): Markup {
  const { binding } = ceiling
  const usage = usageTable(ceiling)
  return markup`${binding && asked(binding)}${usage && section('Near the ceiling', table(usage.head, usage.rows))}`
}

function asked(binding: Binding): Markup {
  const { head, rows } = resourceTable(binding)
  return section(
    'What binds',
    bindingWords(binding).map((line) => markup`<p>${line}</p>`),
    binding.stages && sharesBar(binding.stages),
    table(head, rows),
    markup`<p>${littleWords(binding)}</p>`,
  )
}

const COLOURS = ['var(--a)', 'var(--c)', 'var(--d)', 'var(--f)', 'var(--b)', 'var(--e)', 'var(--soft)']

/** One bar of the thread's time for an event, and a table with intervals. */
function sharesBar({ parts, rest }: NonNullable<Binding['stages']>): Markup {
  const all = [
    ...parts.map(({ part, share, low, high }) => ({ name: partWords(part), share, low, high })),
    { name: 'the rest', ...rest },
  ]
  const shown = all.map((one, at) => ({
    ...one,
    colour: at < parts.length ? COLOURS[at % COLOURS.length]! : 'var(--line)',
  }))
  const width = (share: number) => Math.max(0, Math.min(100, share * 100)).toFixed(1)
  const pieces = shown.map(({ name, share, colour }) => {
    return markup`<span style="width:${width(share)}%;background:${colour}" title="${name} ${percent(Math.max(0, share))}"></span>`
  })
  const rows = shown.map(({ name, share, low, high, colour }) => {
    const key = markup`<b class="swatch" style="background:${colour}"></b> ${name}`
    return [key, percent(share), `${percent(low)} … ${percent(high)}`]
  })
  return markup`<div class="time-parts" role="img" aria-label="What the thread's time for an event goes into">${pieces}</div>${table(['its time for an event', 'share', '90%'], rows)}`
}
