import { existsSync } from 'node:fs'

/** Where a Chromium is: the one that CHROMIUM names, or the system's. */
export function chromiumPath(): string | undefined {
  const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  return places.find((path) => path !== undefined && existsSync(path))
}
