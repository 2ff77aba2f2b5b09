import type { Command } from 'commander'
import { defineService } from './run-service.ts'

/** The command `serve`: receivers. */
export function define(command: Command): void {
  const processes = 'receiver processes, which share the port (default: processes of the config, or one a core)'
  defineService(command, 'receiver', '  npm run serve\n  npm run serve -- --processes 4', processes)
}
