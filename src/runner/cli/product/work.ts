import type { Command } from 'commander'
import { defineService } from './run-service.ts'

/** The command `work`: processors. */
export function define(command: Command): void {
  const processes = 'processor processes (default: processes of the config, or 1)'
  defineService(command, 'processor', '  npm run work\n  npm run work -- --processes 2', processes)
}
