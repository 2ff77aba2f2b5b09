import { printable } from '../../core/base/one-line.ts'

/** A piece of a page or of an XML file, in which all that came from outside is escaped. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Nothing is written for null, undefined and false, so that `condition && markup` works. */
export type Content = string | number | Markup | null | undefined | false | readonly Content[]

/** A template that escapes every value but other markup. */
export function markup(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...values.map(written)))
}

/** Text that is part of this program, such as the page's own script: goes in as it is. */
export const trusted = (text: string) => new Markup(text)

function written(value: Content): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Markup) return value.text
  if (typeof value === 'object') return value.map(written).join('')
  // XML allows no control characters, and a page of HTML shows none.
  return printable(String(value), /[^\P{C}\n\t]|[\u2028\u2029]/gu).replace(
    /[&<>"']/g,
    (found) => `&#${found.charCodeAt(0)};`,
  )
}
