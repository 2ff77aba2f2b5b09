import { type Comparison, comparisonSchema } from '../../compare/comparison-schema.ts'
import { writeCompared } from './files.ts'
import { comparisonHtml } from './html.ts'
import { comparisonJunit } from './junit.ts'
import { comparisonMarkdown } from './text.ts'

/** Writes every rendering of a comparison into its folder. */
export function renderComparison(comparison: Comparison, folder: string): void {
  writeCompared(folder, 'compare', comparisonSchema.parse(comparison), {
    html: comparisonHtml,
    markdown: comparisonMarkdown,
    junit: comparisonJunit,
  })
}
