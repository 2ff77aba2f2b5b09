import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

const OPENERS: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

/** Shows a page, by its path or address, in the person's browser, where there is one; says what to open where there is none. */
export function openPage(page: string): void {
  const path = /^https?:/.test(page) ? page : resolve(page)
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open']
  const opener = spawn(command, [...args, path], { stdio: 'ignore', detached: true })
  opener.once('error', () => process.stderr.write(`floodmark: there is no ${command} here: open ${path}\n`))
  opener.unref()
}
