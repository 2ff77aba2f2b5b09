import type { MeasuredStack } from './stack.ts'

export interface InitPlan extends MeasuredStack {
  readonly providers: readonly string[]
  readonly host: string
  readonly port: number
  /** Those of queue and ledger that need the address of a server. */
  readonly needsUrl: { readonly queue: boolean; readonly ledger: boolean }
}

/** The environment variable that a route's secret is taken from. */
export function secretName(provider: string): string {
  const last = provider
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.[cm]?[jt]s$/, '')
  return `${last.replaceAll(/[^a-zA-Z0-9]+/g, '_').toUpperCase()}_WEBHOOK_SECRET`
}

/** Every environment variable that the config reads. */
export function variablesOf({ providers, needsUrl }: InitPlan): string[] {
  return [
    ...providers.map(secretName),
    ...(needsUrl.queue ? ['QUEUE_URL'] : []),
    ...(needsUrl.ledger ? ['LEDGER_URL'] : []),
  ]
}

/** floodmark.config.ts. */
export function configText(plan: InitPlan): string {
  const { receiver, queue, ledger, inFlightMax, publishDeadlineMs, processes, ceilingPerS, needsUrl, host, port } = plan
  const store = (use: string, needs: boolean, env: string) =>
    needs ? `{ use: ${quote(use)}, url: { env: '${env}' } }` : quote(use)
  const measured = [
    inFlightMax !== undefined && `  inFlightMax: ${inFlightMax},\n`,
    publishDeadlineMs !== undefined && `  publishDeadline: '${publishDeadlineMs}ms',\n`,
    processes !== undefined && processes > 1 && `  processes: ${processes},\n`,
    ceilingPerS !== undefined && `  ceilingPerS: ${ceilingPerS},\n`,
  ].filter((line) => line !== false)
  return `import { defineConfig } from 'floodmark'

export default defineConfig({
  routes: {
${plan.providers.map(routeText).join('\n')}
  },
  handlers: './handlers.ts',
  receiver: ${quote(receiver)},
  queue: ${store(queue, needsUrl.queue, 'QUEUE_URL')},
  ledger: ${store(ledger, needsUrl.ledger, 'LEDGER_URL')},
${measured.join('')}  listen: { host: ${quote(host)}, port: ${port} },
})
`
}

function routeText(provider: string): string {
  const path = provider
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.[cm]?[jt]s$/, '')
  return `    '/webhooks/${path}': { provider: ${quote(provider)}, secrets: { env: '${secretName(provider)}' } },`
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** handlers.ts. */
export const HANDLERS_TEXT = `import type { Tx, WebhookEvent } from 'floodmark'

/** The work for each event. It may run again after a crash: what tx writes is kept once, however often that is. */
export default function handle(event: WebhookEvent, tx: Tx): void {
  tx.append(\`events/\${event.source}\`, event.body)
}
`
