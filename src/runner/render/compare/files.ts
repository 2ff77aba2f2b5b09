import { oneLined } from '../../../core/base/one-line.ts'
import { writeWhole } from '../write-whole.ts'

interface Renderings<T> {
  html(of: T): string
  markdown(of: T): string
  junit(of: T): string
}

/** Writes every rendering of a comparison into its folder. Nothing in a string of it can control what shows it. */
export function writeCompared<T>(folder: string, name: 'compare' | 'changes', compared: T, of: Renderings<T>): void {
  const safe = oneLined(compared)
  writeWhole(folder, {
    [`${name}.json`]: `${JSON.stringify(safe, null, 1)}\n`,
    [`${name}.html`]: of.html(safe),
    [`${name}.md`]: of.markdown(safe),
    'junit.xml': of.junit(safe),
  })
}
