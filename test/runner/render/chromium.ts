import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** ms. A browser starts slowly on a busy machine. */
const START_MS = 120_000

/** Where a Chromium is: the one that CHROMIUM names, or the system's. */
export function chromiumPath(): string | undefined {
  const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  return places.find((path) => path !== undefined && existsSync(path))
}

/** In containers and for root, Chromium starts only without its sandbox. */
export function launchChromium(executablePath: string, ...args: readonly string[]): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...args], timeout: START_MS })
}
