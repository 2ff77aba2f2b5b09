/** One line on the standard error, with its time. Whoever runs the service collects them. */
export function say(line: string): void {
  process.stderr.write(`${new Date().toISOString()} floodmark: ${line.replaceAll(/\s*[\r\n]+\s*/g, ' ')}\n`)
}
