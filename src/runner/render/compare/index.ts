import { oneLined } from '../../../core/base/one-line.ts'
import { type Comparison, comparisonSchema } from '../../compare/comparison-schema.ts'
import { writeWhole } from '../write-whole.ts'
import { comparisonHtml } from './html.ts'
import { comparisonJunit } from './junit.ts'
import { comparisonMarkdown } from './text.ts'

/** Writes every rendering of a comparison into its folder. */
export function renderComparison(comparison: Comparison, folder: string): void {
  const checked = oneLined(comparisonSchema.parse(comparison))
  writeWhole(folder, {
    'compare.json': `${JSON.stringify(checked, null, 1)}\n`,
    'compare.html': comparisonHtml(checked),
    'compare.md': comparisonMarkdown(checked),
    'junit.xml': comparisonJunit(checked),
  })
}
