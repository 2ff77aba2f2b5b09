import type { Config } from './settings.ts'

export type { Config }

/** For floodmark.config.ts: gives types and completion. */
export function defineConfig(config: Config): Config {
  return config
}
