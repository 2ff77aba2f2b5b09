import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Content, type Markup, markup, trusted } from '../markup.ts'

/** A file of ours, in render/page. */
export const own = (name: string) => trusted(readFileSync(new URL(`../page/${name}`, import.meta.url), 'utf8'))
/** A file of a library. */
export const library = (url: string) => trusted(readFileSync(fileURLToPath(import.meta.resolve(url)), 'utf8'))

interface Page {
  readonly title: string
  /** Before our own. */
  readonly styles?: Markup
  readonly content: Content
  readonly scripts?: Content
}

/** One self-contained page: no request leaves it. */
export function page({ title, styles, content, scripts }: Page): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title} · floodmark</title>
<style>${styles}${own('page.css')}${own('first-screen.css')}</style>
</head>
<body>
<main>
${content}</main>
${scripts}</body>
</html>
`.text
}
